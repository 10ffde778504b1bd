// Loaded before the program (NODE_OPTIONS=--require): whoever opens a connection or looks up a name is written down and stopped.
const { appendFileSync } = require("node:fs");
const process = require("node:process");

const forbid = (what) => () => {
  appendFileSync(process.env.NETWORK_LOG, `${what}\n`);
  throw new Error(`no network: ${what}`);
};

require("node:net").Socket.prototype.connect = forbid("connect");
require("node:net").Server.prototype.listen = forbid("listen");
require("node:dgram").createSocket = forbid("dgram");
for (const dns of [require("node:dns"), require("node:dns").promises]) dns.lookup = forbid("lookup");

/** Through which proxy an address is asked: from the environment, as curl reads it. */
import { BlockList, isIP } from "node:net";
import { MedGemmaError } from "../../errors.js";

export interface Proxy {
  readonly url: URL;
  /** The variable that names it, for messages. */
  readonly variable: string;
}

/** In the order in which they are asked; lower case first. */
const variables: Readonly<Record<string, readonly string[]>> = {
  "http:": ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
  "https:": ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
};

/** This machine itself needs no proxy. */
const alwaysDirect = "localhost,.localhost,127.0.0.0/8,::1";

/**
 * @returns null: it is asked directly
 * @throws MedGemmaError INVALID_ARGUMENT for a variable that names no proxy we can use
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): Proxy | null {
  const noProxy = [env.no_proxy, env.NO_PROXY].find((value) => (value ?? "") !== "") ?? "";
  if (isListed(url, alwaysDirect) || isListed(url, noProxy)) return null;
  const variable = variables[url.protocol]?.find((name) => (env[name]?.trim() ?? "") !== "");
  return variable === undefined ? null : { url: parse(env[variable]?.trim() ?? "", variable), variable };
}

/** `host:port`, as Windows stores it, is a proxy of HTTP. */
function parse(text: string, variable: string): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  // The value may hold a password.
  if (!URL.canParse(address)) throw new MedGemmaError("INVALID_ARGUMENT", `${variable} is not the address of a proxy. Expected http://HOST:PORT, or unset it.`);
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new MedGemmaError("INVALID_ARGUMENT", `${variable} names a proxy of the kind ${url.protocol.replace(/:$/, "")}; only http and https are supported. Set it to http://HOST:PORT, or unset it.`);
  }
  return url;
}

/** Names, also of whole domains; addresses, also of whole networks; each with a port or without; `*` is everything. */
function isListed(url: URL, list: string): boolean {
  const host = plainHost(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "") return false;
    if (entry === "*") return true;
    const [, bracketed, named, entryPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
    const name = plainHost(bracketed ?? named ?? entry);
    if (entryPort !== undefined && entryPort !== port) return false;
    if (name.includes("/")) return isInNetwork(host, name);
    const domain = name.replace(/^\*?\./, "");
    if (isIP(domain) !== 0) return host === domain;
    return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
  });
}

/** Lower case, an address of IPv6 in its shortest spelling and without brackets, no dot of the root behind a name. */
function plainHost(host: string): string {
  const bare = host.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase();
  return isIP(bare) === 6 ? new URL(`http://[${bare}]`).hostname.slice(1, -1) : bare;
}

/** "10.0.0.0/8", "fd00::/8" */
function isInNetwork(host: string, network: string): boolean {
  const [address = "", bits = ""] = network.split("/");
  const family = isIP(address);
  if (family === 0 || family !== isIP(host) || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const hosts = new BlockList();
  hosts.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return hosts.check(host, family === 4 ? "ipv4" : "ipv6");
}

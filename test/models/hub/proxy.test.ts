import { describe, expect, it } from "vitest";
import { proxyFor } from "../../../src/models/hub/proxy.js";

/** The expected values are those of curl 7.88 (`curl -v` shows which host it connects to), and of Go's httpproxy for networks and ports. */
const through = (url: string, env: NodeJS.ProcessEnv) => {
  const proxy = proxyFor(new URL(url), env);
  return proxy === null ? null : `${proxy.variable} ${proxy.url.origin}`;
};
const hub = "https://huggingface.co/api";

describe("proxyFor", () => {
  it.each([
    [{ HTTPS_PROXY: "proxy:3128" }, "HTTPS_PROXY http://proxy:3128"],
    [{ HTTPS_PROXY: " 10.0.0.1:8080 " }, "HTTPS_PROXY http://10.0.0.1:8080"],
    [{ HTTPS_PROXY: "user:secret@proxy:3128" }, "HTTPS_PROXY http://proxy:3128"],
    [{ HTTPS_PROXY: "[fd00::1]:3128" }, "HTTPS_PROXY http://[fd00::1]:3128"],
    [{ HTTPS_PROXY: "https://proxy" }, "HTTPS_PROXY https://proxy"],
    [{ https_proxy: "http://lower", HTTPS_PROXY: "http://upper" }, "https_proxy http://lower"],
    [{ https_proxy: "", HTTPS_PROXY: "http://upper" }, "HTTPS_PROXY http://upper"],
    [{ ALL_PROXY: "all:1" }, "ALL_PROXY http://all:1"],
    [{ all_proxy: "all:1", HTTPS_PROXY: "own:2" }, "HTTPS_PROXY http://own:2"],
    [{ HTTP_PROXY: "http://other" }, null],
    [{}, null]
  ])("of an address of https with %j", (env, proxy) => {
    expect(through(hub, env)).toBe(proxy);
  });

  it.each([
    ["*", hub],
    ["huggingface.co", hub],
    [".huggingface.co", "https://cdn.huggingface.co/x"],
    ["huggingface.co", "https://cdn.huggingface.co/x"],
    ["*.huggingface.co", "https://cdn.huggingface.co/x"],
    ["a.b, HUGGINGFACE.CO", hub],
    ["a.b huggingface.co.", hub],
    ["huggingface.co:443", hub],
    ["10.0.0.0/8", "https://10.1.2.3/x"],
    ["10.1.2.3", "https://10.1.2.3/x"],
    ["fd00::/8", "https://[fd12::1]/x"],
    ["fd12:0:0::1", "https://[fd12::1]/x"],
    ["[fd12::1]:8443", "https://[fd12::1]:8443/x"],
    ["", "https://localhost:8080/x"],
    ["", "https://127.0.0.2/x"],
    ["", "https://[::1]/x"]
  ])("is none with NO_PROXY=%s for %s", (noProxy, url) => {
    expect(through(url, { HTTPS_PROXY: "proxy:1", NO_PROXY: noProxy })).toBeNull();
  });

  it.each([
    ["face.co", hub],
    ["huggingface.co:80", hub],
    ["cdn.huggingface.co", hub],
    ["10.0.0.0/8", "https://11.1.2.3/x"],
    ["10.1.2", "https://10.1.2.3/x"],
    ["2.3", "https://10.1.2.3/x"],
    ["fd00::/8", "https://[fe80::1]/x"]
  ])("stays with NO_PROXY=%s for %s", (noProxy, url) => {
    expect(through(url, { HTTPS_PROXY: "proxy:1", NO_PROXY: noProxy })).not.toBeNull();
  });

  it.each(["http://[", "ht tp://x", "socks5://proxy:1080"])("names the variable, not its value, when %s is no proxy that can be used", (value) => {
    expect(() => proxyFor(new URL(hub), { HTTPS_PROXY: value })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(/^HTTPS_PROXY /) as string }) as Error);
  });
});

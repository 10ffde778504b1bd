/** Who may talk to the server: programs of this machine, pages of the server itself, and whoever has the token. */
import { createHash, timingSafeEqual } from "node:crypto";
import { HttpError } from "./http-error.js";

export interface AccessOptions {
  /** null: no token is needed. */
  readonly token: string | null;
  /** Names, without a port, under which the server may be called besides those of the loopback interface. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may call it, "https://notes.example": all others are refused. */
  readonly origins: readonly string[];
}

const loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

/**
 * A page that a browser shows can reach this machine: by a name of its own that it lets point here (so Host is checked), or from its
 * own origin (so Origin is). Both are refused, token or not.
 *
 * @throws HttpError 403
 */
export function checkCaller(request: Request, { hosts, origins }: AccessOptions): void {
  const host = request.headers.get("host") ?? new URL(request.url).host;
  const name = host.replace(/:\d+$/, "").toLowerCase();
  if (![...loopbackNames, ...hosts.map((one) => one.toLowerCase())].includes(name))
    throw new HttpError(
      403,
      "host_not_allowed",
      "The server was called by a name that is not its own. Call it by its address, or start it with that name among its hosts."
    );
  const origin = request.headers.get("origin");
  if (origin !== null && !isOwnOrigin(origin, host) && !origins.includes(origin))
    throw new HttpError(
      403,
      "origin_not_allowed",
      "Pages of this origin may not call the server. Start it with that origin among its origins."
    );
  if (origin === null && request.headers.get("sec-fetch-site") === "cross-site")
    throw new HttpError(403, "origin_not_allowed", "Pages of other sites may not call the server.");
}

function isOwnOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** @throws HttpError 401 */
export function checkToken(request: Request, { token }: AccessOptions): void {
  if (token === null) return;
  const given = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (given === undefined)
    throw unauthorized("The server needs a token: Authorization: Bearer TOKEN, which clients call the API key.");
  if (!isSame(given, token)) throw unauthorized("The token is not the one of this server.");
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, "invalid_api_key", message, { headers: { "www-authenticate": "Bearer" } });
}

/** In a time that tells nothing of the token. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

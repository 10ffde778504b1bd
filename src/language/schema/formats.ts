/** Formats of texts as regular expressions: what the model may write, each of which ajv-formats takes for a text of that format. */

const day =
  "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
const leapYear = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
const date = `(?:\\d{4}-${day}|${leapYear}-02-29)`;
const time = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:0\\d|1[0-3]):[0-5]\\d)";
const byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const label = "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?";
const host = `(?:${label}\\.){1,3}[a-z]{2,12}`;

/** Anchored: nothing may stand around. */
export const formatPatterns: Readonly<Record<string, string>> = {
  date: `^${date}$`,
  time: `^${time}$`,
  "date-time": `^${date}T${time}$`,
  duration: "^P(?:\\d{1,4}[YMWD]|\\d{1,4}Y\\d{1,2}M|T\\d{1,5}[HMS]|\\d{1,4}DT\\d{1,2}H|T\\d{1,2}H\\d{1,2}M)$",
  email: `^[a-zA-Z0-9_+-]{1,24}(?:\\.[a-zA-Z0-9_+-]{1,24})?@${host}$`,
  hostname: `^${host}$`,
  ipv4: `^(?:${byte}\\.){3}${byte}$`,
  uuid: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  uri: `^https?://${host}(?:/[a-zA-Z0-9_.~-]{1,64}){0,8}/?$`
};

/** Of whole numbers, as OpenAPI names them. */
export const formatRanges: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63]
};

/** Formats that ajv-formats checks, and that no grammar here writes. All others say nothing about the value. */
export const unwritableFormats: ReadonlySet<string> = new Set([
  ...["iso-time", "iso-date-time", "uri-reference", "uri-template", "url", "ipv6", "regex", "json-pointer"],
  ...["json-pointer-uri-fragment", "relative-json-pointer", "byte"]
]);

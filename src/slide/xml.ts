/** What slides say in XML: elements by name, each read when it is asked for. Enough for numbers and short codes, no more. */

export interface XmlElement {
  /** Between its tag and the one that closes it; "" without. */
  readonly inner: string;
  /** What stands in its tag behind the name. */
  readonly head: string;
}

/** No slide has more of a kind that matters; one for each tile may be many. */
const maxElements = 2 ** 18;

/**
 * Those of a name, with or without a prefix, in their order; those that lie in another of the same name are in its `inner`.
 * Broken XML gives fewer.
 */
export function elements(xml: string, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const opening = new RegExp(`<((?:[\\w.-]+:)?${name})(?=[\\s/>])`, "g");
  for (let match = opening.exec(xml); match !== null && found.length < maxElements; match = opening.exec(xml)) {
    const end = endOfTag(xml, opening.lastIndex);
    if (end === -1) break;
    const isEmpty = xml[end - 1] === "/";
    const head = xml.slice(opening.lastIndex, isEmpty ? end - 1 : end);
    if (isEmpty) {
      found.push({ head, inner: "" });
      opening.lastIndex = end + 1;
      continue;
    }
    const close = closingTag(xml, match[1] ?? name, end + 1);
    if (close === -1) break;
    found.push({ head, inner: xml.slice(end + 1, close) });
    opening.lastIndex = close;
  }
  return found;
}

/** "" counts as a value. */
export function attribute({ head }: XmlElement, name: string): string | null {
  const [, double, single] =
    new RegExp(`(?:^|\\s)(?:[\\w.-]+:)?${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(head) ?? [];
  const value = double ?? single;
  return value === undefined ? null : decodeEntities(value);
}

/** null where it is missing, or not a number. */
export function attributeNumber(element: XmlElement, name: string): number | null {
  return toNumber(attribute(element, name));
}

/** What stands in the first element of a name. */
export function textOf(xml: string, name: string): string | null {
  const [first] = elements(xml, name);
  return first === undefined ? null : decodeEntities(first.inner).trim();
}

export function toNumber(text: string | null): number | null {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

export function decodeEntities(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi,
    (all, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return named[name] ?? all;
      const code = decimal === undefined ? Number.parseInt(hex ?? "0", 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : all;
    }
  );
}

/** Values in quotes may hold the sign. */
function endOfTag(xml: string, from: number): number {
  const next = /[>"']/g;
  next.lastIndex = from;
  for (let match = next.exec(xml); match !== null; match = next.exec(xml)) {
    if (match[0] === ">") return match.index;
    const quote = xml.indexOf(match[0], match.index + 1);
    if (quote === -1) return -1;
    next.lastIndex = quote + 1;
  }
  return -1;
}

/** That of the element itself, behind those of elements of the same name inside of it. */
function closingTag(xml: string, name: string, from: number): number {
  const tag = new RegExp(`<(/?)${name.replaceAll(".", "\\.")}(?=[\\s/>])`, "g");
  tag.lastIndex = from;
  let depth = 1;
  for (let match = tag.exec(xml); match !== null; match = tag.exec(xml)) {
    if (match[1] === "/") depth -= 1;
    else if (xml[endOfTag(xml, tag.lastIndex) - 1] !== "/") depth += 1;
    if (depth === 0) return match.index;
  }
  return -1;
}

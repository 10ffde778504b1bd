/**
 * Numbers of a range as rules of GBNF, llama.cpp's grammar language: without exponents, as 5e-3 would pass for an integer and
 * 1e999 is not a number at all.
 */

/** Infinite ends: no bound. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
  /** The end itself does not count. */
  readonly withoutLeast: boolean;
  readonly withoutMost: boolean;
}

export const anyNumber: NumberRange = { least: -Infinity, most: Infinity, withoutLeast: false, withoutMost: false };

/** 15 digits: whatever is written so, JavaScript reads exactly. */
export const largestNumber = 10 ** 15 - 1;

const decimals = 15;

/** A bound without sign; `fraction` without zeros at its end. */
interface End {
  readonly whole: number;
  readonly fraction: string;
  readonly isOut: boolean;
}

/** Integers have whole bounds that count. */
export function integerRange({ least, most, withoutLeast, withoutMost }: NumberRange): NumberRange {
  return {
    least: withoutLeast ? Math.floor(least) + 1 : Math.ceil(least),
    most: withoutMost ? Math.ceil(most) - 1 : Math.floor(most),
    withoutLeast: false,
    withoutMost: false
  };
}

export function isEmptyRange({ least, most, withoutLeast, withoutMost }: NumberRange): boolean {
  return least > most || (least === most && (withoutLeast || withoutMost));
}

/** Whether the digits that are written here suffice for the bounds. */
export function canBeWritten({ least, most }: NumberRange): boolean {
  const isShort = (bound: number) =>
    Math.abs(bound) > largestNumber ||
    (/^-?\d+(\.\d{1,15})?$/.test(decimal(bound)) && Number(decimal(bound)) === bound);
  return least <= largestNumber && most >= -largestNumber && isShort(least) && isShort(most);
}

/** @param range Not empty, and one that can be written; whole for integers. @returns a GBNF expression, in parentheses */
export function numberRule(range: NumberRange, { isInteger }: { readonly isInteger: boolean }): string {
  const least = Math.max(range.least, -largestNumber);
  const most = Math.min(range.most, largestNumber);
  const parts: string[] = [];
  if (least < 0) {
    // No -0.
    const from = most < 0 ? endOf(-most, range.withoutMost) : endOf(0, true);
    const rule = magnitudes(from, endOf(-least, range.withoutLeast), isInteger);
    if (rule !== null) parts.push(`"-" ${rule}`);
  }
  if (most >= 0) {
    const rule = magnitudes(
      least >= 0 ? endOf(least, range.withoutLeast) : endOf(0, false),
      endOf(most, range.withoutMost),
      isInteger
    );
    if (rule !== null) parts.push(rule);
  }
  return `(${parts.join(" | ")})`;
}

function endOf(bound: number, isOut: boolean): End {
  const [whole = "0", fraction = ""] = decimal(bound).split(".");
  return { whole: Number(whole), fraction: fraction.replace(/0+$/, ""), isOut };
}

/** Without an exponent. */
function decimal(bound: number): string {
  const shortest = String(bound);
  return shortest.includes("e") ? bound.toFixed(decimals) : shortest;
}

/** Numbers without a sign; null: there are none. */
function magnitudes(from: End, to: End, isInteger: boolean): string | null {
  if (isInteger) {
    const first = from.whole + (from.isOut ? 1 : 0);
    return first > to.whole ? null : wholeNumbers(first, to.whole);
  }
  // So few digits that reading them back never rounds up to an end that does not count.
  const room = from.isOut || to.isOut ? Math.max(1, decimals - String(to.whole).length) : decimals;
  if (from.whole === to.whole) {
    const fraction = between(from, to, room);
    return fraction === null ? null : `("${from.whole}" ${fraction})`;
  }
  const parts: string[] = [];
  const startsWhole = from.fraction === "" && !from.isOut;
  if (!startsWhole) parts.push(`"${from.whole}" "." ${digitsFrom(from.fraction, from.isOut, room)}`);
  const first = startsWhole ? from.whole : from.whole + 1;
  const isOpen = to.whole === largestNumber;
  const last = isOpen ? to.whole : to.whole - 1;
  if (first <= last) parts.push(`${wholeNumbers(first, last)} ("." [0-9]{1,${room}})?`);
  if (!isOpen && to.fraction !== "") parts.push(`"${to.whole}" ("." ${digitsTo(to.fraction, to.isOut, room)})?`);
  else if (!isOpen && !to.isOut) parts.push(`"${to.whole}"`);
  return parts.length === 0 ? null : `(${parts.join(" | ")})`;
}

/** The fractions, point included, of numbers with the same whole part. */
function between(from: End, to: End, room: number): string | null {
  if (to.fraction === "") return from.isOut || to.isOut ? null : '""';
  if (from.fraction !== "" || from.isOut) return `"." ${digitsBetween(from, to, room)}`;
  return `("." ${digitsTo(to.fraction, to.isOut, room)})?`;
}

function digitsBetween(
  from: Pick<End, "fraction" | "isOut">,
  to: Pick<End, "fraction" | "isOut">,
  room: number
): string {
  const [low, high] = [Number(from.fraction[0] ?? "0"), Number(to.fraction[0] ?? "0")];
  const [restFrom, restTo] = [from.fraction.slice(1), to.fraction.slice(1)];
  if (from.fraction === to.fraction) return from.fraction === "" ? '""' : `"${from.fraction}"`;
  if (low === high) {
    const rest = digitsBetween({ ...from, fraction: restFrom }, { ...to, fraction: restTo }, room - 1);
    return `"${low}" ${restFrom === "" && !from.isOut ? `(${rest})?` : rest}`;
  }
  const parts = [`"${low}" ${digitsFrom(restFrom, from.isOut, room - 1)}`];
  if (high - low > 1) parts.push(`[${low + 1}-${high - 1}] [0-9]{0,${room - 1}}`);
  const upper = restTo === "" ? (to.isOut ? null : '""') : `(${digitsTo(restTo, to.isOut, room - 1)})?`;
  if (upper !== null) parts.push(`"${high}" ${upper}`);
  return `(${parts.join(" | ")})`;
}

/** Digits whose value is at least that of `fraction`, or above it; at least one where `fraction` or `isOut` needs one. */
function digitsFrom(fraction: string, isOut: boolean, room: number): string {
  const left = Math.max(0, room - 1);
  if (fraction === "" && !isOut) return `[0-9]{0,${Math.max(0, room)}}`;
  if (fraction === "") return `"0"{0,${Math.ceil(left / 2)}} [1-9] [0-9]{0,${Math.floor(left / 2)}}`;
  const digit = Number(fraction[0]);
  const above = digit < 9 ? [`[${digit + 1}-9] [0-9]{0,${left}}`] : [];
  return `(${[...above, `"${digit}" ${digitsFrom(fraction.slice(1), isOut, left)}`].join(" | ")})`;
}

/** At least one digit, of a value up to that of `fraction`, which is not empty. */
function digitsTo(fraction: string, isOut: boolean, room: number): string {
  const left = Math.max(0, room - 1);
  const digit = Number(fraction[0]);
  const rest = fraction.slice(1);
  const parts = digit > 0 ? [`[0-${digit - 1}] [0-9]{0,${left}}`] : [];
  if (rest !== "") parts.push(`"${digit}" (${digitsTo(rest, isOut, left)})?`);
  else if (!isOut) parts.push(`"${digit}"`);
  return `(${parts.join(" | ")})`;
}

/** Few alternatives, as llama.cpp tries each of them on every token of the vocabulary. */
function wholeNumbers(least: number, most: number): string {
  if (most === 0) return '"0"';
  const rules = least === 0 ? ['"0"'] : [];
  const from = Math.max(least, 1);
  let [shortest, longest] = [String(from).length, String(most).length];
  if (shortest === longest) return `(${[...rules, digits(String(from), String(most))].join(" | ")})`;
  if (from > 10 ** (shortest - 1)) {
    rules.push(digits(String(from), "9".repeat(shortest)));
    shortest += 1;
  }
  if (most < 10 ** longest - 1) {
    longest -= 1;
    rules.push(digits(String(10 ** longest), String(most)));
  }
  if (shortest <= longest) rules.push(`[1-9] [0-9]{${shortest - 1},${longest - 1}}`);
  return `(${rules.join(" | ")})`;
}

/** All texts of digits from `least` to `most`, which are equally long. */
function digits(least: string, most: string): string {
  if (least === most) return `"${least}"`;
  const [low = "", high = ""] = [least[0], most[0]];
  if (least.length === 1) return `[${low}-${high}]`;
  if (low === high) return `"${low}" ${digits(least.slice(1), most.slice(1))}`;
  const rest = least.length - 1;
  const [zeros, nines] = ["0".repeat(rest), "9".repeat(rest)];
  const rules: string[] = [];
  let [from, to] = [Number(low), Number(high)];
  if (!least.endsWith(zeros)) {
    rules.push(`"${low}" ${digits(least.slice(1), nines)}`);
    from += 1;
  }
  if (!most.endsWith(nines)) {
    rules.push(`"${high}" ${digits(zeros, most.slice(1))}`);
    to -= 1;
  }
  if (from <= to) rules.push(`[${from}-${to}] [0-9]{${rest}}`);
  return `(${rules.join(" | ")})`;
}

/**
 * Numbers between two whole bounds as rules of GBNF, llama.cpp's grammar language. node-llama-cpp knows no bounds, and its
 * numbers may have any exponent: 5e-3 would pass for an integer, and 1e999 is no number at all.
 */

/** Both ends count; −Infinity and Infinity: no bound. */
export interface NumberRange {
  readonly least: number;
  readonly most: number;
}

/** 15 digits: whatever is written so, JavaScript reads exactly. A bound that needs more is as good as none. */
const largest = 10 ** 15 - 1;

const fraction = '("." [0-9]{1,15})?';

/** @param range Whole bounds, `least` at most `most`. @returns a GBNF expression, in parentheses */
export function numberRule(range: NumberRange, { isInteger }: { readonly isInteger: boolean }): string {
  const least = Math.max(range.least, -largest);
  const most = Math.min(range.most, largest);
  const parts: string[] = [];
  if (least < 0) parts.push(`"-" ${magnitudes(Math.max(1, -most), -least, isInteger)}`);
  // −0.5 lies between −1 and 0, but has no whole part of its own there.
  if (least < 0 && most >= 0 && !isInteger) parts.push('"-0." [0-9]{1,15}');
  if (most >= 0) parts.push(magnitudes(Math.max(0, least), most, isInteger));
  return `(${parts.join(" | ")})`;
}

/** Numbers from `least` to `most` without a sign; with a fraction everywhere but at the end. */
function magnitudes(least: number, most: number, isInteger: boolean): string {
  if (isInteger) return wholeNumbers(least, most);
  if (most === largest) return `${wholeNumbers(least, most)} ${fraction}`;
  return least === most ? `"${most}"` : `(${wholeNumbers(least, most - 1)} ${fraction} | "${most}")`;
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

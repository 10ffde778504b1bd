/** What a process that failed said on stderr, as one short line. */

/** Drivers and loaders warn of much that does not matter; these lines tell why a process ended. */
const telling =
  /error|fail|abort|assert|cannot|undefined symbol|terminate called|not (?:found|supported)|unable|invalid/i;
/** Of warnings, and of what Node adds to an uncaught error. */
const idle = /^\s*(?:[\w-]+: )*warning\b|^\s*(?:at |node:|\^)/i;
const longest = 200;

/** @returns null when it said nothing */
export function lastWords(stderr: string): string | null {
  const lines = stderr
    .split(/\r?\n/)
    .map(tidy)
    .filter((line) => line !== "" && !idle.test(line));
  const line = lines.find((text) => telling.test(text)) ?? lines[0];
  if (line === undefined) return null;
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** Without control characters, and without the folders of the machine where llama.cpp was built. */
function tidy(line: string): string {
  return line
    .replace(/[\p{Cc}]+/gu, " ")
    .replace(/(?:[A-Za-z]:)?[\\/][^\s:]*?([^\s:\\/]+\.(?:c|cpp|cu|cuh|h|m)):(\d+)/g, "$1:$2")
    .replace(/^llama\.cpp ended the process: /, "")
    .replace(/[\s.]+$/, "")
    .trim();
}

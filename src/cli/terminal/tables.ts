/** Facts, rows and a model's memory as lines for people. */
import type { BytesByContext, MemoryTable, MemoryTables } from "../../memory/memory-tables.js";
import { plainName } from "./plain-text.js";

/** A record of facts: `imageSize: 896` becomes `image size   896`; byte counts get their unit. */
export function describeFacts(facts: object): string {
  const rows = flatten(facts, "");
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

function flatten(facts: object, prefix: string): [string, string][] {
  return Object.entries(facts).flatMap(([key, value]: [string, unknown]) => {
    const name = `${prefix}${inWords(key)}`;
    if (Array.isArray(value) && value.some((entry) => typeof entry === "object")) {
      return value.flatMap((entry: object, index) => flatten(entry, `${name} ${index + 1} `));
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const isBytes = key.endsWith("Bytes");
      return Object.entries(value).flatMap(([inner, entry]: [string, unknown]) =>
        flatten({ [isBytes ? `${inner}Bytes` : inner]: entry }, `${name} `)
      );
    }
    return [[plainName(name), plainName(describeValue(key, value))] satisfies [string, string]];
  });
}

function describeValue(key: string, value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value))
    return value.length === 0 ? "none" : value.map((entry) => describeValue(key, entry)).join(", ");
  if (typeof value === "number" && /bytes$|byteLength$/i.test(key)) return bytes(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function bytes(count: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  // What rounds to 1000 of a unit is 1.00 of the next.
  const step = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(Number(count.toPrecision(3))) / 3));
  return `${step === 0 ? count : (count / 1000 ** step).toPrecision(3)} ${units[step] ?? ""}`;
}

function inWords(key: string): string {
  return key
    .replace(/(?:Bytes|byteLength)$/, (unit) => (unit === "byteLength" ? "size" : ""))
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

/** Rows of cells, each column as wide as its widest cell. */
export function alignedRows(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(plainName));
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`
    )
    .join("");
}

/** A model's memory: parts in rows, context sizes in columns. */
export function describeMemory({ cpu, gpu }: MemoryTables): string {
  const footnote = cpu.cachedFileBytes === 0 ? "" : "* resident, but the system takes them back when memory is short\n";
  const sizes = Object.keys(cpu.totalBytes).map(Number);
  const row = (name: string, value: BytesByContext | number) => [
    `  ${name}`,
    ...sizes.map((size) => bytes(typeof value === "number" ? value : (value[size] ?? 0)))
  ];
  const parts = (table: MemoryTable) => [
    row("weights", table.weightBytes),
    row("keys and values", table.keyValueBytes),
    row("work", table.workBytes),
    ...(table.towerWeightBytes === 0
      ? []
      : [row("image tower, weights", table.towerWeightBytes), row("image tower, work", table.towerWorkBytes)])
  ];
  const table = alignedRows([
    ["memory, with a context of", ...sizes.map(String)],
    ["on the CPU"],
    row("program", cpu.processBytes),
    ...parts(cpu),
    ...(cpu.cachedFileBytes === 0 ? [] : [row("pages of the file *", cpu.cachedFileBytes)]),
    row("total", cpu.totalBytes),
    ["with all layers on a GPU"],
    ...parts(gpu),
    row("total on the GPU", gpu.totalBytes),
    row("in main memory", gpu.hostBytes)
  ]);
  return `${table}${footnote}`;
}

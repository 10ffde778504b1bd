/** A model's memory as a table for people: parts in rows, context sizes in columns. */
import type { BytesByContext, MemoryTable, MemoryTables } from "../memory/memory-tables.js";
import { alignedRows } from "./aligned-rows.js";
import { bytes } from "./describe-facts.js";

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

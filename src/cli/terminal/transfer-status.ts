/** Progress of a download, a copy or a check in words: how far, how fast, how long still. */
import { bytes } from "./tables.js";
import type { StatusLine } from "./status-line.js";

export interface Transfer {
  readonly stage: "download" | "copy" | "check";
  readonly file: string;
  readonly doneBytes: number;
  readonly byteLength: number;
}

/** The speed is that of the last seconds: networks change, and a resumed download begins far on. */
const windowMs = 5000;
const drawMs = 200;

/** A listener that shows every transfer on the status line, a few times a second. */
export function showTransfers(status: StatusLine): (transfer: Transfer) => void {
  let samples: { readonly at: number; readonly doneBytes: number }[] = [];
  let current = "";
  let drawn = 0;
  return (transfer) => {
    const at = performance.now();
    const name = `${transfer.stage} ${transfer.file}`;
    if (name !== current) samples = [];
    current = name;
    samples.push({ at, doneBytes: transfer.doneBytes });
    if (at - drawn < drawMs && transfer.doneBytes < transfer.byteLength) return;
    drawn = at;
    samples = samples.filter((sample) => at - sample.at <= windowMs);
    status.show(describeTransfer(transfer, speedOf(samples)));
  };
}

const verbs = { download: "downloading", copy: "copying", check: "checking" } as const;

/** @param bytesPerSecond null: not known yet. */
export function describeTransfer(
  { stage, file, doneBytes, byteLength }: Transfer,
  bytesPerSecond: number | null
): string {
  const part = `${verbs[stage]} ${file} · ${Math.floor((100 * doneBytes) / byteLength)} % of ${bytes(byteLength)}`;
  if (bytesPerSecond === null || bytesPerSecond <= 0) return part;
  return `${part} · ${bytes(bytesPerSecond)}/s · ${duration((byteLength - doneBytes) / bytesPerSecond)} left`;
}

function speedOf(samples: readonly { readonly at: number; readonly doneBytes: number }[]): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at - first.at < 2 * drawMs) return null;
  return ((last.doneBytes - first.doneBytes) * 1000) / (last.at - first.at);
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

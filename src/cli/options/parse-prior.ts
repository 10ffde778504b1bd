/** `[DATE=]FILE` of `--prior`, and of `/prior` in the chat: an image of an earlier study, with its date where the model shall know it. */
import { UsageError } from "../terminal/output.js";

export interface PriorImage {
  readonly path: string;
  /** As given: 2023, 2023-05 or 2023-05-01. */
  readonly date: string | undefined;
}

/**
 * @param option What it was given to, for messages.
 * @throws UsageError
 */
export function parsePrior(given: string, option: "--prior" | "/prior"): PriorImage {
  const [, date, path] = /^(\d{4}(?:-\d\d?){0,2})=(.*)$/s.exec(given) ?? [];
  if (date === undefined || path === undefined) return { path: given, date: undefined };
  if (path === "") throw new UsageError(`${option} ${date}= names no file. Give ${option} ${date}=FILE`);
  if (!/^\d{4}(-\d\d){0,2}$/.test(date) || Number.isNaN(Date.parse(date))) {
    throw new UsageError(`The date of ${option} must be like 2023-05-01, 2023-05 or 2023, but is ${date}.`);
  }
  return { path, date };
}

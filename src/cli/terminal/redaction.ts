/** `--redact`: names of files, which may tell who a patient is, stay out of what is printed and saved. */
import { fileURLToPath } from "node:url";
import { MedGemmaError } from "../../errors.js";
import type { Remedy } from "../../remedy.js";
import { standardStream } from "../options/options.js";
import { UsageError } from "./output.js";

export class Redaction {
  readonly isOn: boolean;
  /** Path as given → what to say instead. */
  readonly #names = new Map<string, string>();
  #images = 0;

  constructor(isOn: boolean | undefined) {
    this.isOn = isOn ?? false;
  }

  /** Call it for each image in order. @returns the name to call it by, "image 1"; without `--redact` the path itself */
  image(path: string): string {
    this.#images += 1;
    return this.hide(path, `image ${this.#images}`);
  }

  hide(path: string, name: string): string {
    if (!this.isOn || path === standardStream) return path;
    this.#names.set(path, name);
    if (path.startsWith("file:")) this.#names.set(fileURLToPath(path), name);
    return name;
  }

  /** A text for people, without the names. */
  text(text: string): string {
    const longestFirst = [...this.#names].sort(([a], [b]) => b.length - a.length);
    return longestFirst.reduce((cleaned, [path, name]) => cleaned.replaceAll(path, name), text);
  }

  #remedy(remedy: Remedy | null): Remedy | null {
    if (remedy === null) return null;
    const { value, argument } = remedy;
    return {
      ...remedy,
      ...(typeof value === "string" ? { value: this.text(value) } : {}),
      ...(argument === undefined ? {} : { argument: this.text(argument) })
    };
  }

  /** The same failure without the names, and without its causes, which have them too. */
  error(error: unknown): unknown {
    if (!this.isOn) return error;
    if (error instanceof MedGemmaError)
      return new MedGemmaError(error.code, this.text(error.message), { remedy: this.#remedy(error.remedy) });
    return error instanceof UsageError ? new UsageError(this.text(error.message)) : error;
  }
}

/** Runs a command so that its failure names nothing that is to be hidden. */
export async function withRedaction(
  isOn: boolean | undefined,
  run: (redaction: Redaction) => Promise<void>
): Promise<void> {
  const redaction = new Redaction(isOn);
  try {
    await run(redaction);
  } catch (error) {
    throw redaction.error(error);
  }
}

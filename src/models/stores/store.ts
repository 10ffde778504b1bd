/** What a store of another program is: where it lies on a machine, and the GGUF files that came together in it. Nothing of it is ever written. */
import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/** What paths depend on. A value, so that the paths of each system can be told on any other. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** The user's home folder. */
  readonly home: string;
}

export function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, home: homedir() };
}

/** Joins parts of paths as the machine writes them. */
export function joinFor({ platform }: Machine): (...parts: readonly string[]) => string {
  return (...parts) => (platform === "win32" ? win32 : posix).join(...parts);
}

/** The first of these variables that is set and not empty. */
export function variable({ env }: Machine, ...names: readonly string[]): string | null {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== "") ?? null;
}

/** A file of a store that may be a GGUF file. */
export interface StoreFile {
  /** What a user can call it with `--model`, the name to show first; each begins with the store's own. */
  readonly ids: readonly string[];
  /** As it was called where it came from. */
  readonly name: string;
  readonly path: string;
  /** In bytes, links followed. */
  readonly byteLength: number;
  /** Hex, where the store names its files by their hash; else null. */
  readonly sha256: string | null;
}

/** Files that came together: a text model in one or several quantisations, its projectors, and whatever else lies there. */
export interface StoreRepository {
  /** One folder for the files of all repositories, told apart by their names alone. */
  readonly isFlat: boolean;
  readonly files: readonly StoreFile[];
}

export interface Store {
  /** Begins the ids of its models: "ollama". */
  readonly id: string;
  /** For people: "Ollama". */
  readonly title: string;
  /**
   * All that is whole in the store. Folders that are missing or cannot be read, broken manifests and unfinished downloads are
   * passed over.
   */
  readonly repositories: (machine: Machine) => Promise<StoreRepository[]>;
}

/** The package as it lies in a node_modules folder, without the packages that it needs and without binaries of ours. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

export function copyPackage(into: string): void {
  for (const name of ["dist", "models", "package.json"])
    cpSync(join(root, name), join(into, name), { recursive: true });
}

/** The version of this package, from its package.json; the path is the same from src/ and from dist/. */
import { readFile } from "node:fs/promises";

export async function packageVersion(): Promise<string> {
  const content = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(content) as { version: string }).version;
}

import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();

async function scriptOf(shell: string): Promise<string> {
  const { code, stdout } = await runCli(["completion", shell]);
  expect(code).toBe(0);
  const path = join(folder, shell);
  writeFileSync(path, stdout);
  return path;
}

describe("the completion of", () => {
  it.skipIf(!existsSync("/bin/bash"))("bash offers commands, and the options of a command", async () => {
    const script = await scriptOf("bash");
    const offered = (words: readonly string[]) =>
      execFileSync("/bin/bash", ["-c", `source ${script}; COMP_WORDS=(medgemma-local ${words.join(" ")}); COMP_CWORD=${words.length}; _medgemma_local; echo "\${COMPREPLY[*]}"`], { encoding: "utf8" }).trim();
    expect(offered(["mo"])).toBe("models");
    expect(offered(["ask", "--seri"])).toBe("--series --series-index");
    expect(offered(["models", "--seri"])).toBe("");
    expect(offered(["pull", "--acc"])).toBe("--accept-terms");
    expect(offered(["ask", "film"])).toBe(""); // then bash offers files
  });

  it.each([
    ["zsh", "'*--temperature["],
    ["fish", "-n '__fish_seen_subcommand_from ask' -l temperature -r -d"]
  ])("%s knows the options of ask", async (shell, words) => {
    await scriptOf(shell);
    expect((await runCli(["completion", shell])).stdout).toContain(words);
  });
});

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
      execFileSync(
        "/bin/bash",
        [
          "-c",
          `source ${script}; COMP_WORDS=(medgemma-local ${words.join(" ")}); COMP_CWORD=${words.length}; _medgemma_local; echo "\${COMPREPLY[*]}"`
        ],
        { encoding: "utf8" }
      ).trim();
    expect(offered(["mo"])).toBe("models");
    expect(offered(["ask", "--seri"])).toBe("--series --series-index");
    expect(offered(["models", "--seri"])).toBe("");
    expect(offered(["pull", "--acc"])).toBe("--accept-terms");
    expect(offered(["help", "as"])).toBe("ask");
    expect(offered(["completion", "z"])).toBe("zsh");
    expect(offered(["ask", "film"])).toBe(""); // then bash offers files
  });

  it.skipIf(!existsSync("/usr/bin/fish"))("fish offers commands, and the options of a command", async () => {
    const script = await scriptOf("fish");
    const offered = (line: string) =>
      execFileSync("/usr/bin/fish", ["-c", `source ${script}; complete -C 'medgemma-local ${line}'`], {
        encoding: "utf8"
      })
        .split("\n")
        .map((one) => one.split("\t")[0])
        .filter((one) => one !== "");
    expect(offered("mo")).toEqual(["models"]);
    expect(offered("ask --seri")).toEqual(["--series", "--series-index"]);
    expect(offered("help as")).toEqual(["ask"]);
    expect(offered("completion ")).toEqual(["bash", "fish", "zsh"]);
  });

  it.skipIf(!existsSync("/usr/bin/zsh"))("zsh is a script that zsh reads", async () => {
    const script = await scriptOf("zsh");
    expect(
      execFileSync(
        "/usr/bin/zsh",
        ["-f", "-c", `autoload -U compinit; compinit -D -u; source ${script}; print -r -- $_comps[medgemma-local]`],
        { encoding: "utf8" }
      ).trim()
    ).toBe("_medgemma-local");
  });

  it.each([
    ["zsh", "'*--temperature["],
    ["fish", "-n '__fish_seen_subcommand_from ask' -l temperature -r -d"]
  ])("%s knows the options of ask", async (shell, words) => {
    await scriptOf(shell);
    expect((await runCli(["completion", shell])).stdout).toContain(words);
  });
});

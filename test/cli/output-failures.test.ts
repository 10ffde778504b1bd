import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { film } from "../demo-model.js";
import { main, temporaryFolder } from "./run-cli.js";

const folder = temporaryFolder();

/** Through a shell, which opens what stdin and stdout are. */
function shell(command: string) {
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", command], {
    encoding: "utf8",
    env: { ...process.env, MEDGEMMA_HOME: join(folder, "home"), RUN: main, NODE: process.execPath, FILM: film }
  });
  return { code: status, stdout, stderr };
}

describe.skipIf(!existsSync("/dev/full"))("a full disk behind stdout is one line", () => {
  it.each(["presets", 'preview "$FILM" --size 32 -o -', "--help"])("of %s", (command) => {
    const { code, stderr } = shell(`"$NODE" "$RUN" ${command} > /dev/full`);
    expect(stderr).toMatch(/^DISK_FULL: No space left on the disk while writing the output\..*\n$/);
    expect(code).toBe(1);
  });
});

describe.skipIf(!existsSync("/bin/sh"))("a shell's pipes", () => {
  it("may close early", () => {
    expect(shell('"$NODE" "$RUN" presets | head -1')).toMatchObject({ code: 0, stderr: "" });
  });

  it("lend stdin to a loop, which keeps its list", () => {
    const { code, stdout, stderr } = shell(
      `printf 'one\\ntwo\\n' | while read -r name; do "$NODE" "$RUN" ask "Describe the image." -i "$FILM" -m demo; done`
    );
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe(lines[1]);
    expect(stderr).toContain("stdin was not read");
  });
});

import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, it, vi } from "vitest";
import { acquireLock } from "../../src/shared/file-lock.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newPath = () => join(folder, `lock-${(count += 1)}`);
/** A process that is over. */
const deadPid = spawnSync(process.execPath, ["-e", ""]).pid;

const write = (path: string, owner: object, ageMs = 0) => {
  writeFileSync(path, JSON.stringify({ token: "other", ...owner }));
  const then = (Date.now() - ageMs) / 1000;
  utimesSync(path, then, then);
};

describe("the lock between processes", () => {
  it("is held by one at a time", async () => {
    const path = newPath();
    let inside = 0;
    let most = 0;
    let waits = 0;
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        await using _lock = await acquireLock(path, { onWait: () => (waits += 1) });
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside -= 1;
      })
    );
    expect(most).toBe(1);
    expect(waits).toBe(4);
  });

  it("is taken from a killed process without waiting, by one only", async () => {
    const path = newPath();
    write(path, { pid: deadPid, host: hostname() });
    let inside = 0;
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        await using _lock = await acquireLock(path);
        inside += 1;
        expect(inside).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside -= 1;
      })
    );

    // Nobody waits for the dead: who comes alone does not wait at all.
    write(path, { pid: deadPid, host: hostname() });
    const onWait = vi.fn();
    await using _alone = await acquireLock(path, { onWait });
    expect(onWait).not.toHaveBeenCalled();
  });

  it("is left to another machine while it is renewed, and taken when it is old", async () => {
    const path = newPath();
    write(path, { pid: deadPid, host: "elsewhere" });
    await expect(acquireLock(path, { signal: AbortSignal.timeout(600) })).rejects.toMatchObject({ code: "ABORTED" });
    expect(readFileSync(path, "utf8")).toContain("elsewhere");
    write(path, { pid: deadPid, host: "elsewhere" }, 60_000);
    await (await acquireLock(path))[Symbol.asyncDispose]();
  });

  it("is not taken from a process that lives", async () => {
    const path = newPath();
    write(path, { pid: process.pid, host: hostname() });
    await expect(acquireLock(path, { signal: AbortSignal.timeout(600) })).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("leaves the lock of somebody who took it over alone", async () => {
    const path = newPath();
    const lock = await acquireLock(path);
    write(path, { pid: process.pid, host: hostname() });
    await lock[Symbol.asyncDispose]();
    expect(readFileSync(path, "utf8")).toContain("other");
  });
});

describe("a lock whose time is in the future", () => {
  it("of a killed process is taken at once, whatever its time says", async () => {
    const path = newPath();
    write(path, { pid: deadPid, host: hostname() }, -86_400_000);
    await (await acquireLock(path))[Symbol.asyncDispose]();
  });

  it("of another machine is as old as it is known unchanged", async () => {
    const path = newPath();
    write(path, { pid: 1, host: "elsewhere" }, -86_400_000);
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const taken = acquireLock(path);
      await new Promise((resolve) => setTimeout(resolve, 500));
      vi.advanceTimersByTime(20_000);
      write(path, { pid: 1, host: "elsewhere" }, -86_500_000); // renewed: it is watched anew
      await new Promise((resolve) => setTimeout(resolve, 500));
      vi.advanceTimersByTime(20_000);
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(readFileSync(path, "utf8")).toContain("elsewhere");
      vi.advanceTimersByTime(20_000);
      await (await taken)[Symbol.asyncDispose]();
    } finally {
      vi.useRealTimers();
    }
  });
});

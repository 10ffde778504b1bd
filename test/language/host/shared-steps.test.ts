/** Sequences that generate together: which steps go in one batch. */
import { describe, expect, it } from "vitest";
import { SharedSteps } from "../../../src/language/host/shared-steps.js";

/** Steps that end when the test says so, and the order in which they began. */
function decoder() {
  const steps = new SharedSteps();
  const running = new Map<number, () => void>();
  const take = (id: number, signal?: AbortSignal): Promise<void> =>
    steps.take(id, () => new Promise<void>((resolve) => running.set(id, resolve)), signal);
  const end = (id: number): void => {
    const resolve = running.get(id);
    running.delete(id);
    resolve?.();
  };
  const begun = async (): Promise<number[]> => {
    await settled();
    return [...running.keys()].sort();
  };
  return { take, end, begun };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const later = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms));

describe("Steps of sequences that generate at the same time", () => {
  it("begin at once where a sequence is alone", async () => {
    const { take, end, begun } = decoder();
    for (let round = 0; round < 3; round += 1) {
      const step = take(1);
      expect(await begun()).toEqual([1]);
      end(1);
      await step;
    }
  });

  it("wait for the sequence that is decoded, and go on together with it", async () => {
    const { take, end, begun } = decoder();
    const first = take(1);
    expect(await begun()).toEqual([1]);
    const second = take(2);
    const third = take(3);
    expect(await begun()).toEqual([1]);
    await later(50); // the longer a step, the longer its sequence is waited for
    end(1);
    await first;
    const again = take(1);
    expect(await begun()).toEqual([1, 2, 3]);
    for (const id of [1, 2, 3]) end(id);
    await Promise.all([second, third, again]);
  });

  it("wait no longer for a sequence that has ended", async () => {
    const { take, end, begun } = decoder();
    const first = take(1);
    const second = take(2);
    expect(await begun()).toEqual([1]);
    end(1);
    await first;
    await later(100);
    expect(await begun()).toEqual([2]);
    end(2);
    await second;
  });

  it("begin at an abort, so that it is noticed", async () => {
    const { take, end, begun } = decoder();
    const stop = new AbortController();
    const first = take(1);
    const second = take(2, stop.signal);
    expect(await begun()).toEqual([1]);
    stop.abort();
    expect(await begun()).toEqual([1, 2]);
    for (const id of [1, 2]) end(id);
    await Promise.all([first, second]);
  });

  it("go on after a step that failed", async () => {
    const steps = new SharedSteps();
    await expect(steps.take(1, () => Promise.reject(new Error("no memory")), undefined)).rejects.toThrow("no memory");
    await expect(steps.take(2, () => Promise.resolve("done"), undefined)).resolves.toBe("done");
  });
});

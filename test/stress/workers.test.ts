import { describe, expect, it } from "vitest";
import { runWorkerRounds } from "../worker-rounds.js";

const rounds = Number(process.env.MEDGEMMA_STRESS_ROUNDS ?? 20);

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

describe.each([{ kill: false }, { kill: true }])("four worker threads (one terminated: $kill)", ({ kill }) => {
  it(`load, encode, answer and exit ${rounds} times, and leave nothing behind`, async () => {
    const measured = await runWorkerRounds(rounds, { kill, threads: 2 });
    for (const { killedAt, answers } of measured) {
      const yes = "Yes, at the middle center.";
      expect(answers).toEqual([yes, killedAt === null ? yes : null, yes, yes]);
    }
    // A model that stays would cost 30 MB; pools and allocators have their size after the first rounds.
    const bytes = measured.map(({ residentBytes }) => residentBytes);
    const growth = (median(bytes.slice(-5)) - median(bytes.slice(4, 9))) / (rounds - 9);
    console.log(
      JSON.stringify({ kill, megabytes: bytes.map((one) => Math.round(one / 1e6)), bytesPerRound: Math.round(growth) })
    );
    expect(growth).toBeLessThan(1e6);
    const [first, last] = [measured[0], measured.at(-1)];
    expect(last?.handles).toEqual([]);
    if (first?.openFiles != null && last?.openFiles != null)
      expect(last.openFiles).toBeLessThanOrEqual(first.openFiles + 3);
    if (first?.threads != null && last?.threads != null) expect(last.threads).toBeLessThanOrEqual(first.threads + 2);
  });
});

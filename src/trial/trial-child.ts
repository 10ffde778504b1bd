/**
 * The process of a trial (src/trial/run-trial.ts): the backend in its argument answers about the known film, and every step is
 * compared with the reference. A question of text alone would not do: there are drivers that crash on images only.
 */
import { firstLine, MedGemmaError } from "../errors.js";
import { lacksVulkanDrivers } from "./drivers.js";
import type { TrialReport, TriedBackend } from "./trial.js";
import { examine } from "../tools/doctor/examine.js";

// Nobody is left to hear the answer.
const abandoned = () => process.exit(1);
process.once("disconnect", abandoned);

const report = await tryIt(process.argv[2] as TriedBackend);
process.send?.(report, () => {
  process.off("disconnect", abandoned);
  process.disconnect();
});

async function tryIt(gpu: TriedBackend): Promise<TrialReport> {
  try {
    const { seesCorrectly, checks } = await examine({ gpu });
    const wrong = checks.find(({ ok }) => !ok)?.name;
    return seesCorrectly
      ? { outcome: "good", reason: null }
      : { outcome: "failed", reason: `it computes wrongly: the step "${String(wrong)}" is off` };
  } catch (error) {
    const isUnavailable = error instanceof MedGemmaError && error.code === "GPU_UNAVAILABLE";
    const isAbsent = isUnavailable && (error.cause === undefined || (gpu === "vulkan" && lacksVulkanDrivers()));
    return { outcome: isAbsent ? "absent" : "failed", reason: firstLine(error).replace(/\. Set gpu to .*$/, "") };
  }
}

/** What computes the answers of a loaded model, as far as it can change them: programs, files, machine. */
import { describeMachine } from "../language/host/describe-machine.js";
import type { LlamaRuntime } from "../language/llama.js";
import { splitNames } from "../gguf/split-name.js";
import { identifyFile } from "../models/identify-file.js";
import type { LoadedModel, Provenance } from "../chat/types.js";

/** Reads files whose hash nobody recorded: 1.5 GB a second and core. @throws MedGemmaError FILE_UNUSABLE */
export async function describeProvenance(
  { id, text, mmproj, lora }: LoadedModel,
  runtime: LlamaRuntime,
  settings: Pick<Provenance["compute"], "threads" | "contextSize" | "parallel" | "promptLookup">
): Promise<Provenance> {
  const { versions, cpu, gpu } = await describeMachine(runtime);
  return {
    versions,
    model: {
      id,
      text: await identifyText(text),
      mmproj: mmproj === null ? null : await identifyFile(mmproj),
      lora: await Promise.all(lora.map(async ({ path, scale }) => ({ ...(await identifyFile(path)), scale })))
    },
    compute: {
      gpu: gpu.backend,
      devices: gpu.devices,
      cpu: { model: cpu.model, features: cpu.features },
      kernels: process.env.MEDGEMMA_CPU_KERNELS ?? null,
      ...settings
    }
  };
}

/** Of a split model every part: the answer comes from all of them. */
async function identifyText(path: string): Promise<Provenance["model"]["text"]> {
  const [first = path, ...others] = splitNames(path);
  const identity = await identifyFile(first);
  return others.length === 0 ? identity : { ...identity, furtherParts: await Promise.all(others.map(identifyFile)) };
}

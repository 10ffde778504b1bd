/** Variables under which no program's models are found but those in a home folder of the test's own: the tester may have MedGemma too. */
import { join } from "node:path";

const elsewhere = [
  "HF_HOME",
  "HF_HUB_CACHE",
  "HUGGINGFACE_HUB_CACHE",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_DATA_HOME",
  "LLAMA_CACHE",
  "MODELS_PATH",
  "JAN_DATA_FOLDER"
];

export function noOtherStores(home: string): Record<string, string> {
  // Without it, the folder of the system's service is looked into as well.
  return {
    ...Object.fromEntries(elsewhere.map((name) => [name, ""])),
    OLLAMA_MODELS: join(home, ".ollama", "models"),
    HOME: home,
    USERPROFILE: home
  };
}

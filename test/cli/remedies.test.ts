import { describe, expect, it } from "vitest";
import { describeFailure } from "../../src/cli/terminal/output.js";
import { MedGemmaError } from "../../src/errors.js";
import type { Remedy } from "../../src/remedy.js";

const told = (message: string, remedy: Remedy | null) =>
  describeFailure(new MedGemmaError("INTERNAL", message, { remedy }));

describe("the command line tells a failure", () => {
  it.each<[string, string, Remedy | null, string]>([
    ["without a remedy as it is", "Broken.", null, "INTERNAL: Broken."],
    [
      "with the flag of an option that is called otherwise",
      "Load with contextSize 3072.",
      { option: "contextSize", value: 3072 },
      "INTERNAL: Load with contextSize 3072 (--context 3072)."
    ],
    [
      "with the flag that switches an option off",
      "Show it with aspect false.",
      { option: "aspect" },
      "INTERNAL: Show it with aspect false (--no-aspect)."
    ],
    [
      "with all options that help",
      "Choose one, or join.",
      { option: "index", also: ["join"] },
      "INTERNAL: Choose one, or join (--series-index, --join)."
    ],
    ["with the flag of a series", "Take a series.", { option: "series" }, "INTERNAL: Take a series (--series)."],
    [
      "with a command and what it is about",
      "Download it first.",
      { command: "pull", argument: "4b-it" },
      "INTERNAL: Download it first. Run: medgemma-local pull 4b-it"
    ],
    [
      "with a flag and a command",
      'Set gpu to "off".',
      { option: "gpu", command: "doctor" },
      'INTERNAL: Set gpu to "off" (--gpu). Run: medgemma-local doctor'
    ],
    [
      "with a command that needs something",
      "Import a folder.",
      { command: "import" },
      "INTERNAL: Import a folder. Run: medgemma-local import PATH"
    ]
  ])("%s", (_how, message, remedy, line) => {
    expect(told(message, remedy)).toBe(line);
  });
});

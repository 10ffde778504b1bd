/** A preset: a tried way to ask for one thing, as a Markdown file that a clinician can read and change. */
import { checkArgument, withProperties } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";

/** A tried way to ask for one thing; a Markdown file (docs/guide/answers.md). */
export interface Preset {
  /** Of the file, without `.md`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Ids of the catalog that it suits, in words. */
  readonly models: string;
  /** How many images of what, in words. */
  readonly images: string;
  /** Where the method is from. */
  readonly source: string;
  readonly system: string | null;
  /** With the places `{images}` and `{question}`. */
  readonly prompt: string;
  /** What is asked when the user says nothing; null: the user must say something. */
  readonly question: string | null;
  /** Text behind every image, with the place `{n}` for its number from 1; null: none. */
  readonly afterEachImage: string | null;
  /** A JSON schema. */
  readonly schema: object | null;
  /** null: the usual one. */
  readonly maxTokens: number | null;
  readonly think: boolean;
  /** Sent as it is, without the chat template, blanks included. Default false. */
  readonly raw?: boolean;
}

const factNames = ["models", "images", "after each image", "max tokens", "think", "raw", "source"] as const;
const sectionNames = ["System", "Prompt", "Question", "Schema"] as const;

type FactName = (typeof factNames)[number];
type SectionName = (typeof sectionNames)[number];

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkPreset(preset: unknown): void {
  checkArgument("The preset", preset, withProperties("what loadPreset gives", ["name", "prompt", "question", "think"]));
}

/**
 * `# Title`, a description, a list of `- name: value`, then the sections System, Prompt, Question and Schema, of which only
 * Prompt must be there.
 *
 * @param path For messages.
 * @throws MedGemmaError FILE_UNUSABLE
 */
export function parsePreset(name: string, markdown: string, path: string): Preset {
  const fail = (why: string): never => {
    throw new MedGemmaError(
      "FILE_UNUSABLE",
      `The preset ${path} cannot be used: ${why}. The preset "report" is an example.`,
      { remedy: { command: "presets" } }
    );
  };
  const [head = "", ...rest] = markdown.replaceAll("\r\n", "\n").split(/^## +/m);
  const sections = new Map<SectionName, string>();
  for (const section of rest) {
    const [heading = "", ...lines] = section.split("\n");
    sections.set(
      known(sectionNames, heading.trim()) ?? fail(`"## ${heading.trim()}" is none of ${sectionNames.join(", ")}`),
      lines.join("\n").trim()
    );
  }
  const facts = new Map<FactName, string>();
  for (const [, key = "", value = ""] of head.matchAll(/^- ([^:\n]+):(.*)$/gm)) {
    facts.set(
      known(factNames, key.trim()) ?? fail(`"- ${key.trim()}:" is none of ${factNames.join(", ")}`),
      value.trim()
    );
  }
  const prompt = sections.get("Prompt") ?? fail('it has no section "## Prompt"');
  if (!prompt.includes("{question}")) fail("its prompt lacks {question}, the place of the user's words");
  const maxTokens = facts.get("max tokens");
  if (maxTokens !== undefined && !/^[1-9]\d{0,6}$/.test(maxTokens))
    fail(`max tokens must be a whole number from 1, but is ${maxTokens}`);
  const think = facts.get("think") ?? "no";
  if (think !== "yes" && think !== "no") fail(`think must be yes or no, but is ${think}`);
  const raw = facts.get("raw") ?? "no";
  if (raw !== "yes" && raw !== "no") fail(`raw must be yes or no, but is ${raw}`);
  const schema = sections.get("Schema");
  return {
    name,
    title: /^# +(.+)$/m.exec(head)?.[1]?.trim() ?? name,
    description: head
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^(?:#|- )/.test(line))
      .join(" ")
      .trim(),
    models: facts.get("models") ?? "",
    images: facts.get("images") ?? "",
    source: facts.get("source") ?? "",
    system: textOrNull(sections.get("System")),
    prompt,
    question: textOrNull(sections.get("Question")),
    afterEachImage: textOrNull(facts.get("after each image")),
    schema:
      schema === undefined
        ? null
        : (parseSchema(schema) ??
          fail('its section "## Schema" must be a JSON object, by itself or between ```json and ```')),
    maxTokens: maxTokens === undefined ? null : Number(maxTokens),
    think: think === "yes",
    raw: raw === "yes"
  };
}

function known<const Name extends string>(names: readonly Name[], typed: string): Name | undefined {
  return names.find((name) => name.toLowerCase() === typed.toLowerCase());
}

function textOrNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

function parseSchema(section: string): object | null {
  try {
    const schema: unknown = JSON.parse(section.replace(/^```(?:json)?$/gm, ""));
    return typeof schema === "object" && schema !== null && !Array.isArray(schema) ? schema : null;
  } catch {
    return null;
  }
}

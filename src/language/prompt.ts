/**
 * A conversation → the token ids of Google's processor and chat template (transformers: Gemma3Processor and the
 * template in the model's metadata). Does not decode anything.
 *
 * Two rules make the ids equal: control tokens are put in by id, so that text of a user can never become one; and all
 * text between two control tokens is tokenised as one string, because newlines that touch join into one token.
 */
import type { Token } from "./host/token.js";
import { MedGemmaError } from "../errors.js";
import type { SpecialTokens } from "./tokens/special-tokens.js";

/** A piece of what the user says: text, the virtual token ids of an image, or those of an image with crops of it. */
export type PromptPart = string | readonly Token[] | CroppedImage;

export interface CroppedImage {
  readonly whole: readonly Token[];
  /** At least one. */
  readonly crops: readonly (readonly Token[])[];
}

/** One exchange as the template needs it. */
export interface PromptTurn {
  readonly user: readonly PromptPart[];
  /** null for the turn that is to be answered. The thought is not part of it: Google's notebooks leave old thoughts out. */
  readonly answer: string | null;
}

/** Text that is tokenised as one string, or tokens that are put in by id. */
export type PromptSegment = string | readonly Token[];

export interface PromptVocabulary {
  readonly special: Pick<SpecialTokens, "bos" | "startOfTurn" | "endOfTurn" | "imageMarks">;
  /** Plain text to ids; marks spelled out in it stay text. */
  tokenize(text: string): readonly Token[];
}

/**
 * The whole prompt, from <bos> to the line break after "model".
 *
 * @throws MedGemmaError MODEL_MISMATCH for an image where the vocabulary has no image marks
 */
export function renderPrompt(
  system: string | null,
  turns: readonly PromptTurn[],
  vocabulary: PromptVocabulary
): Token[] {
  return promptSegments(system, turns, vocabulary.special).flatMap((segment) =>
    typeof segment === "string" ? vocabulary.tokenize(segment) : segment
  );
}

/** The same, not tokenised yet. */
export function promptSegments(
  system: string | null,
  turns: readonly PromptTurn[],
  special: PromptVocabulary["special"]
): PromptSegment[] {
  const prompt = new PromptBuilder(special);
  const { bos, startOfTurn, endOfTurn } = special;
  prompt.control(bos);
  turns.forEach((turn, index) => {
    prompt.control(startOfTurn);
    prompt.text("user\n");
    if (index === 0 && system !== null && system !== "") prompt.text(`${system}\n\n`);
    for (const part of turn.user) prompt.part(typeof part === "string" ? strip(part) : part);
    prompt.control(endOfTurn);
    prompt.text("\n");
    prompt.control(startOfTurn);
    prompt.text("model\n");
    if (turn.answer !== null) {
      prompt.text(strip(turn.answer));
      prompt.control(endOfTurn);
      prompt.text("\n");
    }
  });
  return prompt.finish();
}

/**
 * A conversation without the template: <bos>, then texts, images and answers one behind the other, as they are. For the
 * pre-trained variant, which goes on with a text, and for prompts that bring a format of their own.
 *
 * @throws MedGemmaError MODEL_MISMATCH for an image where the vocabulary has no image marks
 */
export function rawPromptSegments(turns: readonly PromptTurn[], special: PromptVocabulary["special"]): PromptSegment[] {
  const prompt = new PromptBuilder(special);
  prompt.control(special.bos);
  for (const { user, answer } of turns) {
    for (const part of user) prompt.part(part);
    prompt.text(answer ?? "");
  }
  return prompt.finish();
}

class PromptBuilder {
  readonly #segments: PromptSegment[] = [];
  readonly #special: PromptVocabulary["special"];
  #text = "";

  constructor(special: PromptVocabulary["special"]) {
    this.#special = special;
  }

  text(text: string): void {
    this.#text += text;
  }

  control(...tokens: readonly Token[]): void {
    this.#flush();
    this.#segments.push(tokens);
  }

  part(part: PromptPart): void {
    if (typeof part === "string") this.text(part);
    else if ("crops" in part) this.#croppedImage(part);
    else this.#image(part);
  }

  finish(): PromptSegment[] {
    this.#flush();
    return this.#segments;
  }

  /** Gemma3Processor: "\n\n" + <start_of_image> + image tokens + <end_of_image> + "\n\n" for every image. */
  #image(tokens: readonly Token[]): void {
    const { imageMarks } = this.#special;
    if (imageMarks === null)
      throw new MedGemmaError("MODEL_MISMATCH", "This model has no tokens to mark an image with: it takes text only.");
    this.text("\n\n");
    this.control(imageMarks.open, ...tokens, imageMarks.close);
    this.text("\n\n");
  }

  /** Gemma3Processor.replace_image_token; like there, no blank parts these words from a text in front of them. */
  #croppedImage({ whole, crops }: CroppedImage): void {
    this.text("Here is the original image ");
    this.#image(whole);
    this.text(" and here are some crops to help you see better ");
    crops.forEach((crop, index) => {
      if (index > 0) this.text(" ");
      this.#image(crop);
    });
  }

  #flush(): void {
    if (this.#text !== "") this.#segments.push(this.#text);
    this.#text = "";
  }
}

/** Jinja's `trim` is Python's str.strip(): it takes U+001C–U+001F and U+0085 as blanks, but not U+FEFF as JavaScript does. */
const blanks = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const blank = new RegExp(`[${blanks}]`);

/** Character by character: an expression for the end would look at a run of blanks in the middle once for each of them. */
function strip(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && blank.test(text.charAt(from))) from += 1;
  while (to > from && blank.test(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

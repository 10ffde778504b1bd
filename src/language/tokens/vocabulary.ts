/**
 * Gemma's vocabulary, and what each piece of it is for, told by its text. A GGUF file has a type for every piece, but converters
 * disagree about them (docs/internals/prompt.md), and llama.cpp's tokenizer follows them: a mark of the wrong type is missing in the prompt,
 * or can be written by a user. So a type counts only for pieces that are not Gemma's own.
 */
import type { Token } from "../host/token.js";
import { MedGemmaError } from "../../errors.js";
import type { ModelFile } from "../model-file.js";
import { findSpecialTokens, type SpecialTokens } from "./special-tokens.js";

/**
 * mark: stands for no text, and no text becomes it. atom: cut out of a text before anything is merged. byte: of a character that
 * has no piece. word: made by merging smaller ones.
 */
export type PieceRole = "mark" | "atom" | "byte" | "word";

/** GGUF's names for the numbers in `tokenizer.ggml.token_type`. */
const typeNames = ["UNDEFINED", "NORMAL", "UNKNOWN", "CONTROL", "USER_DEFINED", "UNUSED", "BYTE"] as const;
export type PieceType = (typeof typeNames)[number];

interface GemmaPiece {
  readonly pattern: RegExp;
  readonly role: PieceRole;
  /** The one that llama.cpp's converter means for them. */
  readonly type: PieceType;
}

/** Gemma 3's pieces that are not made by merging (its tokenizer.json). */
const gemmaPieces: readonly GemmaPiece[] = [
  { pattern: /^<unk>$/, role: "mark", type: "UNKNOWN" },
  {
    pattern: /^<(?:pad|eos|bos|mask|(?:start|end)_of_(?:turn|image)|image_soft_token|unused\d+)>$/,
    role: "mark",
    type: "CONTROL"
  },
  { pattern: /^\[multimodal\]$/, role: "mark", type: "CONTROL" },
  { pattern: /^<0x[\dA-F]{2}>$/, role: "byte", type: "BYTE" },
  // Runs of line breaks, tabs and blanks; HTML tags.
  { pattern: /^(?:\n+|\t+|▁{2,}|<\/?[a-z]+[1-6]?>)$/, role: "atom", type: "USER_DEFINED" }
];

const rolesOfTypes: Partial<Readonly<Record<PieceType, PieceRole>>> = {
  UNKNOWN: "mark",
  CONTROL: "mark",
  USER_DEFINED: "atom"
};

/** SentencePiece writes a blank as U+2581. */
export function escapeBlanks(text: string): string {
  return text.replaceAll(" ", "▁");
}

/** @returns undefined for a word, and for a piece that is not Gemma's */
export function findGemmaPiece(text: string): GemmaPiece | undefined {
  return gemmaPieces.find(({ pattern }) => pattern.test(escapeBlanks(text)));
}

/** A file without types means NORMAL, as in llama.cpp. */
export function pieceType(types: readonly number[] | undefined, id: number): PieceType {
  return typeNames[types?.[id] ?? 1] ?? "UNDEFINED";
}

export class Vocabulary {
  readonly special: SpecialTokens;
  /** The nth is byte n. */
  readonly bytes: readonly Token[];
  /** Stand for no text. */
  readonly marks: readonly Token[];
  /** Atoms, longest first. */
  readonly atoms: readonly string[];
  /** Characters (UTF-16) of the longest piece: a text has at least so many times fewer tokens. */
  readonly longestPiece: number;
  /** Blanks escaped, as in `atoms`. */
  readonly #texts: readonly string[];
  readonly #roles: readonly PieceRole[];
  readonly #scores: readonly number[];
  /** Characters (UTF-16) that stand before a blank inside of a word. */
  readonly #beforeBlank = new Set<string>();
  /** Atoms and words. */
  readonly #tokens = new Map<string, Token>();

  /**
   * @param file One that `checkTextModel` found sound.
   * @throws MedGemmaError MODEL_MISMATCH for a tokenizer of another kind, without turn marks or without byte tokens
   */
  constructor(file: Pick<ModelFile, "path" | "info">) {
    const { path, info } = file;
    const { model, tokens, scores = [], token_type: types } = info.metadata.tokenizer.ggml;
    if (model !== "llama") {
      throw new MedGemmaError(
        "MODEL_MISMATCH",
        `${path} has a tokenizer of the kind ${JSON.stringify(model)}; expected "llama" (SentencePiece), as Gemma 3 has. ` +
          "Convert the model again, with its tokenizer.model in the same folder."
      );
    }
    this.special = findSpecialTokens(file);
    this.#texts = tokens.map(escapeBlanks);
    this.#scores = scores;
    this.#roles = this.#texts.map(
      (text, id) => findGemmaPiece(text)?.role ?? rolesOfTypes[pieceType(types, id)] ?? "word"
    );
    const having: Record<PieceRole, Token[]> = { mark: [], atom: [], byte: [], word: [] };
    this.#roles.forEach((role, id) => having[role].push(id as Token));
    this.marks = having.mark;
    this.atoms = having.atom.map((token) => this.#textOf(token)).sort((a, b) => b.length - a.length);
    for (const role of ["atom", "word"] as const)
      for (const token of having[role]) this.#tokens.set(this.#textOf(token), token);
    for (const token of having.word) {
      const word = this.#textOf(token);
      for (let at = word.indexOf("▁", 1); at !== -1; at = word.indexOf("▁", at + 1))
        this.#beforeBlank.add(word.charAt(at - 1));
    }
    this.longestPiece = this.#texts.reduce((longest, text) => Math.max(longest, text.length), 1);
    const bytes = having.byte.sort((a, b) => this.#byteOf(a) - this.#byteOf(b));
    if (bytes.length !== 256) {
      throw new MedGemmaError(
        "MODEL_MISMATCH",
        `${path} has ${bytes.length} byte tokens in its vocabulary; expected 256, as Gemma 3 has.`
      );
    }
    this.bytes = bytes;
  }

  /** @param text Blanks escaped. @returns undefined where text cannot become one token */
  find(text: string): Token | undefined {
    return this.#tokens.get(text);
  }

  /** Can one piece have this character and a blank behind it? Where none can, no merge ever joins them. */
  canPrecedeBlank(character: string): boolean {
    return this.#beforeBlank.has(character);
  }

  tokensOfBytes(bytes: Iterable<number>): Token[] {
    return Array.from(bytes).flatMap((byte) => this.bytes[byte] ?? []);
  }

  /** Of two merges, the one with the higher score comes first. */
  scoreOf(token: Token): number {
    return this.#scores[token] ?? 0;
  }

  /** What a token adds to an answer, in UTF-8; nothing for a mark. */
  decode(token: Token): Uint8Array {
    const role = this.#roles[token];
    if (role === "mark" || role === undefined) return new Uint8Array();
    return role === "byte" ? Uint8Array.of(this.#byteOf(token)) : Buffer.from(this.#textOf(token).replaceAll("▁", " "));
  }

  #textOf(token: Token): string {
    return this.#texts[token] ?? "";
  }

  #byteOf(token: Token): number {
    return parseInt(this.#textOf(token).slice("<0x".length), 16);
  }
}

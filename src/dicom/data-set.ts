/** The attributes of one DICOM data set or item. Values are looked up when asked for; nothing else is read. */
import { DicomError } from "./dicom-error.js";
import { readElements, readItems, type Element, type Elements, type Encoding } from "./elements.js";
import { tags, type Tag } from "./tags.js";

/** Texts longer than this are no coded value, number or UID: the longest are 64 characters, 16 for each number. */
const maxTextBytes = 4096;

/** DS and IS of PS3.5 6.2; "0x10" and "Infinity" are numbers in JavaScript alone. */
const decimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** A number as a program with the comma of its country writes it: PS3.5 6.2 wants a point. */
const decimalComma = /^[-+]?\d*,\d+(?:[eE][-+]?\d+)?$/;

export class DataSet {
  readonly bytes: Uint8Array;
  readonly isLittleEndian: boolean;
  readonly #encoding: Encoding;
  readonly #elements: Elements;
  readonly #view: DataView;
  readonly #items = new Map<Tag, readonly (() => DataSet)[]>();
  readonly #blocks = new Map<string, string | null>();

  constructor(bytes: Uint8Array, elements: Elements, encoding: Encoding) {
    this.bytes = bytes;
    this.isLittleEndian = encoding.isLittleEndian;
    this.#encoding = encoding;
    this.#elements = elements;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  has(tag: Tag): boolean {
    return (this.#elements.get(tag)?.length ?? 0) > 0;
  }

  element(tag: Tag): Element | undefined {
    return this.#elements.get(tag);
  }

  /** Whether there are overlay planes: groups 6000 to 60FF (PS3.3 C.9.2). */
  hasOverlay(): boolean {
    return [...this.#elements.keys()].some((tag) => /^x60[\da-f]{2}(?:0010|3000)$/.test(tag));
  }

  /**
   * An attribute of a maker, which stands in whatever block of its group the maker has reserved (PS3.5 7.8.1): archives and
   * de-identification move blocks.
   *
   * @param creator The name that the maker reserves a block with.
   * @returns the tag in this file; null where the maker has no block
   */
  ofMaker(tag: Tag, creator: RegExp): Tag | null {
    const group = tag.slice(0, 5);
    const key = `${group} ${creator.source}`;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      const reserved = Array.from({ length: 0xf0 }, (_one, index) => (index + 0x10).toString(16));
      block = reserved.find((one) => creator.test(this.text(`${group}00${one}` as Tag) ?? "")) ?? null;
      this.#blocks.set(key, block);
    }
    return block === null ? null : (`${group}${block}${tag.slice(7)}` as Tag);
  }

  /** The bytes of a value; undefined when it is missing or reaches behind the end of the file. */
  value(tag: Tag): Uint8Array | undefined {
    const element = this.#elements.get(tag);
    if (element === undefined || element.length === 0) return undefined;
    const end = element.offset + element.length;
    return end > this.bytes.length ? undefined : this.bytes.subarray(element.offset, end);
  }

  /** Backslash-separated values without padding; empty when missing. */
  texts(tag: Tag): string[] {
    const value = this.value(tag);
    if (value === undefined || value.length > maxTextBytes) return [];
    const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1");
    return text.split("\\").map((one) => one.replace(/^[\s\0]+|[\s\0]+$/g, ""));
  }

  text(tag: Tag): string | undefined {
    const [first] = this.texts(tag);
    return first === "" ? undefined : first;
  }

  /** The values of a decimal or integer string (DS, IS), a comma in them taken for the point; NaN for what is no number. */
  numbers(tag: Tag): number[] {
    return this.texts(tag).map((text) =>
      decimal.test(text) ? Number(text) : decimalComma.test(text) ? Number(text.replace(",", ".")) : Number.NaN
    );
  }

  number(tag: Tag): number | undefined {
    const [first] = this.numbers(tag);
    return first === undefined || Number.isNaN(first) ? undefined : first;
  }

  /** The same, of an attribute that changes values. @throws DicomError for a text that is no number: to go on without it would show something else */
  neededNumber(tag: Tag, name: string): number | undefined {
    if (this.text(tag) === undefined) return undefined;
    const number = this.number(tag);
    if (number === undefined || !Number.isFinite(number)) throw new DicomError(`its ${name} is not a number`);
    return number;
  }

  hasDecimalComma(tag: Tag): boolean {
    return this.texts(tag).some((text) => decimalComma.test(text));
  }

  /** A value of 16 bits (US, or SS with `isSigned`). */
  word(tag: Tag, { index = 0, isSigned = false } = {}): number | undefined {
    const value = this.value(tag);
    if (value === undefined || value.length < 2 * (index + 1)) return undefined;
    const offset = value.byteOffset - this.bytes.byteOffset + 2 * index;
    return isSigned
      ? this.#view.getInt16(offset, this.isLittleEndian)
      : this.#view.getUint16(offset, this.isLittleEndian);
  }

  /** A value of 32 bits (UL, or SL with `isSigned`). */
  long(tag: Tag, { isSigned = false } = {}): number | undefined {
    const value = this.value(tag);
    if (value === undefined || value.length < 4) return undefined;
    const offset = value.byteOffset - this.bytes.byteOffset;
    return isSigned
      ? this.#view.getInt32(offset, this.isLittleEndian)
      : this.#view.getUint32(offset, this.isLittleEndian);
  }

  /** All values of 32 bits (UL); empty when missing. */
  longs(tag: Tag): number[] {
    const value = this.value(tag);
    if (value === undefined || value.length % 4 !== 0 || value.length > maxTextBytes) return [];
    return Array.from({ length: value.length / 4 }, (_one, index) =>
      this.#view.getUint32(value.byteOffset - this.bytes.byteOffset + 4 * index, this.isLittleEndian)
    );
  }

  /** A floating-point number of 32 bits (FL). */
  float(tag: Tag): number | undefined {
    const value = this.value(tag);
    return value === undefined || value.length < 4
      ? undefined
      : this.#view.getFloat32(value.byteOffset - this.bytes.byteOffset, this.isLittleEndian);
  }

  /** Floating-point numbers of 64 bits (FD). */
  doubles(tag: Tag): number[] {
    const value = this.value(tag);
    if (value === undefined || value.length % 8 !== 0 || value.length > maxTextBytes) return [];
    return Array.from({ length: value.length / 8 }, (_one, index) =>
      this.#view.getFloat64(value.byteOffset - this.bytes.byteOffset + 8 * index, this.isLittleEndian)
    );
  }

  /** The items of a sequence; empty when it is missing. @throws DicomError for a damaged one */
  items(tag: Tag): DataSet[] {
    return this.#itemsOf(tag).map((item) => item());
  }

  /** The attributes of a functional group of a frame (from 0): its own, the shared ones, or those of the file itself. */
  functionalGroup(tag: Tag, frame: number): DataSet {
    const perFrame = this.#itemsOf(tags.PerFrameFunctionalGroupsSequence)[frame]?.().items(tag)[0];
    return perFrame ?? this.#itemsOf(tags.SharedFunctionalGroupsSequence)[0]?.().items(tag)[0] ?? this;
  }

  /** Read when asked for, and once: an enhanced file has an item for each of thousands of frames. */
  #itemsOf(tag: Tag): readonly (() => DataSet)[] {
    const known = this.#items.get(tag);
    if (known !== undefined) return known;
    const element = this.#elements.get(tag);
    const items =
      element === undefined
        ? []
        : readItems(this.bytes, element, this.#encoding).map(({ start, end, encoding }) => {
            let read: DataSet | undefined;
            return () => (read ??= new DataSet(this.bytes, readElements(this.bytes, start, end, encoding), encoding));
          });
    this.#items.set(tag, items);
    return items;
  }
}

/** The attributes of one DICOM data set or item. Values are looked up when asked for; nothing else is read. */
import type { Element } from "dicom-parser";
import { tags, type Tag } from "./tags.js";

/** Texts longer than this are no coded value, number or UID: the longest are 64 characters, 16 for each number. */
const maxTextBytes = 4096;

export class DataSet {
  readonly bytes: Uint8Array;
  readonly isLittleEndian: boolean;
  readonly #elements: Readonly<Record<string, Element>>;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, elements: Readonly<Record<string, Element>>, isLittleEndian: boolean) {
    this.bytes = bytes;
    this.isLittleEndian = isLittleEndian;
    this.#elements = elements;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  has(tag: Tag): boolean {
    return (this.#elements[tag]?.length ?? 0) > 0;
  }

  element(tag: Tag): Element | undefined {
    return this.#elements[tag];
  }

  /** Whether there are overlay planes: groups 6000 to 60FF (PS3.3 C.9.2). */
  hasOverlay(): boolean {
    return Object.keys(this.#elements).some((tag) => /^x60[\da-f]{2}(?:0010|3000)$/.test(tag));
  }

  /** The bytes of a value; undefined when it is missing or reaches behind the end of the file. */
  value(tag: Tag): Uint8Array | undefined {
    const element = this.#elements[tag];
    if (element === undefined || element.length === 0) return undefined;
    const end = element.dataOffset + element.length;
    return end > this.bytes.length ? undefined : this.bytes.subarray(element.dataOffset, end);
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

  /** The values of a decimal or integer string (DS, IS); NaN for what is no number. */
  numbers(tag: Tag): number[] {
    return this.texts(tag).map((text) => (text === "" ? Number.NaN : Number(text)));
  }

  number(tag: Tag): number | undefined {
    const [first] = this.numbers(tag);
    return first === undefined || Number.isNaN(first) ? undefined : first;
  }

  /** A value of 16 bits (US, or SS with `isSigned`). */
  word(tag: Tag, { index = 0, isSigned = false } = {}): number | undefined {
    const value = this.value(tag);
    if (value === undefined || value.length < 2 * (index + 1)) return undefined;
    const offset = value.byteOffset - this.bytes.byteOffset + 2 * index;
    return isSigned ? this.#view.getInt16(offset, this.isLittleEndian) : this.#view.getUint16(offset, this.isLittleEndian);
  }

  /** A value of 32 bits (UL, or SL with `isSigned`). */
  long(tag: Tag, { isSigned = false } = {}): number | undefined {
    const value = this.value(tag);
    if (value === undefined || value.length < 4) return undefined;
    const offset = value.byteOffset - this.bytes.byteOffset;
    return isSigned ? this.#view.getInt32(offset, this.isLittleEndian) : this.#view.getUint32(offset, this.isLittleEndian);
  }

  /** The items of a sequence; empty when it is missing. */
  items(tag: Tag): DataSet[] {
    const items = this.#elements[tag]?.items ?? [];
    return items.flatMap(({ dataSet }) => (dataSet === undefined ? [] : [new DataSet(this.bytes, dataSet.elements, this.isLittleEndian)]));
  }

  /** The attributes of a functional group of a frame (from 0): its own, the shared ones, or those of the file itself. */
  functionalGroup(tag: Tag, frame: number): DataSet {
    const perFrame = this.#item(tags.PerFrameFunctionalGroupsSequence, frame)?.items(tag)[0];
    return perFrame ?? this.#item(tags.SharedFunctionalGroupsSequence, 0)?.items(tag)[0] ?? this;
  }

  /** One item, without making objects of thousands of others. */
  #item(tag: Tag, index: number): DataSet | undefined {
    const dataSet = this.#elements[tag]?.items?.[index]?.dataSet;
    return dataSet === undefined ? undefined : new DataSet(this.bytes, dataSet.elements, this.isLittleEndian);
  }
}

/**
 * Bytes → the attributes of one data set or item (PS3.5 7), without those of the sequences in it: these are read when somebody asks
 * for them, and damage in a sequence that nobody needs costs nothing. Our own, as no library on npm reads what scanners write:
 * implicit items in explicit files, sequences written as UN, offset tables of odd lengths.
 */
import { DicomError } from "./dicom-error.js";

/** How attributes are written. */
export interface Encoding {
  readonly vr: "explicit" | "implicit";
  readonly isLittleEndian: boolean;
}

/** One attribute, its value where it lies. */
export interface Element {
  /** null in implicit files. */
  readonly vr: string | null;
  /** Of the value in bytes; of pixels with an undefined length to the end of the file. */
  readonly length: number;
  readonly offset: number;
  readonly hasUndefinedLength: boolean;
}

/** By tag, as tags.ts writes them. */
export type Elements = ReadonlyMap<string, Element>;

/** Where an item of a sequence lies. */
export interface Item {
  readonly start: number;
  /** Behind its last attribute. */
  readonly end: number;
  readonly encoding: Encoding;
}

/** Encapsulated pixels (PS3.5 A.4). */
export interface Encapsulated {
  /** The Basic Offset Table. */
  readonly offsets: readonly number[];
  readonly fragments: readonly Fragment[];
}

export interface Fragment {
  /** Of its item, from the end of the offset table. */
  readonly offset: number;
  /** Of its bytes in the file. */
  readonly position: number;
  readonly length: number;
}

/** A file of a stranger may hold more attributes than memory has room for: room for 10,000 frames with 100 attributes each. */
const maxAttributes = 1_000_000;

/** Real files have up to ten. */
const maxDepth = 64;

const undefinedLength = 0xffff_ffff;

/** Of group FFFE, without a VR. */
const [item, itemDelimiter, sequenceDelimiter] = [0xfffe_e000, 0xfffe_e00d, 0xfffe_e0dd];

/** VRs whose length takes 32 bits, behind two bytes that mean nothing (PS3.5 7.1.2). */
const longVrs: ReadonlySet<string> = new Set([
  "OB",
  "OD",
  "OF",
  "OL",
  "OV",
  "OW",
  "SQ",
  "SV",
  "UC",
  "UN",
  "UR",
  "UT",
  "UV"
]);

/**
 * @param end Where the attributes end; an item of undefined length ends before, at its delimiter.
 * @param until Reading stops behind the head of this attribute, which is kept.
 * @throws DicomError for attributes that reach behind the end of the bytes, or are too many
 */
export function readElements(
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: Encoding,
  until?: string
): Elements {
  return new Walker(bytes, start, encoding).elements(end, until);
}

/**
 * The attributes of the file's own group 0002, and where they end: little-endian and explicit (PS3.10 7.1), but some write them
 * implicit.
 *
 * @throws DicomError
 */
export function readMetaElements(
  bytes: Uint8Array,
  start: number
): { readonly elements: Elements; readonly end: number } {
  const walker = new Walker(bytes, start, { vr: "explicit", isLittleEndian: true });
  return { elements: walker.groupTwo(), end: walker.position };
}

/**
 * The items of a sequence, whatever VR it has: others write sequences as UN (PS3.5 6.2.2), with items in implicit or explicit
 * VR. None for what does not begin with an item.
 *
 * @throws DicomError as `readElements`
 */
export function readItems(bytes: Uint8Array, { offset, length, vr }: Element, encoding: Encoding): Item[] {
  const isLittleEndian = vr === "UN" || encoding.isLittleEndian;
  return new Walker(bytes, offset, { ...encoding, isLittleEndian }).items(Math.min(bytes.length, offset + length));
}

/** Whether the fragments lie within the bytes shows when one is wanted. @throws DicomError for what does not begin with an offset table */
export function readFragments(bytes: Uint8Array, { offset }: Element, isLittleEndian: boolean): Encapsulated {
  return new Walker(bytes, offset, { vr: "explicit", isLittleEndian }).fragments();
}

class Walker {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #encoding: Encoding;
  #position: number;
  #read = 0;

  constructor(bytes: Uint8Array, start: number, encoding: Encoding) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#encoding = encoding;
    this.#position = start;
  }

  get position(): number {
    return this.#position;
  }

  elements(end: number, until?: string): Elements {
    const elements = new Map<string, Element>();
    while (this.#position < end) {
      const { tag, element } = this.#element(this.#encoding.vr, until, 0);
      if (element === null) break;
      elements.set(nameOf(tag), element);
      if (nameOf(tag) === until) break;
    }
    return elements;
  }

  groupTwo(): Elements {
    const elements = new Map<string, Element>();
    const vr = this.#vrOfItem("explicit");
    while (this.#bytes[this.#position] === 0x02 && this.#bytes[this.#position + 1] === 0x00) {
      const { tag, element } = this.#element(vr, undefined, 0);
      if (element !== null) elements.set(nameOf(tag), element);
    }
    return elements;
  }

  items(end: number): Item[] {
    const items: Item[] = [];
    while (this.#position + 8 <= end) {
      const { tag, length } = this.#itemHead();
      if (tag !== item) break;
      const [start, vr] = [this.#position, this.#vrOfItem(this.#encoding.vr)];
      if (length === undefinedLength) this.#skipItem(vr, 1);
      else this.#position += length;
      items.push({ start, end: Math.min(end, this.#position), encoding: { ...this.#encoding, vr } });
    }
    return items;
  }

  fragments(): Encapsulated {
    const table = this.#itemHead();
    if (table.tag !== item) throw new DicomError("its compressed pixels do not begin with an offset table");
    const entries = Math.floor(Math.min(table.length, this.#bytes.length - this.#position) / 4);
    const offsets = Array.from({ length: Math.max(0, entries) }, (_one, index) =>
      this.#view.getUint32(this.#position + 4 * index, this.#encoding.isLittleEndian)
    );
    const base = (this.#position += table.length);
    const fragments: Fragment[] = [];
    while (this.#position + 8 <= this.#bytes.length) {
      const offset = this.#position - base;
      const { tag, length } = this.#itemHead();
      if (tag !== item) break; // the delimiter, or where one is missing
      fragments.push({ offset, position: this.#position, length });
      this.#position += length;
    }
    return { offsets, fragments };
  }

  /** One attribute and its value; null for a delimiter, which ends the item. */
  #element(
    vr: Encoding["vr"],
    until: string | undefined,
    depth: number
  ): { readonly tag: number; readonly element: Element | null } {
    this.#count();
    const tag = this.#tag();
    if (tag === itemDelimiter || tag === sequenceDelimiter || tag === item) {
      this.#position += 4;
      return { tag, element: null };
    }
    const head = vr === "explicit" ? this.#explicitHead() : { vr: null, length: this.#uint32() };
    const offset = this.#position;
    const hasUndefinedLength = head.length === undefinedLength;
    if (until !== undefined && nameOf(tag) === until)
      return {
        tag,
        element: {
          vr: head.vr,
          offset,
          hasUndefinedLength,
          length: hasUndefinedLength ? this.#bytes.length - offset : head.length
        }
      };
    if (hasUndefinedLength && head.vr === "UN" && !this.#encoding.isLittleEndian) this.#skipLittleEndian(vr, depth + 1);
    else if (hasUndefinedLength) this.#skipSequence(vr, depth + 1);
    else {
      const left = this.#bytes.length - offset;
      if (head.length > left)
        throw new DicomError(
          `it is damaged or cut off: its attribute (${nameOf(tag).slice(1, 5)},${nameOf(tag).slice(5)}) has ${head.length} bytes, and ${left} are there`
        );
      this.#position = offset + head.length;
    }
    return { tag, element: { vr: head.vr, offset, hasUndefinedLength, length: this.#position - offset } };
  }

  #explicitHead(): { readonly vr: string; readonly length: number } {
    const vr = String.fromCharCode(this.#byte(), this.#byte());
    if (!longVrs.has(vr)) return { vr, length: this.#uint16() };
    this.#position += 2;
    return { vr, length: this.#uint32() };
  }

  /** To behind the delimiter; fragments of compressed pixels, in an icon say, are items too. A delimiter that is missing is the end of the bytes. */
  #skipSequence(vr: Encoding["vr"], depth: number): void {
    if (depth > maxDepth) throw new DicomError(`it has sequences in sequences, more than ${maxDepth} deep`);
    while (this.#position + 8 <= this.#bytes.length) {
      const { tag, length } = this.#itemHead();
      if (tag === sequenceDelimiter) return;
      if (tag !== item) throw new DicomError("it is damaged: something else than items stands in a sequence");
      if (length === undefinedLength) this.#skipItem(this.#vrOfItem(vr), depth);
      else this.#position += length;
    }
    this.#position = this.#bytes.length;
  }

  /** What is UN is little-endian, also in a big-endian file (PS3.5 6.2.2). */
  #skipLittleEndian(vr: Encoding["vr"], depth: number): void {
    const walker = new Walker(this.#bytes, this.#position, { ...this.#encoding, isLittleEndian: true });
    walker.#read = this.#read;
    walker.#skipSequence(vr, depth);
    this.#position = walker.#position;
    this.#read = walker.#read;
  }

  #skipItem(vr: Encoding["vr"], depth: number): void {
    while (this.#position + 8 <= this.#bytes.length) {
      if (this.#element(vr, undefined, depth).element === null) return;
    }
    this.#position = this.#bytes.length;
  }

  /** As pydicom: items in explicit ones may be implicit, but not the other way round. Two capital letters are a VR; as a length they would be 16 kB. */
  #vrOfItem(outer: Encoding["vr"]): Encoding["vr"] {
    if (outer === "implicit") return outer;
    const isLetter = (byte: number | undefined) => byte !== undefined && byte >= 0x41 && byte <= 0x5a;
    return isLetter(this.#bytes[this.#position + 4]) && isLetter(this.#bytes[this.#position + 5])
      ? "explicit"
      : "implicit";
  }

  #itemHead(): { readonly tag: number; readonly length: number } {
    this.#count();
    return { tag: this.#tag(), length: this.#uint32() };
  }

  #tag(): number {
    return this.#uint16() * 2 ** 16 + this.#uint16();
  }

  #byte(): number {
    this.#need(1);
    return this.#view.getUint8(this.#position++);
  }

  #uint16(): number {
    this.#need(2);
    this.#position += 2;
    return this.#view.getUint16(this.#position - 2, this.#encoding.isLittleEndian);
  }

  #uint32(): number {
    this.#need(4);
    this.#position += 4;
    return this.#view.getUint32(this.#position - 4, this.#encoding.isLittleEndian);
  }

  #need(count: number): void {
    if (this.#position + count > this.#bytes.length)
      throw new DicomError("it is damaged or cut off: it ends within an attribute");
  }

  #count(): void {
    this.#read += 1;
    if (this.#read > maxAttributes) throw new DicomError("it has more attributes than a picture can have");
  }
}

/** "x00280010" */
function nameOf(tag: number): string {
  return `x${tag.toString(16).padStart(8, "0")}`;
}

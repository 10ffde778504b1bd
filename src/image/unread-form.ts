/** A form of a known format that is not read here, though the file may be whole: "JPEG 2000 with a palette". */
export class UnreadForm extends Error {
  override readonly name = "UnreadForm";
}

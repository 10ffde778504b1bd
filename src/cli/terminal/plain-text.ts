/**
 * Text from a model, a file name or a GGUF header → text that a terminal only shows. Escape codes in it could otherwise
 * rename the window, hide lines or type into the shell.
 */

/** C0 controls except tab and line feed, DEL, the C1 controls, and the marks that turn the writing direction. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A name is one line, and no part of it looks like another: nor breaks, tabs, weaker marks of direction, or zero-width characters. */
const unprintableInNames =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

export function plainText(text: string): string {
  return text.replace(unprintable, "");
}

/** The name of a file, a model, a key: in one line. */
export function plainName(name: string): string {
  return name.replace(unprintableInNames, "");
}

/** JSON with the same value that a terminal only shows: what it would obey, or hide, is escaped. */
export function plainJson(json: string): string {
  // Outside of strings JSON has none of them but the line breaks of its layout.
  return json.replace(
    /[\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`
  );
}

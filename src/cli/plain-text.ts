/**
 * Text from a model, a file name or a GGUF header → text that a terminal only shows. Escape codes in it could otherwise
 * rename the window, hide lines or type into the shell.
 */

/** C0 controls except tab and line feed, DEL, the C1 controls, and the marks that turn the writing direction. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

export function plainText(text: string): string {
  return text.replace(unprintable, "");
}

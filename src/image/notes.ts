/** The notes of a picture, as they are put into reports: left out when there are none. */
export function notesOf({ notes = [] }: { readonly notes?: readonly string[] | undefined }): {
  readonly notes?: readonly string[];
} {
  return notes.length === 0 ? {} : { notes };
}

/** The same of its warnings. */
export function warningsOf({ warnings = [] }: { readonly warnings?: readonly string[] | undefined }): {
  readonly warnings?: readonly string[];
} {
  return warnings.length === 0 ? {} : { warnings };
}

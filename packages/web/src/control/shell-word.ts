// Words for a shell, in commands that the page shows to be copied.

/** A word for a shell, in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:@=,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

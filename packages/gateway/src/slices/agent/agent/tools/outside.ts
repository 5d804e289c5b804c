/** What a tool found outside, with a line that says what it is. Whatever a tool answers is framed when a model is shown it. */
export function fromOutside(source: string, text: string): string {
  return `${source}:\n${text}`;
}

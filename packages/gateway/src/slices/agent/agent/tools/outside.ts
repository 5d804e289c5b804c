/** Adds a line to a result from outside that says what it is. Every tool result is framed when a model sees it. */
export function fromOutside(source: string, text: string): string {
  return `${source}:\n${text}`;
}

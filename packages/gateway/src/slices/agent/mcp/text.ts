/** Words of a server as they stand in a description: one paragraph, no control characters. */
export function printableText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

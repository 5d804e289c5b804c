/** How many columns a text takes on a terminal. */

/** Columns a text takes on a terminal: East Asian wide characters and emoji take two, colour codes none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of withoutCodes(text)) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]|\p{Emoji_Presentation}/u;

/** Text without the codes that colour it. */
export function withoutCodes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the codes
  return text.replace(/\x1b\[[0-9;]*m/g, "");
}

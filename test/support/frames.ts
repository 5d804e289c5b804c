/** What a model is shown of other people's words, taken apart again (`kit/text/framing.ts` says how frames look). */

/** One frame: whose words, as the gateway says it, and the words. */
export interface Frame {
  readonly mark: string;
  readonly about: string;
  readonly text: string;
}

const HEAD = /^\[([0-9a-f]{16}) (.*)\]$/;

/** The frames of a text, in order. Lines outside of frames are left out. */
export function framesIn(shown: string): Frame[] {
  const frames: { mark: string; about: string; lines: string[] }[] = [];
  let isOpen = false;
  for (const line of shown.split("\n")) {
    const head = HEAD.exec(line);
    if (head) frames.push({ mark: head[1]!, about: head[2]!, lines: [] });
    else if (isOpen && line.startsWith("| ")) frames.at(-1)!.lines.push(line.slice(2));
    isOpen = head !== null || (isOpen && line.startsWith("| "));
  }
  return frames.map(({ mark, about, lines }) => ({ mark, about, text: lines.join("\n") }));
}

/** Each frame as "about: text". */
export function wordsIn(shown: string): string[] {
  return framesIn(shown).map(({ about, text }) => `${about}: ${text}`);
}

/** What stands in no frame. */
export function plainIn(shown: string): string {
  let isOpen = false;
  const lines = shown.split("\n").filter((line) => {
    isOpen = HEAD.test(line) || (isOpen && line.startsWith("| "));
    return !isOpen;
  });
  return lines.join("\n").trim();
}

/** The words of a text that is one frame; the text itself when it is none. */
export function unframed(shown: string): string {
  // Pictures come in parts.
  if (typeof shown !== "string") return shown;
  const [only, ...more] = framesIn(shown);
  return only && more.length === 0 && plainIn(shown) === "" ? only.text : shown;
}

/** Replaces what each run has anew by a word, so that texts of two runs can be compared. */
export function markless(shown: string): string {
  return shown.replace(/(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])/g, "MARK");
}

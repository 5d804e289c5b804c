/** How commands are shown to people who decide about them: everything that is there can be seen. */

/** What shows nothing, or moves what stands beside it: controls, marks of direction, odd spaces. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Whether a text holds characters that cannot be seen, line breaks and tabs aside. */
export function hidesSomething(text: string): boolean {
  return visible(text) !== text;
}

/** The text with whatever cannot be seen spelled out. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (found) =>
    found === "\n" || found === "\t" ? found : `\\u{${found.codePointAt(0)!.toString(16)}}`,
  );
}

/** A fenced block of Markdown that its text cannot end. */
export function fenced(text: string, language = ""): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

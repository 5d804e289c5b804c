/** Detects text of a model that is a quotation: tool results and people's messages are not calls that the model makes. */
import type { ModelMessage } from "../port.ts";

/** The texts of others in a conversation. They are prepared when they are first asked for. */
export class Quotations {
  readonly #messages: readonly ModelMessage[];
  #texts: readonly string[] | undefined;

  constructor(messages: readonly ModelMessage[]) {
    this.#messages = messages;
  }

  /** Takes time linear in the length of what was written and of the conversation. */
  hold(written: string): boolean {
    this.#texts ??= this.#messages.flatMap(textsOf).map(bare);
    const wanted = bare(written);
    const steps = fallbacks(wanted);
    return this.#texts.some((text) => includes(text, wanted, steps));
  }
}

function textsOf(message: ModelMessage): string[] {
  if (message.role === "assistant") return [];
  if (message.role === "tool") return message.replies.map(({ text }) => text);
  return message.content.flatMap((part) => (part.kind === "text" ? [part.text] : []));
}

/** Without what frames, line breaks and escapes add to a quotation. */
function bare(text: string): string {
  return text
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;|&#34;/g, '"')
    .replace(/[\s|\\]+/g, "");
}

/**
 * Like `text.includes(wanted)`, which takes quadratic time when both repeat themselves (Knuth, Morris and Pratt 1977).
 * `steps` are the `fallbacks` of `wanted`.
 */
function includes(text: string, wanted: string, steps: Uint32Array): boolean {
  let matched = 0;
  for (let at = 0; at < text.length && matched < wanted.length; at++) {
    const code = text.charCodeAt(at);
    while (matched > 0 && wanted.charCodeAt(matched) !== code) matched = steps[matched - 1]!;
    if (wanted.charCodeAt(matched) === code) matched++;
  }
  return matched === wanted.length;
}

/** For each beginning of a text, how long the longest end of it is that is also a beginning. */
function fallbacks(wanted: string): Uint32Array {
  const steps = new Uint32Array(wanted.length);
  for (let at = 1, matched = 0; at < wanted.length; at++) {
    const code = wanted.charCodeAt(at);
    while (matched > 0 && wanted.charCodeAt(matched) !== code) matched = steps[matched - 1]!;
    if (wanted.charCodeAt(matched) === code) matched++;
    steps[at] = matched;
  }
  return steps;
}

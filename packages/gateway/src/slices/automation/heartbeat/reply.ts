/** Reads a reply to a heartbeat: whether the agent says that nothing needs attention (protocol: heartbeat). */

/** The word that says so. */
export const OK_WORD = "HEARTBEAT_OK";

export type HeartbeatReply =
  | { readonly kind: "ok-empty" }
  | { readonly kind: "ok-token" }
  | { readonly kind: "alert"; readonly text: string; readonly hasMedia: boolean };

const AT_START = new RegExp(`^${OK_WORD}(?![A-Za-z0-9_])`);
const AT_END = new RegExp(`(?<![A-Za-z0-9_])${OK_WORD}[.!]?$`);
const MEDIA = /^MEDIA:\s*\S|!\[[^\]]*\]\([^)]+\)/m;

/** `ackMaxChars` is how much may be beside the word. A word in the middle of a text is a part of it. */
export function readReply(reply: string, ackMaxChars: number): HeartbeatReply {
  const text = reply.trim();
  if (text === "") return { kind: "ok-empty" };
  const hasMedia = MEDIA.test(text);
  const rest = withoutWord(text);
  if (rest === undefined) return { kind: "alert", text, hasMedia };
  if (!hasMedia && rest.length <= ackMaxChars) return { kind: "ok-token" };
  return { kind: "alert", text: rest, hasMedia };
}

/** What is beside the word; undefined when it is neither at the start nor at the end. */
function withoutWord(text: string): string | undefined {
  if (!text.includes(OK_WORD)) return undefined;
  let rest = unwrapped(text);
  let isFound = false;
  while (AT_START.test(rest) || AT_END.test(rest)) {
    rest = unwrapped(rest.replace(AT_START, "").replace(AT_END, ""));
    isFound = true;
  }
  return isFound ? rest : undefined;
}

/** Without marks of bold and code, and HTML tags, around the word. */
function unwrapped(text: string): string {
  return text
    .replace(/<\/?[a-zA-Z][^>]{0,200}>(?=\s*HEARTBEAT_OK)|(?<=HEARTBEAT_OK\s*)<\/?[a-zA-Z][^>]{0,200}>/g, "")
    .replace(/^[*`~_\s]+(?=HEARTBEAT_OK)|(?<=HEARTBEAT_OK)[*`~_\s]+$/g, "")
    .replace(/(?<=^HEARTBEAT_OK)[*`~_]+|[*`~]+(?=HEARTBEAT_OK$)/g, "")
    .trim();
}

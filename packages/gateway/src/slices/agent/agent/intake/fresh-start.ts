/** Messages that begin a conversation anew: "/new", "/reset what is…" (protocol: session.resetTriggers). */
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";

/** A message without its trigger. */
export interface FreshStart {
  /** The command when nothing follows the trigger. */
  readonly message: string;
  readonly startsAnew: boolean;
  /** The removed prefix. */
  readonly prefix: string;
}

/** The command that every trigger stands for, under its names. */
const COMMANDS: readonly string[] = ["/new", "/reset"];

/** Removes the trigger from a message of a person who may begin the conversation anew. */
export function freshStart(message: string, triggers: readonly string[], mayReset: boolean): FreshStart {
  const said = message.trimStart();
  const trigger = triggers.find((each) => {
    const after = said.slice(each.length);
    return said.toLowerCase().startsWith(each.toLowerCase()) && (after === "" || /^\s/.test(after));
  });
  if (trigger === undefined || !mayReset) return { message, startsAnew: false, prefix: "" };
  const rest = said.slice(trigger.length).trim();
  if (rest === "") {
    const command = COMMANDS.find((each) => each === trigger.toLowerCase()) ?? COMMANDS[0]!;
    return { message: command, startsAnew: false, prefix: "" };
  }
  return { message: rest, startsAnew: true, prefix: said.slice(0, said.indexOf(rest, trigger.length)) };
}

/** Takes the prefix off a message as the transcript keeps it. */
export function withoutPrefix(content: readonly StoredPart[], prefix: string): StoredPart[] {
  if (prefix === "") return [...content];
  const at = content.findIndex(
    (part) => part.type === "text" && (part.from?.kind ?? "message") === "message" && part.text.includes(prefix),
  );
  return content.map((part, index) =>
    index === at && part.type === "text" ? { ...part, text: part.text.replace(prefix, () => "") } : part,
  );
}

/** Texts that tell an agent of a run that it has started. */
import { named } from "../../../../kit/text/one-line.ts";
import type { StoredPart } from "../../../core/sessions/messages/stored-message.ts";
import { errorOf } from "../run/report.ts";
import type { RunResult } from "../run/run.ts";

/** `spawn` is work in a new conversation, `send` a message to an existing one. */
export type DelegationKind = "spawn" | "send";

const MAX_RESULT_CHARS = 20_000;

/** The answer of a run, or why there is none, as the agent that asked is told. */
export function answerOf(result: RunResult): { text: string; isError: boolean } {
  const { outcome } = result;
  const problem = errorOf(result) ?? (outcome.kind === "aborted" ? "it was stopped" : undefined);
  const text = outcome.text.slice(0, MAX_RESULT_CHARS).toWellFormed();
  if (problem !== undefined)
    return { text: [`It failed: ${problem}`, text].filter(Boolean).join("\n\n"), isError: true };
  return { text: text === "" ? "It ended without saying anything." : text, isError: false };
}

/** The message that tells a conversation of the end of a run that it did not wait for. */
export function announcement(
  { kind, label, sessionKey }: { kind: DelegationKind; label: string; sessionKey: string },
  result: RunResult,
): StoredPart[] {
  const who = kind === "spawn" ? `The sub-agent “${named(label)}” has finished` : `${named(label)} has answered`;
  const text = `${who}. Tell the person what matters of it, in your own words; if there is nothing to tell, answer NO_REPLY.`;
  return [
    { type: "text", text, from: { kind: "gateway" } },
    { type: "text", text: answerOf(result).text, from: { kind: "answer", id: sessionKey } },
  ];
}

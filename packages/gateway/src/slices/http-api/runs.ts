/** Starts the run that a request asks for and follows it to its end; a caller that goes away ends it. */
import type { Gateway } from "../../gateway.ts";
import type { Caller } from "../../kit/access.ts";
import { readAttachments, storeAttachments } from "../agent/agent.ts";
import { agent as agentEvent } from "../agent/events.ts";
import type { RunResult } from "../agent/run.ts";
import type { Thinking } from "../models/port.ts";
import type { StoredPart } from "../sessions/transcript.ts";
import type { Conversation, GivenFile, GivenTurn } from "./conversation.ts";
import { refused } from "./exchange.ts";

/** What is to be run. */
export interface Wanted {
  readonly runId: string;
  readonly agentId: string | undefined;
  /** Canonical. */
  readonly sessionKey: string;
  readonly conversation: Conversation;
  readonly thinking: Thinking | undefined;
}

/**
 * Runs it. `onText` gets the answer piece by piece. A conversation that has no memory yet begins with the earlier turns
 * of the request; one that has remembers by itself. Throws what is wrong with the request; rejects with the signal's
 * reason when it aborts.
 */
export async function run(
  gateway: Gateway,
  { runId, agentId, sessionKey, conversation, thinking }: Wanted,
  { caller, signal, onText = () => {} }: { caller: Caller; signal: AbortSignal; onText?: (delta: string) => void },
): Promise<RunResult> {
  const { agent, bus } = gateway;
  const { message, instructions } = conversation;
  signal.throwIfAborted();
  const files = message.files.map(toAttachment);
  requireReadable(files);
  recall(gateway, sessionKey, conversation.earlier);
  let said = "";
  const tell = (delta: string) => {
    said += delta;
    if (delta !== "") onText(delta);
  };
  using _following = bus.on(agentEvent, (event) => {
    if (event.runId === runId && event.stream === "assistant") tell(String(event.data.delta ?? ""));
  });
  const accepted = agent.request(
    {
      message: message.text,
      attachments: files,
      idempotencyKey: runId,
      sessionKey,
      ...(agentId !== undefined && { agentId }),
      ...(instructions !== "" && { extraSystemPrompt: instructions }),
      ...(thinking !== undefined && { thinking }),
    },
    caller,
  );
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const onGone = () => {
    const known = agent.runs.known(runId);
    if (known?.kind === "open") agent.runs.abort(known.run, "rpc");
    reject(signal.reason);
  };
  signal.addEventListener("abort", onGone, { once: true });
  try {
    const result = await Promise.race([accepted.finished, gone]);
    const { text } = result.outcome;
    if (text.startsWith(said)) tell(text.slice(said.length));
    return result;
  } finally {
    signal.removeEventListener("abort", onGone);
  }
}

/** Puts the earlier turns of a request into a conversation in which nothing has been said. */
function recall({ sessions, store }: Gateway, sessionKey: string, turns: readonly GivenTurn[]): void {
  if (turns.length === 0) return;
  const known = sessions.get(sessionKey);
  if (known && sessions.transcript.count(known.sessionId) > 0) return;
  const messages = turns.map(({ role, text, files }) => {
    const attached = files.map(toAttachment);
    requireReadable(attached);
    const said: StoredPart[] = text.trim() === "" ? [] : [{ type: "text", text: text.replaceAll("\u0000", "") }];
    return { role, content: [...said, ...storeAttachments(readAttachments(attached), sessions.media)] };
  });
  store.transaction(() => {
    const session = sessions.ensure(sessionKey);
    for (const message of messages) if (message.content.length > 0) sessions.transcript.append(session, message);
  });
}

function toAttachment({ content, mimeType, fileName }: GivenFile) {
  return { content, ...(mimeType !== undefined && { mimeType }), ...(fileName !== undefined && { fileName }) };
}

/** Throws a 400 for a file that would be left out without a word. */
function requireReadable(files: readonly ReturnType<typeof toAttachment>[]): void {
  for (const file of files) {
    if (/^https?:/i.test(file.content)) {
      throw refused(400, "Files are not fetched from elsewhere; send them as base64 or a data: URL.");
    }
    if (readAttachments([file]).length === 1) continue;
    throw refused(
      400,
      `${file.fileName ?? "A file"} is neither a picture nor text; agents read pictures and text files.`,
    );
  }
}

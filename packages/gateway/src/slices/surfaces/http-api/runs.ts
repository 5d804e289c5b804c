/** Starts the run that a request asks for and follows it to its end; a caller that goes away ends it. */
import { defined } from "../../../base/defined.ts";
import { onAbort, within } from "../../../base/time/deadline.ts";
import type { Caller } from "../../../kit/access.ts";
import { oneLine } from "../../../kit/text/framing.ts";
import { readAttachments, storeAttachments, withPdfTexts } from "../../agent/agent/agent.ts";
import { agent as agentEvent } from "../../agent/agent/events.ts";
import type { RunResult } from "../../agent/agent/run/run.ts";
import type { Thinking } from "../../agent/models/port.ts";
import type { StoredPart } from "../../core/sessions/messages/stored-message.ts";
import type { HttpServices } from "./call.ts";
import type { Conversation, GivenFile, GivenTurn } from "./conversation.ts";
import { refused } from "./exchange.ts";

const MAX_FILES = 20;
const MAX_FILE_BYTES = 5_000_000;
const FETCH_MS = 20_000;

/** What is to be run. */
export interface WantedRun {
  readonly runId: string;
  readonly agentId: string | undefined;
  /** Canonical. */
  readonly sessionKey: string;
  readonly conversation: Conversation;
  readonly thinking: Thinking | undefined;
}

/**
 * Runs a request. `onText` gets the answer in pieces. A conversation without messages begins with the earlier turns of
 * the request; one with messages keeps its own. Throws what is wrong with the request; rejects with the signal's reason
 * when it aborts.
 */
export async function run(
  gateway: HttpServices,
  { runId, agentId, sessionKey, conversation, thinking }: WantedRun,
  { caller, signal, onText = () => {} }: { caller: Caller; signal: AbortSignal; onText?: (delta: string) => void },
): Promise<RunResult> {
  const { agent, bus } = gateway;
  const { message, instructions, results } = conversation;
  signal.throwIfAborted();
  const files = await attachmentsOf(message.files, { gateway, signal });
  await recall(gateway, sessionKey, conversation.earlier, signal);
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
      ...defined({ agentId }),
      ...(instructions !== "" && { extraSystemPrompt: instructions }),
      ...defined({ thinking }),
    },
    caller,
    results.map(({ text, tool }) => saidPart(text, tool)),
  );
  using _gone = onAbort(signal, () => {
    const known = agent.runs.known(runId);
    if (known?.kind === "open") agent.runs.abort(known.run, "rpc");
  });
  const result = await within(accepted.finished, { signal });
  const text = gateway.guard(result.outcome.text);
  if (text.startsWith(said)) tell(text.slice(said.length));
  return result;
}

/** Puts the earlier turns of a request into a conversation in which nothing has been said. */
async function recall(
  gateway: HttpServices,
  sessionKey: string,
  turns: readonly GivenTurn[],
  signal: AbortSignal,
): Promise<void> {
  const { sessions, store } = gateway;
  const isEmpty = () => {
    const known = sessions.get(sessionKey);
    return !known || sessions.transcript.count(known.sessionId) === 0;
  };
  if (turns.length === 0 || !isEmpty()) return;
  const messages: { role: GivenTurn["role"]; content: StoredPart[] }[] = [];
  for (const { role, text, files, tool } of turns) {
    const said = text.trim() === "" ? [] : [saidPart(text, tool)];
    const attached = readAttachments(await attachmentsOf(files, { gateway, signal }));
    messages.push({ role, content: [...said, ...storeAttachments(attached, sessions.media)] });
  }
  // Another request may have begun the conversation meanwhile.
  if (!isEmpty()) return;
  store.transaction(() => {
    const session = sessions.ensure(sessionKey);
    for (const message of messages) if (message.content.length > 0) sessions.transcript.append(session, message);
  });
}

/** A text part of a person, or of a result of the caller's tool, which is nobody's own words. */
function saidPart(text: string, tool: string | undefined): StoredPart {
  const part = { type: "text" as const, text: text.replaceAll("\u0000", "") };
  return tool === undefined ? part : { ...part, from: { kind: "tool", id: oneLine(tool) } };
}

/** A file as the `agent` method takes it. */
interface SentFile {
  readonly content: string;
  readonly mimeType?: string;
  readonly fileName?: string;
}

/**
 * The files of a request in the form of runs; addresses are fetched. Throws a 400 for a file that would be left out
 * silently.
 */
async function attachmentsOf(
  files: readonly GivenFile[],
  { gateway, signal }: { gateway: HttpServices; signal: AbortSignal },
): Promise<SentFile[]> {
  if (files.length > MAX_FILES) throw refused(400, `A message may carry ${MAX_FILES} files, not more.`);
  const sent: SentFile[] = [];
  for (const { content, ...about } of files) {
    const file = /^https?:/i.test(content) ? await fetched(content, { gateway, signal }) : { content };
    const [whole] = (await withPdfTexts([{ ...file, ...about }], { clock: gateway.clock, signal })) as [SentFile];
    const [read] = readAttachments([whole]);
    if (read === undefined || read.kind === "unread") {
      const name = about.fileName ?? "A file";
      throw refused(400, `${name} is neither a picture nor text; agents read pictures, text files and PDFs with text.`);
    }
    sent.push(whole);
  }
  return sent;
}

/** A file from an address, which must be on the public internet. Throws a 400 with why it could not be fetched. */
async function fetched(
  address: string,
  { gateway, signal }: { gateway: HttpServices; signal: AbortSignal },
): Promise<SentFile> {
  const { safeFetch, FetchError } = await import("../../../base/net/safe-fetch.ts");
  try {
    using answer = await safeFetch(address, {
      clock: gateway.clock,
      signal,
      maxBytes: MAX_FILE_BYTES,
      limitMs: FETCH_MS,
    });
    if (answer.status !== 200) throw new FetchError(`the server answers with status ${answer.status}`);
    return { content: (await answer.bytes()).toString("base64"), mimeType: answer.mimeType };
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw refused(400, `A file could not be fetched: ${error.message}. Send it as base64 or a data: URL.`);
  }
}

/** One run's answer by an external agent: the prompt, the updates, and what the transcript keeps. */
import { relative } from "node:path";
import { GatewayError } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Sessions } from "../../../core/sessions/sessions.ts";
import type { FinishReason, ModelPart, Usage } from "../../models/port.ts";
import type { Confined } from "../../workspace/files/confined.ts";
import type { FramingContext } from "../prompt/framed-parts.ts";
import { HISTORY_MESSAGES } from "../prompt/history.ts";
import type { Run } from "../run/run.ts";
import type { RunStep } from "../turn/loop.ts";
import type { By, TurnLog } from "../turn/turn-log.ts";
import type { OpenSession } from "./acp-sessions.ts";
import type { AcpLink, SessionPort } from "./link.ts";
import { answerOf, type Decision, questionOf } from "./permissions.ts";
import { promptOf } from "./prompt.ts";
import { StepQueue } from "./step-queue.ts";
import { Updates } from "./updates.ts";

/** What a turn rests on. */
export interface TurnPorts {
  readonly link: AcpLink;
  readonly clock: Clock;
  readonly sessions: Sessions;
  /** The agent's folder; `root` is its absolute path, because agents use absolute paths. */
  readonly files: Pick<Confined, "read" | "write">;
  readonly root: string;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  readonly log: TurnLog;
  readonly by: By;
  readonly record: FramingContext["record"];
  session(): Promise<OpenSession>;
  decide(question: string, signal: AbortSignal): Promise<Decision>;
  /** Ends a program that did not stop when it was told to. */
  stop(): void;
}

/** How long an agent may take to stop when it is told to. */
const CANCEL_MS = 2_000;
/** The most characters of one answer with its thoughts. */
const MAX_CHARS = 2_000_000;

const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  max_tokens: "length",
  refusal: "refusal",
  max_turn_requests: "other",
};

/** Asks the agent and yields what it does, turn by turn. Throws `UNAVAILABLE`, or the signal's reason. */
export async function* runAcpTurn(run: Run, session: OpenSession, ports: TurnPorts): AsyncGenerator<RunStep> {
  const { link, log, sessions, clock, by } = ports;
  const isRepeated = run.record.startedAt !== undefined;
  run.restore(log.takeUp(() => true).texts);
  run.signal.throwIfAborted();
  const prompt = promptOf(
    {
      runId: run.id,
      mark: run.mark,
      record: ports.record,
      transcript: sessions.transcript.last(run.record.sessionId, HISTORY_MESSAGES),
      remembers: session.remembers,
      seesPictures: link.seesPictures,
      extra: run.record.request.extraSystemPrompt,
      isRepeated,
    },
    sessions,
  );
  const steps = new StepQueue<RunStep>();
  const updates = new Updates({ now: () => clock.monotonic(), nameCall: (callId) => log.nameCall(callId) });
  const recorder = new TurnRecorder(ports);
  const take = (taken: readonly RunStep[]) => {
    for (const step of taken) {
      steps.push(step);
      if (recorder.take(step, updates.isCalling)) steps.push({ kind: "turn-end" });
    }
  };
  const finished = new AbortController();
  const onAbort = () => {
    link.cancel(session.id);
    clock.after(CANCEL_MS, () => {
      if (!finished.signal.aborted) ports.stop();
    });
  };
  run.signal.addEventListener("abort", onAbort, { once: true });
  yield { kind: "answering", ...by };
  link
    .prompt(
      session.id,
      prompt,
      portFor(ports, run, (update) => take(updates.take(update))),
    )
    .then(
      (answer) => {
        take(updates.abandon("The agent ended its turn without an answer to this."));
        take(endOf(answer));
        steps.end();
      },
      (error: unknown) => {
        take(updates.abandon("The agent ended while this was under way; whether it took effect is not known."));
        steps.end(error);
      },
    )
    .finally(() => {
      finished.abort();
      run.signal.removeEventListener("abort", onAbort);
    });
  yield* steps;
}

/** The port for an agent's updates and requests in this run. */
function portFor(
  { files, root, mayRead, mayWrite, decide }: TurnPorts,
  run: Run,
  onUpdate: SessionPort["update"],
): SessionPort {
  const within = (path: string) => relative(root, path);
  const refuse = (what: string): never => {
    throw new GatewayError("INVALID_REQUEST", `this run may not ${what} files`);
  };
  return {
    update: onUpdate,
    async permission(request, signal) {
      if (run.signal.aborted) return { outcome: { outcome: "cancelled" } };
      return answerOf(await decide(questionOf(request), AbortSignal.any([signal, run.signal])), request.options);
    },
    readFile: (path) => (mayRead ? files.read(within(path)).data.toString("utf8") : refuse("read")),
    writeFile: (path, content) => void (mayWrite ? files.write(within(path), content) : refuse("write")),
  };
}

/** The end of the answer, with usage where the agent reports it. */
function endOf(answer: { stopReason: string }): RunStep[] {
  const { usage } = answer as { usage?: { inputTokens?: number; outputTokens?: number; cachedReadTokens?: number } };
  const input = usage?.inputTokens ?? 0;
  const output = usage?.outputTokens ?? 0;
  const counted: Usage = { input, output, totalTokens: input + output };
  const note: RunStep[] =
    answer.stopReason === "max_turn_requests"
      ? [{ kind: "note", text: "Stopped after as many turns as this agent takes; say “go on” to continue." }]
      : [];
  return [
    ...note,
    ...(usage ? [{ kind: "usage" as const, usage: counted }] : []),
    { kind: "finish", reason: FINISH[answer.stopReason] ?? "other" },
  ];
}

/** Groups the answer into turns of text and tools for the transcript, and bounds the whole. */
class TurnRecorder {
  readonly #ports: TurnPorts;
  #content: ModelPart[] = [];
  #results: Extract<RunStep, { kind: "tool-result" }>[] = [];
  #chars = 0;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** Takes in a step; true when it ends a turn. */
  take(step: RunStep, isCalling: boolean): boolean {
    if (step.kind === "text" || step.kind === "reasoning") this.#say(step.kind, step.delta);
    else if (step.kind === "tool-start") this.#content.push({ kind: "tool-call", ...step.call });
    else if (step.kind === "tool-result") this.#results.push(step);
    if (step.kind !== "tool-result" || isCalling) return false;
    const { log, by } = this.#ports;
    log.keepTurn({ content: this.#content, usage: undefined }, by);
    for (const { call, result } of this.#results) log.keepResult(call, result);
    this.#content = [];
    this.#results = [];
    return true;
  }

  #say(kind: "text" | "reasoning", delta: string): void {
    this.#chars += delta.length;
    if (this.#chars > MAX_CHARS) this.#ports.stop();
    const last = this.#content.at(-1);
    const isSame = last?.kind === kind;
    if (isSame) this.#content.pop();
    this.#content.push({ kind, text: (isSame ? (last as { text: string }).text : "") + delta });
  }
}

/**
 * Runs the programs of jobs, under the rules of commands: what is not on the allowlist of the job's agent waits for a person
 * to allow it. A program that was under way when the gateway ended is not run again: nobody can tell what it has done.
 */
import { defined } from "../../../../base/defined.ts";
import { messageOf, TellableError } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import type { Payload } from "../jobs/jobs.ts";
import { conversationOf, deliver, post, type Turn, type Working } from "./work.ts";

export type ProgramPayload = Extract<Payload, { kind: "command" | "script" }>;

export const INTERRUPTED = "the gateway ended while the program was under way; it is not run again for this time";
/** What `exec` allows at most, s. */
const MAX_SECONDS = 3_600;
/** How long a program is waited for beside its own limit: a person may have to allow it first, ms. */
const PATIENCE_MS = 3_600_000;
const MAX_SAID_CHARS = 2_000;

export class Programs implements Disposable {
  readonly #working: Working;
  readonly #leaving = new AbortController();

  constructor(working: Working) {
    this.#working = working;
  }

  [Symbol.dispose](): void {
    if (this.#leaving.signal.aborted) return;
    this.#leaving.abort(new TellableError(INTERRUPTED));
    this.takeStock();
  }

  /** Records the end of programs that were under way when the gateway ended. */
  takeStock(): DeliverTo[] {
    const { slots, ends } = this.#working;
    return slots.runningPrograms().flatMap((slot) => ends.end(slot, { state: "error", error: INTERRUPTED }));
  }

  /** Starts a program; `ended` is called when its end is on disk, with the chats that have messages to send. */
  start(turn: Turn, payload: ProgramPayload, ended: (chats: readonly DeliverTo[]) => void): void {
    const { services, slots } = this.#working;
    slots.beginProgram(turn.slot.id, services.clock.now());
    const done = this.#run(turn, payload).then(
      ({ isOk, text }) => this.#end(turn, isOk, text),
      (error: unknown) => this.#end(turn, false, messageOf(error)),
    );
    done.then(
      (chats) => {
        if (chats) ended(chats);
      },
      (error: unknown) => services.log.error("the end of a job's program could not be recorded", { error }),
    );
  }

  async #run({ job }: Turn, payload: ProgramPayload): Promise<{ isOk: boolean; text: string }> {
    const { services } = this.#working;
    const { agents, approvals, clock } = services;
    const { cwd, env, timeoutSeconds } = payload;
    const seconds = Math.min(timeoutSeconds ?? MAX_SECONDS, MAX_SECONDS);
    const { sessionKey } = conversationOf(services, job);
    using limit = new DisposableStack();
    const late = limit.adopt(new AbortController(), (each) => each.abort());
    limit.use(clock.after(seconds * 1_000 + PATIENCE_MS, () => late.abort(new TellableError("it took too long"))));
    const starter = { principal: `cron:${job.id}`, scopes: ["operator.write"], name: job.config.name };
    const run = { id: newId(), agentId: job.config.agentId ?? agents.defaultId, sessionKey, sessionId: "", starter };
    const result = await approvals.exec(
      {
        command: payload.kind === "script" ? payload.script : payload.argv.map(quoted).join(" "),
        ...defined({ cwd }),
        ...(env && { env }),
        ...(timeoutSeconds !== undefined && { timeoutSeconds: seconds }),
      },
      { run: { ...run, audience: "owner" }, signal: AbortSignal.any([late.signal, this.#leaving.signal]) },
    );
    return { isOk: result.isError !== true && result.meta?.exitCode === 0, text: result.text };
  }

  /** Records the end, and puts what the program wrote on its way. */
  #end(turn: Turn, isOk: boolean, text: string): readonly DeliverTo[] | undefined {
    const { services, slots, ends } = this.#working;
    const { slot } = turn;
    if (this.#leaving.signal.aborted || slots.get(slot.id)?.state !== "running") return undefined;
    const output = isOk ? text.replace(/\n?\[exit code 0, [\d.]+ s\]$/, "") : text;
    const said = output.trim().slice(-MAX_SAID_CHARS).toWellFormed();
    return services.store.transaction(() => {
      if (!isOk) {
        const chats = ends.end(slot, { state: "error", error: said });
        if (turn.job.config.delivery.mode === "webhook") this.#postEnd(turn);
        return chats;
      }
      const { route, problem, isPosted } = said === "" ? this.#silent(turn) : deliver(this.#working, turn, said);
      const chats = ends.end(slot, { state: "ok", summary: said, undelivered: problem });
      if (isPosted) post(this.#working, turn);
      return route ? [route, ...chats] : chats;
    });
  }

  #postEnd(turn: Turn): void {
    this.#working.slots.deliver(turn.slot.id, "queued");
    post(this.#working, turn);
  }

  /** A program that writes nothing has nothing to say in a chat; its end is posted all the same. */
  #silent({ job, slot }: Turn): ReturnType<typeof deliver> {
    const { mode } = job.config.delivery;
    const { slots } = this.#working;
    if (mode === "webhook") {
      slots.deliver(slot.id, "queued");
      return { isPosted: true };
    }
    if (mode === "announce") slots.deliver(slot.id, "not-delivered", "the program wrote nothing");
    return {};
  }
}

/** A word that a shell takes as it is. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

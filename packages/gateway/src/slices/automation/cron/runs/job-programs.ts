/**
 * Runs the programs of jobs, under the rules of commands: what is not on the allowlist of the job's agent waits for a person
 * to allow it. A program that was under way when the gateway ended is not run again: nobody can tell what it has done.
 */
import { defined } from "../../../../base/defined.ts";
import { messageOf, TellableError } from "../../../../base/errors.ts";
import { newId } from "../../../../base/ids.ts";
import type { DeliverTo } from "../../../agent/agent/run/run-store.ts";
import type { Payload } from "../jobs/jobs.ts";
import { conversationOf, type DueJob, deliver, post, type WorkContext } from "./work.ts";

export type ProgramPayload = Extract<Payload, { kind: "command" | "script" }>;

export const INTERRUPTED = "the gateway ended while the program was under way; it is not run again for this time";
/** What `exec` allows at most, s. */
const MAX_SECONDS = 3_600;
/** How long a program is waited for beside its own limit: a person may have to allow it first, ms. */
const OVERTIME_MS = 3_600_000;
const MAX_SAID_CHARS = 2_000;

export class JobPrograms implements Disposable {
  readonly #context: WorkContext;
  readonly #leaving = new AbortController();

  constructor(context: WorkContext) {
    this.#context = context;
  }

  [Symbol.dispose](): void {
    if (this.#leaving.signal.aborted) return;
    this.#leaving.abort(new TellableError(INTERRUPTED));
    this.takeStock();
  }

  /** Records the end of programs that were under way when the gateway ended. */
  takeStock(): DeliverTo[] {
    const { slots, ends } = this.#context;
    return slots.runningPrograms().flatMap((slot) => ends.end(slot, { state: "error", error: INTERRUPTED }));
  }

  /** Starts a program; `ended` is called when its end is on disk, with the chats that have messages to send. */
  start(due: DueJob, payload: ProgramPayload, ended: (chats: readonly DeliverTo[]) => void): void {
    const { services, slots } = this.#context;
    slots.beginProgram(due.slot.id, services.clock.now());
    const done = this.#run(due, payload).then(
      ({ isOk, text }) => this.#end(due, isOk, text),
      (error: unknown) => this.#end(due, false, messageOf(error)),
    );
    done.then(
      (chats) => {
        if (chats) ended(chats);
      },
      (error: unknown) => services.log.error("the end of a job's program could not be recorded", { error }),
    );
  }

  async #run({ job }: DueJob, payload: ProgramPayload): Promise<{ isOk: boolean; text: string }> {
    const { services } = this.#context;
    const { agents, approvals, clock } = services;
    const { cwd, env, timeoutSeconds } = payload;
    const seconds = Math.min(timeoutSeconds ?? MAX_SECONDS, MAX_SECONDS);
    const { sessionKey } = conversationOf(services, job);
    using limit = new DisposableStack();
    const late = limit.adopt(new AbortController(), (each) => each.abort());
    limit.use(clock.after(seconds * 1_000 + OVERTIME_MS, () => late.abort(new TellableError("it took too long"))));
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
  #end(due: DueJob, isOk: boolean, text: string): readonly DeliverTo[] | undefined {
    const { services, slots, ends } = this.#context;
    const { slot } = due;
    if (this.#leaving.signal.aborted || slots.get(slot.id)?.state !== "running") return undefined;
    const output = isOk ? text.replace(/\n?\[exit code 0, [\d.]+ s\]$/, "") : text;
    const said = output.trim().slice(-MAX_SAID_CHARS).toWellFormed();
    return services.store.transaction(() => {
      if (!isOk) {
        const chats = ends.end(slot, { state: "error", error: said });
        if (due.job.config.delivery.mode === "webhook") this.#postEnd(due);
        return chats;
      }
      const { route, problem, isPosted } = said === "" ? this.#silent(due) : deliver(this.#context, due, said);
      const chats = ends.end(slot, { state: "ok", summary: said, undelivered: problem });
      if (isPosted) post(this.#context, due);
      return route ? [route, ...chats] : chats;
    });
  }

  #postEnd(due: DueJob): void {
    this.#context.slots.deliver(due.slot.id, "queued");
    post(this.#context, due);
  }

  /** A program that writes nothing has nothing to say in a chat; its end is posted all the same. */
  #silent({ job, slot }: DueJob): ReturnType<typeof deliver> {
    const { mode } = job.config.delivery;
    const { slots } = this.#context;
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

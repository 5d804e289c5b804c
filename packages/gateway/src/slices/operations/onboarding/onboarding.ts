/** The wizard: one at a time, kept in memory, in the hands of the device that began it. Its steps are in `steps/`. */
import type { Static } from "@sinclair/typebox";
import { GatewayError, invalidRequest, messageOf, TellableError } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import type { Caller } from "../../../kit/access.ts";
import type { ConnectionWatcher } from "../../../kit/host.ts";
import type { WizardState, WizardStep } from "./schema.ts";
import type { Answer, Services, Steps } from "./steps/step.ts";

/** A wizard that nobody answers for this long ends, ms. */
const IDLE_MS = 15 * 60_000;
/** The longest text that is taken for an answer. */
const MAX_ANSWER_CHARS = 4_096;

type State = Static<typeof WizardState>;

interface Outcome {
  readonly status: State;
  readonly error?: string;
}

/** How a wizard stands, as the wire says it. */
interface Progress extends Outcome {
  readonly done: boolean;
  readonly step?: Static<typeof WizardStep>;
}

interface Wizard {
  readonly id: string;
  readonly principal: string;
  /** The connection that follows it; undefined once that is closed. */
  connId: string | undefined;
  readonly steps: Steps;
  readonly stop: AbortController;
  step: Static<typeof WizardStep> | undefined;
  outcome: Outcome;
  isBusy: boolean;
  idle: Disposable | undefined;
}

export class Onboarding implements ConnectionWatcher, Disposable {
  readonly #gateway: Services;
  #wizard: Wizard | undefined;

  constructor(gateway: Services) {
    this.#gateway = gateway;
  }

  /** Begins a wizard. Throws `UNAVAILABLE` while one runs; one whose connection is gone gives way to its own device. */
  async begin(mode: "local" | "remote", caller: Caller): Promise<Progress & { sessionId: string }> {
    const running = this.#wizard?.outcome.status === "running" ? this.#wizard : undefined;
    const isLeft = running?.connId === undefined && running?.principal === caller.principal;
    if (running && !isLeft) throw new GatewayError("UNAVAILABLE", "wizard already running");
    if (running) this.#end(running, { status: "cancelled" });
    const stop = new AbortController();
    const wizard: Wizard = {
      ...{ id: newId(), principal: caller.principal, connId: caller.connId, stop },
      ...{ step: undefined, outcome: { status: "running" }, isBusy: true, idle: undefined },
      steps: stepsOf(this.#gateway, { mode, caller, signal: stop.signal }),
    };
    this.#wizard = wizard;
    return { sessionId: wizard.id, ...(await this.#advance(wizard, undefined)) };
  }

  /** Takes an answer and shows the next step. Throws `INVALID_REQUEST` for an answer to another step. */
  async next(
    sessionId: string,
    answer: { readonly stepId: string; readonly value?: unknown } | undefined,
    caller: Caller,
  ): Promise<Progress> {
    const wizard = this.#require(sessionId, caller);
    if (wizard.outcome.status !== "running") throw invalidRequest("wizard not running");
    wizard.connId = caller.connId;
    if (wizard.isBusy) throw new GatewayError("UNAVAILABLE", "the wizard works on the last answer; ask again soon");
    this.#watch(wizard);
    if (answer === undefined) return progressOf(wizard);
    if (answer.stepId !== wizard.step?.id)
      throw invalidRequest("this step was answered already; call wizard.next without an answer to see the present one");
    const value = readAnswer(answer.value);
    wizard.isBusy = true;
    return await this.#advance(wizard, value);
  }

  /** Ends a wizard. */
  cancel(sessionId: string, caller: Caller): Outcome {
    const wizard = this.#require(sessionId, caller);
    if (wizard.outcome.status === "running") this.#end(wizard, { status: "cancelled" });
    return wizard.outcome;
  }

  status(sessionId: string, caller: Caller): Outcome {
    return this.#require(sessionId, caller).outcome;
  }

  opened(): Readonly<Record<string, unknown>> {
    return {};
  }

  closed(connId: string): void {
    if (this.#wizard?.connId === connId) this.#wizard.connId = undefined;
  }

  [Symbol.dispose](): void {
    if (this.#wizard?.outcome.status === "running") this.#end(this.#wizard, { status: "cancelled" });
  }

  async #advance(wizard: Wizard, value: Answer): Promise<Progress> {
    wizard.idle?.[Symbol.dispose]();
    try {
      const { done, value: draft } = await wizard.steps.next(value);
      if (wizard.outcome.status !== "running") return progressOf(wizard);
      if (done) this.#end(wizard, { status: "done" });
      else {
        wizard.step = { id: newId(), executor: "client", ...draft };
        this.#watch(wizard);
      }
    } catch (error) {
      if (wizard.outcome.status !== "running") return progressOf(wizard);
      this.#end(wizard, { status: "error", error: messageOf(error) });
    } finally {
      wizard.isBusy = false;
    }
    return progressOf(wizard);
  }

  /** The caller must be who began it: a wizard's answers hold secrets. */
  #require(sessionId: string, { principal }: Caller): Wizard {
    const wizard = this.#wizard;
    if (wizard?.id !== sessionId || wizard.principal !== principal) throw invalidRequest("wizard not found");
    return wizard;
  }

  #watch(wizard: Wizard): void {
    wizard.idle?.[Symbol.dispose]();
    wizard.idle = this.#gateway.clock.after(IDLE_MS, () => this.#end(wizard, { status: "cancelled" }));
  }

  #end(wizard: Wizard, outcome: Outcome): void {
    wizard.outcome = outcome;
    wizard.step = undefined;
    wizard.idle?.[Symbol.dispose]();
    wizard.stop.abort(new TellableError("the wizard has ended"));
  }
}

/** The steps are loaded when somebody is led through them. */
async function* stepsOf(...given: Parameters<typeof import("./steps/guide.ts").guide>): Steps {
  const { guide } = await import("./steps/guide.ts");
  yield* guide(...given);
}

function progressOf({ step, outcome }: Wizard): Progress {
  return { done: outcome.status !== "running", ...(step && { step }), ...outcome };
}

function readAnswer(value: unknown): Answer {
  if (typeof value === "string" && value.length > MAX_ANSWER_CHARS)
    throw invalidRequest(`an answer has ${MAX_ANSWER_CHARS} characters at most`);
  return typeof value === "string" || typeof value === "boolean" ? value : undefined;
}

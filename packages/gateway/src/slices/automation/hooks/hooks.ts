/**
 * The service of hooks: calls of other programs over HTTP. What receives them is loaded with the first call. The answer is
 * given when the delivery, and all that follows from it, is on disk.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Static } from "@sinclair/typebox";
import type { Settings } from "../../../base/config/config.ts";
import { defined } from "../../../base/defined.ts";
import type { RunOutcome, RunRecord } from "../../agent/agent/run/run-store.ts";
import type { RunObserver } from "../../agent/agent/runs.ts";
import type { AgentAction } from "./actions/action.ts";
import type { Arrival } from "./actions/perform.ts";
import { Deliveries } from "./deliveries.ts";
import type { Receiver } from "./receive/receiver.ts";
import type { DeliveryShape, HookShape, TrialShape } from "./schema.ts";
import type { HookServices } from "./services.ts";
import { type HooksSettings, hooks as section } from "./settings.ts";

/** How much of an answer the main conversation is told. */
const MAX_SUMMARY_CHARS = 4_000;

/** What another source than HTTP brings, and what its runs may use. */
export interface Brought {
  readonly action: AgentAction;
  readonly arrival: Arrival;
  readonly tools: NonNullable<HooksSettings["tools"]>;
  readonly toolsSetting: string;
  also(): void;
}

export class Hooks implements RunObserver, Disposable {
  readonly #services: HookServices;
  readonly #settings: Settings<HooksSettings>;
  readonly #deliveries: Deliveries;
  readonly #stack = new DisposableStack();
  #receiver: Promise<Receiver> | undefined;

  constructor(services: HookServices) {
    this.#services = services;
    this.#settings = services.config.of(section);
    this.#deliveries = new Deliveries(services);
    services.agent.runs.observers.add(this);
  }

  start(): void {
    this.#services.upkeep.add(() => this.#deliveries.prune(this.#settings.current.keepDays));
    this.#warn();
    this.#stack.use(this.#settings.onChange(() => this.#warn()));
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  /** As a route of the gateway's HTTP port. */
  matches(path: string): boolean {
    const { path: base } = this.#settings.current;
    return path === base || path.startsWith(`${base}/`);
  }

  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const settings = this.#settings.current;
    if (!settings.enabled || this.#problem() !== undefined) {
      response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
      return void response.end("Not Found");
    }
    const receiver = await this.#receiving();
    await receiver.receive(request, response, { path, settings });
  }

  /** Which addresses may be called, and why they cannot be. */
  async list(): Promise<{ enabled: boolean; path: string; problem?: string; hooks: Static<typeof HookShape>[] }> {
    const { hookRows } = await import("./rows.ts");
    const settings = this.#settings.current;
    const problem = this.#problem();
    return {
      ...{ enabled: settings.enabled, path: settings.path, ...defined({ problem }) },
      hooks: hookRows(settings, (hook) => this.#deliveries.lastOf(hook)),
    };
  }

  /** The newest deliveries first; with `after`, those that came later, oldest first. */
  deliveries(wanted: { limit: number; after?: number; hook?: string }): Static<typeof DeliveryShape>[] {
    return this.#deliveries.list(wanted);
  }

  /**
   * Has an agent work on what another source has brought, as on a call over HTTP. Returns whether it is new: what a key of
   * `arrival` names that came before is left alone. `also` is written in the transaction either way. Throws as
   * `performAgent` does.
   */
  async bring({ action, arrival, tools, toolsSetting, also }: Brought): Promise<boolean> {
    const { performAgent } = await import("./actions/perform.ts");
    const { store } = this.#services;
    if (this.#deliveries.repeat(arrival.keys ?? []) !== undefined) {
      store.transaction(also);
      return false;
    }
    // No tool works for strangers, so a mapping that names tools gets the rights of the owner.
    const rights = (tools.allow ?? []).length > 0 ? "owner" : "stranger";
    const settings: HooksSettings = { ...this.#settings.current, rights, tools };
    performAgent(
      { services: this.#services, deliveries: this.#deliveries, settings, toolsSetting, also },
      action,
      arrival,
    );
    return true;
  }

  /** Lists what another source could not hand out, with the reason. `also` is written in the transaction. */
  leave(arrival: Arrival, reason: string, also: () => void): void {
    this.#services.store.transaction(() => {
      this.#deliveries.add({ ...arrival, outcome: "failed", status: 502, body: { ok: false }, reason });
      also();
    });
  }

  /** What would become of a delivery, without doing it. */
  async try(given: {
    path: string;
    payload: unknown;
    headers?: Record<string, string>;
  }): Promise<Static<typeof TrialShape>> {
    const { tryDelivery } = await import("./rows.ts");
    return await tryDelivery({ services: this.#services, settings: this.#settings.current }, given);
  }

  /** Notes the end of a run, and tells the main conversation, within the transaction that records the end. */
  ended({ id, source }: RunRecord, outcome: RunOutcome): void {
    if (source !== "hook" || outcome.kind === "merged") return;
    const problem = outcome.kind === "error" ? outcome.error : undefined;
    const run = this.#deliveries.ended(id, outcome.kind, problem);
    if (!run) return;
    const { heartbeat, sessions } = this.#services;
    const summary = (problem ?? outcome.text).slice(0, MAX_SUMMARY_CHARS).toWellFormed().trim();
    if (summary === "") return;
    const sessionKey = sessions.mainKey(run.agentId);
    heartbeat.note({ sessionKey, text: `Hook ${run.name}: ${summary}`, source: "hook", key: `hook:${id}` });
    setImmediate(() => heartbeat.wake({ mode: run.wakeMode, reason: "hook", sessionKey }));
  }

  #receiving(): Promise<Receiver> {
    this.#receiver ??= import("./receive/receiver.ts").then(
      ({ Receiver }) => new Receiver(this.#services, this.#deliveries),
    );
    return this.#receiver;
  }

  /** Why hooks stay off although they are switched on. */
  #problem(): string | undefined {
    const { token } = this.#settings.current;
    return token !== undefined && this.#services.host.isOwnSecret(token)
      ? "hooks.token is the gateway's own token; choose another, for example the output of `openssl rand -hex 32`"
      : undefined;
  }

  #warn(): void {
    const { enabled, token, mappings } = this.#settings.current;
    const problem = this.#problem();
    if (!enabled) return;
    if (problem !== undefined) this.#services.log.warn("hooks stay off", { problem });
    else if (token === undefined && !mappings.some(({ verify }) => verify))
      this.#services.log.warn("hooks are on, but nobody can call them; set hooks.token or a mapping with verify");
  }
}

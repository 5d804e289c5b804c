/** The agent: its runs, the models it can ask, and who it says it is. */
import type { Static } from "@sinclair/typebox";
import { GatewayError } from "../../base/errors.ts";
import type { Caller } from "../../kit/access.ts";
import { normalAgentId } from "../sessions/sessions.ts";
import type { AgentHealth } from "../system/schema.ts";
import { COMMANDS } from "./commands/index.ts";
import { LocalEndpoints, usualEndpoints } from "./local-endpoints.ts";
import { type ModelPort, SdkModels, type Thinking } from "./models.ts";
import { Notes } from "./notes.ts";
import { type Model, type Provider, Providers } from "./providers.ts";
import { finalAnswer, waitAnswer } from "./report.ts";
import {
  type AgentParams,
  type Channels,
  type Conversation,
  requestConversation,
  requestReply,
  requestRun,
  requireAgent,
  type SendParams,
} from "./request.ts";
import type { RunResult } from "./run.ts";
import type { AbortReason } from "./run-store.ts";
import { type Accepted, acceptedOf, type KnownRun, Runs } from "./runs.ts";
import type { AgentServices } from "./services.ts";
import { models } from "./settings.ts";
import { Turns } from "./turn.ts";

/** What the slices below this one need beside the service. */
export { errorOf } from "./report.ts";
export { cleanMessage } from "./text.ts";

/** How an agent is shown. */
export interface ShownIdentity {
  readonly name: string;
  readonly avatar: string;
}

export class Agent {
  readonly runs: Runs;
  readonly notes: Notes;
  /** Who knows the channels; set by the slice that owns them. */
  channels: Channels | undefined;
  readonly #services: AgentServices;
  readonly #models: ModelPort;
  readonly #providers: Providers;
  readonly #local: LocalEndpoints;

  /** `models` replaces the AI SDK in tests. */
  constructor(services: AgentServices, options: { models?: ModelPort } = {}) {
    const { config, env, clock, log } = services;
    this.#services = services;
    this.#models = options.models ?? new SdkModels({ clock, log });
    this.#local = new LocalEndpoints({ endpoints: usualEndpoints(env), clock, log });
    this.#providers = new Providers({ settings: config.of(models), env, local: this.#local });
    this.notes = new Notes(services);
    this.runs = new Runs(services, new Turns(services, this, this.#models));
  }

  /** Takes interrupted runs up again. Before the first request: a retry must find its run, and nothing may overtake it. */
  resume(): void {
    this.runs.resume();
  }

  /** Looks for model servers on this machine without waiting for them. */
  start(): void {
    void this.lookAround();
  }

  /** Interrupts the runs; they go on after the next start. */
  async stop(): Promise<void> {
    await this.runs.stop();
  }

  /** Starts the run that the `agent` method asks for, or finds the one of its key. Throws what is wrong with the request. */
  request(params: AgentParams, caller: Caller): Accepted {
    return requestRun(this.#services, this, params, caller);
  }

  /** Starts the run of a chat message; undefined when it is new, else the run that the key started. Throws as `request` does. */
  reply(params: SendParams, caller: Caller): KnownRun | undefined {
    return requestReply(this.#services, this, params, caller);
  }

  /** Starts the run of a message from a channel, with what `also` writes in one transaction. Throws as `request` does. */
  converse(conversation: Conversation, also: () => void): void {
    requestConversation(this.#services, this, conversation, also);
  }

  /** The commands that can be typed in any conversation, for menus. */
  commands(): readonly { readonly name: string; readonly summary: string; readonly usage?: string | undefined }[] {
    return COMMANDS.map(({ name, summary, usage }) => ({ name, summary, usage }));
  }

  /** The final answer of the `agent` method. Throws `UNAVAILABLE` when the run failed. */
  report(runId: string, result: RunResult): ReturnType<typeof finalAnswer> {
    return finalAnswer(runId, result);
  }

  /** How a run ended; "timeout" when it has not in that time, or is not known. Rejects when the signal aborts. */
  async wait(
    runId: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<ReturnType<typeof waitAnswer> | { runId: string; status: "timeout" }> {
    const limit = new AbortController();
    const either = AbortSignal.any([limit.signal, signal]);
    using _timer = this.#services.clock.after(timeoutMs, () => limit.abort());
    const finished = this.runs.whenKnown(runId, either).then((known) => acceptedOf(known).finished);
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    either.addEventListener("abort", () => resolve(undefined), { once: true });
    const result = await Promise.race([finished.catch(() => undefined), late]);
    limit.abort();
    return result ? waitAnswer(runId, result) : { runId, status: "timeout" };
  }

  /** The agent whose identity is asked for. Throws `INVALID_REQUEST` when key and id name different ones. */
  requireIdentity(params: { agentId?: string; sessionKey?: string }): string {
    const { sessions } = this.#services;
    const named = requireAgent("agent.identity.get", params, this.#services);
    return (
      named ?? sessions.agentOf(params.sessionKey?.trim() ? sessions.canonical(params.sessionKey) : sessions.mainKey())
    );
  }

  get defaultAgentId(): string {
    return this.#services.sessions.defaults.defaultAgentId;
  }

  /** Looks for model servers on this machine, unless the settings forbid it. Ends within 300 ms or so. */
  async lookAround(): Promise<void> {
    if (this.#services.config.of(models).current.detectLocal) await this.#local.look();
  }

  /** Model servers found on this machine. */
  found(): readonly Provider[] {
    return this.#local.found();
  }

  /** Every model that is known by name, found ones too. */
  async listModels(): Promise<Model[]> {
    await this.lookAround();
    return this.#providers
      .list()
      .flatMap((provider) => provider.models.map(({ id }) => this.#providers.resolve(`${provider.id}/${id}`)));
  }

  /** The model named `provider/id`. Throws `INVALID_REQUEST` when there is no such provider. */
  requireModel(ref: string): Model {
    return this.#providers.resolve(ref);
  }

  /** The model that answers in a session, or undefined when none is connected. Throws when the chosen one cannot be reached. */
  modelOf(sessionKey: string): Model | undefined {
    const ref = this.#refOf(sessionKey);
    return ref === undefined ? this.#providers.fallback() : this.#providers.resolve(ref);
  }

  /** The `provider/id` that answers in a session, as chosen, whether it can be reached or not. */
  modelNameOf(sessionKey: string): string | undefined {
    return this.#refOf(sessionKey) ?? this.#providers.fallback()?.ref;
  }

  /** The model of sessions that have not chosen one; undefined when there is none or it cannot be reached. */
  defaultModel(): Model | undefined {
    try {
      return this.modelOf(this.#services.sessions.mainKey());
    } catch (error) {
      if (error instanceof GatewayError) return undefined;
      throw error;
    }
  }

  /** The same as `status` says it. */
  modelDefaults(): { model: string | null; contextTokens: number | null } {
    const ref = this.#configuredRef(this.defaultAgentId) ?? this.#providers.fallback()?.ref;
    return { model: ref ?? null, contextTokens: this.defaultModel()?.contextWindow ?? null };
  }

  /** Makes a model the one that answers, in the config. Throws `INVALID_REQUEST` when it does not exist. */
  async chooseModel(ref: string): Promise<Model> {
    const model = this.#providers.resolve(ref);
    const { config } = this.#services;
    const { patchConfigText } = await import("../../base/config-edit.ts");
    const { raw, hash } = config.snapshot();
    config.write(patchConfigText(raw ?? "", { agents: { defaults: { model: model.ref } } }), hash);
    return model;
  }

  /** Asks a model one thing outside any conversation. Throws `ModelError`. */
  async ask(model: Model, text: string, signal: AbortSignal): Promise<string> {
    let answer = "";
    const messages = [{ role: "user" as const, content: [{ kind: "text" as const, text }] }];
    for await (const step of this.#models.stream({ model, system: "", messages, signal })) {
      if (step.kind === "text") answer += step.delta;
    }
    return answer;
  }

  /** How hard the model thinks in a session, when someone said so. */
  thinkingOf(sessionKey: string): Thinking | undefined {
    const { sessions } = this.#services;
    const level = sessions.get(sessionKey)?.levels.thinkingLevel ?? sessions.agentSettings.defaults.thinkingDefault;
    return level as Thinking | undefined;
  }

  /** Name and picture of an agent. */
  identity(agentId: string): ShownIdentity {
    const { identity, name } = this.#configured(agentId) ?? {};
    return {
      name: (identity?.name ?? name ?? "Assistant").slice(0, 50),
      avatar: (identity?.avatar ?? identity?.avatarUrl ?? identity?.emoji ?? "A").slice(0, 200),
    };
  }

  /** The agents that are configured, the default one first. */
  list() {
    const { sessions } = this.#services;
    const { scope, mainKey, defaultAgentId } = sessions.defaults;
    const agents = sessions.agentIds().map((id) => {
      const { name, identity } = this.#configured(id) ?? {};
      return { id, ...(name !== undefined && { name }), ...(identity && { identity: pickIdentity(identity) }) };
    });
    return { defaultId: defaultAgentId, mainKey, scope, agents };
  }

  /** Each agent in the health snapshot. */
  health(): Static<typeof AgentHealth>[] {
    const { sessions } = this.#services;
    return sessions.agentIds().map((agentId) => {
      const name = this.#configured(agentId)?.name;
      return {
        agentId,
        ...(name !== undefined && { name }),
        isDefault: agentId === this.defaultAgentId,
        heartbeat: { enabled: false, every: "0m", everyMs: null, prompt: "", target: "last", ackMaxChars: 300 },
        sessions: sessions.summary(agentId),
      };
    });
  }

  /** How many runs work, and how many wait; not counting the one that asks. */
  counts(exceptRun: string): { active: number; queued: number } {
    const open = this.runs.open().filter(({ id }) => id !== exceptRun);
    const active = open.filter(({ hasBegun }) => hasBegun).length;
    return { active, queued: open.length - active };
  }

  /** Ends the runs of a session, except the one that asks; returns how many. */
  abortSession(sessionKey: string, reason: AbortReason, exceptRun: string): number {
    const runs = this.runs.open().filter(({ id, record }) => record.sessionKey === sessionKey && id !== exceptRun);
    for (const run of runs) this.runs.abort(run, reason);
    return runs.length;
  }

  /** Whether a session has no run any more, after `limitMs` at the latest. */
  async whenIdle(sessionKey: string, limitMs: number): Promise<boolean> {
    const runs = this.runs.open().filter(({ record }) => record.sessionKey === sessionKey);
    if (runs.length === 0) return true;
    const limit = new AbortController();
    const late = this.#services.clock.sleep(limitMs, limit.signal).then(
      () => false,
      () => false,
    );
    const idle = await Promise.race([Promise.all(runs.map(({ finished }) => finished)).then(() => true), late]);
    limit.abort();
    return idle;
  }

  #configured(agentId: string) {
    return this.#services.sessions.agentSettings.list?.find(({ id }) => normalAgentId(id) === agentId);
  }

  #refOf(sessionKey: string): string | undefined {
    const { sessions } = this.#services;
    return sessions.get(sessionKey)?.levels.model ?? this.#configuredRef(sessions.agentOf(sessionKey));
  }

  #configuredRef(agentId: string): string | undefined {
    const setting = this.#configured(agentId)?.model ?? this.#services.sessions.agentSettings.defaults.model;
    return typeof setting === "object" ? setting.primary : setting;
  }
}

type Identity = NonNullable<NonNullable<AgentServices["sessions"]["agentSettings"]["list"]>[number]["identity"]>;

/** Only what the wire knows; a config may say more. */
function pickIdentity({ name, theme, emoji, avatar, avatarUrl }: Identity): Identity {
  return JSON.parse(JSON.stringify({ name, theme, emoji, avatar, avatarUrl })) as Identity;
}

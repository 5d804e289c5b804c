/** Chooses the model: the conversation's own, else its agent's, else the default one. */
import type { Static } from "@sinclair/typebox";
import type { Agents } from "../../core/agents/agents.ts";
import type { SessionDefaults } from "../../core/sessions/schema.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Thinking } from "./port.ts";
import type { Model } from "./providers/providers.ts";

/** Who knows the models by name. */
interface KnownModels {
  require(ref: string): Model;
  find(ref: string | undefined): Model | undefined;
  usual(): Model | undefined;
}

export class ModelSelection {
  readonly #agents: Agents;
  readonly #sessions: Sessions;
  readonly #models: KnownModels;

  constructor(services: { readonly agents: Agents; readonly sessions: Sessions; readonly models: KnownModels }) {
    this.#agents = services.agents;
    this.#sessions = services.sessions;
    this.#models = services.models;
  }

  /** The model that answers in a session, or undefined when none is connected. Throws when the chosen one cannot be reached. */
  modelOf(sessionKey: string): Model | undefined {
    const ref = this.#refOf(sessionKey);
    return ref === undefined ? this.#models.usual() : this.#models.require(ref);
  }

  /** The `provider/id` that answers in a session, as chosen, whether it can be reached or not. */
  modelNameOf(sessionKey: string): string | undefined {
    return this.#fullName(this.#refOf(sessionKey)) ?? this.#models.usual()?.ref;
  }

  /** The model of sessions that have not chosen one; undefined when there is none or it cannot be reached. */
  defaultModel(): Model | undefined {
    return this.#models.find(this.#refOf(this.#sessions.mainKey()));
  }

  /** The model of sessions that have not chosen one, as `status` says it. */
  modelDefaults(): { model: string | null; contextTokens: number | null } {
    const configured = this.#agents.modelSetting(this.#agents.defaultId).primary;
    const ref = this.#fullName(configured) ?? this.#models.usual()?.ref;
    return { model: ref ?? null, contextTokens: this.defaultModel()?.contextWindow ?? null };
  }

  /** The model of sessions that have not chosen one, as lists of conversations say it. */
  sessionDefaults(): Static<typeof SessionDefaults> {
    const model = this.defaultModel();
    return {
      modelProvider: model?.provider.id ?? null,
      model: model?.id ?? null,
      contextTokens: model?.contextWindow ?? null,
    };
  }

  /** The fallback models of a session, or those that are named; models that cannot be reached are left out. */
  fallbacksOf(sessionKey: string, named?: readonly string[]): Model[] {
    const { fallbacks } = this.#agents.modelSetting(this.#sessions.agentOf(sessionKey));
    return (named ?? fallbacks).map((ref) => this.#models.find(ref)).filter((model) => model !== undefined);
  }

  /** The model that sums up for another one. */
  summaryModel(model: Model): Model {
    const { model: ref } = this.#agents.settings.defaults.compaction;
    return (ref === undefined ? undefined : this.#models.find(ref)) ?? model;
  }

  /** How hard the model thinks in a session, when someone said so. */
  thinkingOf(sessionKey: string): Thinking | undefined {
    const level = this.#sessions.get(sessionKey)?.levels.thinkingLevel;
    return (level ?? this.#agents.thinkingOf(this.#sessions.agentOf(sessionKey))) as Thinking | undefined;
  }

  /** The full name of an alias; an unknown name stays as it is. */
  #fullName(name: string | undefined): string | undefined {
    return name === undefined ? undefined : (this.#models.find(name)?.ref ?? name);
  }

  #refOf(sessionKey: string): string | undefined {
    const own = this.#sessions.get(sessionKey)?.levels.model;
    return own ?? this.#agents.modelSetting(this.#sessions.agentOf(sessionKey)).primary;
  }
}

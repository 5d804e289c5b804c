/** Knows the agents: which are configured, which one is the default, their settings, and how each is shown. */

import type { Settings } from "../../../base/config/config.ts";
import type { Config } from "../../../base/config/config-file.ts";
import { defined } from "../../../base/defined.ts";
import { Port } from "../../../kit/port.ts";
import { normalAgentId } from "./agent-id.ts";
import { type AgentSettings, type HeartbeatSettings, agents as section } from "./settings.ts";

export { normalAgentId } from "./agent-id.ts";

/** What is set for one agent. */
export type ConfiguredAgent = NonNullable<AgentSettings["list"]>[number];

type Identity = NonNullable<ConfiguredAgent["identity"]>;

/** The identity in an agent's own pages. */
interface WrittenIdentity {
  readonly name?: string | undefined;
  readonly emoji?: string | undefined;
  readonly avatar?: string | undefined;
}

/** How an agent is shown. */
export interface ShownIdentity {
  readonly name: string;
  readonly avatar: string;
}

/** An agent in a list: what the wire knows of its settings. */
interface ListedAgent {
  readonly id: string;
  readonly name?: string;
  readonly identity?: Identity;
}

export class Agents {
  /** Reads the agents' pages. Filled by workspace. */
  readonly pages = new Port<{ identityOf(agentId: string): WrittenIdentity }>({ identityOf: () => ({}) });
  readonly #settings: Settings<AgentSettings>;

  constructor({ config }: { readonly config: Config }) {
    this.#settings = config.of(section);
  }

  /** The agents section as it is now. */
  get settings(): AgentSettings {
    return this.#settings.current;
  }

  /** Calls `fn` after each change of the section. */
  onChange(fn: () => void): Disposable {
    return this.#settings.onChange(fn);
  }

  /** The heartbeat of an agent; undefined when it has none: of several agents only those that are enrolled have one. */
  heartbeatOf(agentId: string): HeartbeatSettings | undefined {
    const { list = [], defaults } = this.settings;
    const own = this.of(agentId)?.heartbeat;
    const isEnrolled = list.some(({ heartbeat }) => heartbeat) ? own !== undefined : agentId === this.defaultId;
    return isEnrolled ? { ...defaults.heartbeat, ...own } : undefined;
  }

  /** The one that is marked as default, else the first; "main" when none is configured. */
  get defaultId(): string {
    const { list = [] } = this.settings;
    const chosen = list.find((agent) => agent.default) ?? list[0];
    return normalAgentId(chosen?.id ?? "main");
  }

  /** The ids of the agents, the default one first. */
  ids(): string[] {
    const ids = (this.settings.list ?? []).map(({ id }) => normalAgentId(id));
    return [...new Set([this.defaultId, ...ids])];
  }

  /** The settings of one agent by its normal id; undefined when it has none. */
  of(agentId: string): ConfiguredAgent | undefined {
    return this.settings.list?.find(({ id }) => normalAgentId(id) === agentId);
  }

  /** The agents, the default one first. */
  list(): ListedAgent[] {
    return this.ids().map((id) => {
      const { name, identity } = this.of(id) ?? {};
      return { id, ...defined({ name }), ...(identity && { identity: pickIdentity(identity) }) };
    });
  }

  /** The name and picture of an agent: from the config, else from its pages. */
  identity(agentId: string): ShownIdentity {
    const { identity, name } = this.of(agentId) ?? {};
    const written = this.pages.now.identityOf(agentId);
    const configured = identity?.avatar ?? identity?.avatarUrl ?? identity?.emoji;
    return {
      name: (identity?.name ?? name ?? written.name ?? "Assistant").slice(0, 50),
      avatar: (configured ?? written.avatar ?? written.emoji ?? "A").slice(0, 200),
    };
  }

  /** The configured model of an agent, else of all agents, with its fallbacks. */
  modelSetting(agentId: string): { readonly primary: string | undefined; readonly fallbacks: readonly string[] } {
    const setting = this.of(agentId)?.model ?? this.settings.defaults.model;
    if (typeof setting !== "object") return { primary: setting, fallbacks: [] };
    return { primary: setting.primary, fallbacks: setting.fallbacks ?? [] };
  }

  /** The configured thinking level of an agent. */
  thinkingOf(agentId: string): AgentSettings["defaults"]["thinkingDefault"] {
    return this.of(agentId)?.thinkingDefault ?? this.settings.defaults.thinkingDefault;
  }
}

/** The fields that the wire knows; a config may have more. */
function pickIdentity({ name, theme, emoji, avatar, avatarUrl }: Identity): Identity {
  return JSON.parse(JSON.stringify({ name, theme, emoji, avatar, avatarUrl })) as Identity;
}

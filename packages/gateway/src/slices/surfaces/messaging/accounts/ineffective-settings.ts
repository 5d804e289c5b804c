/** What in the settings of channels has no effect: bindings to agents that do not exist, and names in place of ids. */
import type { Settings } from "../../../../base/config/config.ts";
import { normalAgentId } from "../../../core/agents/agents.ts";
import type { Inbox } from "../in/inbox/inbox.ts";
import { type NameProblem, namesIn } from "../in/names.ts";
import type { MessagingServices } from "../services.ts";
import type { Binding } from "../settings.ts";
import { chatsCalled } from "./account-store.ts";
import type { KnownChannels } from "./known-channels.ts";

const NAME_WARNING = "a setting holds a name where only an id has an effect";

interface Parts {
  readonly services: MessagingServices;
  readonly channels: KnownChannels;
  readonly bindings: Settings<readonly Binding[]>;
  readonly people: Inbox["people"];
}

export class IneffectiveSettings {
  readonly #services: MessagingServices;
  readonly #channels: KnownChannels;
  readonly #bindings: Settings<readonly Binding[]>;
  readonly #people: Inbox["people"];

  constructor({ services, channels, bindings, people }: Parts) {
    this.#services = services;
    this.#channels = channels;
    this.#bindings = bindings;
    this.#people = people;
  }

  /** Warns now and after each change, until disposed. */
  watch(): Disposable {
    const stack = new DisposableStack();
    this.#checkBindings();
    stack.use(this.#bindings.onChange(() => this.#checkBindings()));
    this.#warnOfNames();
    stack.use(this.#bindings.onChange(() => this.#warnOfNames()));
    stack.use(this.#channels.onChange(() => this.#warnOfNames()));
    return stack;
  }

  /** Warns of bindings to agents that do not exist; the default agent answers there. */
  #checkBindings(): void {
    const { agents, log } = this.#services;
    const ids = agents.ids();
    for (const [index, { agentId }] of this.#bindings.current.entries())
      if (!ids.includes(normalAgentId(agentId)))
        log.warn("a binding names an agent that does not exist; the default agent answers there", {
          setting: `bindings.${index}`,
          agentId,
        });
  }

  /** Names in the settings where only ids have an effect. */
  names(): NameProblem[] {
    const { agent, sessions, store } = this.#services;
    return namesIn(
      {
        channels: this.#channels.config,
        bindings: this.#bindings.current,
        identityLinks: sessions.settings.identityLinks,
        bySender: agent.toolRules.bySender,
      },
      this.#channels.definitions,
      (what, channel, name) =>
        what === "chat"
          ? chatsCalled(store, channel, name)
          : this.#people.sendersCalled(channel, name.replace(/^@/, "")),
    );
  }

  #warnOfNames(): void {
    for (const { setting, says, fix } of this.names()) this.#services.log.warn(NAME_WARNING, { setting, says, fix });
  }
}

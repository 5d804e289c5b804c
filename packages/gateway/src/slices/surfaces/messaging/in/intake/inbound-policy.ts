/** Applies the settings to an event: whether it is answered, by which agent and in which conversation. */

import type { Chat } from "../../../../../kit/party.ts";
import { normalAgentId } from "../../../../core/agents/agents.ts";
import type { Account } from "../../accounts/account.ts";
import { settingPath } from "../../accounts/account-settings.ts";
import { identitiesOf } from "../../peer-list.ts";
import { findBinding } from "../bindings.ts";
import { type Decision, decide, groupOf } from "../inbound.ts";
import type { Outcome } from "../inbox/inbox.ts";
import type { InboxRow } from "../inbox/inbox-rows.ts";
import { sessionKeyOf } from "../session-key.ts";
import type { IntakeServices, MessageRow } from "./intake-services.ts";

const HOUR_MS = 3_600_000;

export class InboundPolicy {
  readonly #account: Account;
  readonly #services: IntakeServices;

  constructor(account: Account, services: IntakeServices) {
    this.#account = account;
    this.#services = services;
  }

  /** Decides whether a message is answered. */
  decide(row: MessageRow): Decision {
    const { inbox, outbox, pairing, clock, agents, sessions, messages } = this.#services;
    const { definition, settings, self } = this.#account;
    const message = row.inbound;
    const { channel } = row;
    const sessionKey = this.sessionKey(row);
    return decide({
      message,
      definition,
      settings,
      now: this.#account.platformNow ?? clock.olderThan(0),
      maxAgeMs: messages().inboundMaxAgeHours * HOUR_MS,
      isEcho: message.fromSelf && outbox.byProviderId(row, message.messageId, message.chat.id) !== undefined,
      isPaired: (peer) =>
        pairing.isPaired(channel, [...new Set(identitiesOf(peer).flatMap((id) => [id, definition.normalPeer(id)]))]),
      ownNames: [settings.name, self?.name, self?.username, agents.identity(sessions.agentOf(sessionKey)).name].filter(
        (name): name is string => name !== undefined && name !== "Assistant",
      ),
      activation:
        message.chat.kind === "direct"
          ? undefined
          : (sessions.get(sessionKey)?.levels.groupActivation as "mention" | "always" | undefined),
      botAnswers: () => inbox.people.botAnswersSince(row, message.chat.id, clock.now() - HOUR_MS),
    });
  }

  /** Whether the policy lets the author of an event speak to the agent; otherwise the agent is told nothing. */
  isHeard(row: InboxRow): boolean {
    const { keys, at, chat, sender, messageId, fromSelf } = row.inbound;
    const asMessage = { keys, at, chat, sender, messageId, fromSelf, text: "…", media: [], mentionsSelf: true };
    return this.decide({ ...row, inbound: { ...asMessage, kind: "message" } }).kind === "answer";
  }

  /** The conversation of an event. */
  sessionKey(row: Pick<InboxRow, "channel" | "account" | "inbound">): string {
    const { sessions } = this.#services;
    const { channel, account, inbound } = row;
    const { agentId } = this.agentFor(row);
    return sessionKeyOf({
      channel,
      account,
      chat: threadOf(inbound.chat),
      sender: inbound.sender,
      agentId,
      session: sessions.settings,
      mainKey: sessions.mainKey(agentId),
      definition: this.#account.definition,
    });
  }

  /**
   * The agent that answers, and the setting that chose it. For an agent that does not exist, the default one answers.
   */
  agentFor({ channel, account, inbound: { chat, sender } }: Pick<InboxRow, "channel" | "account" | "inbound">): {
    agentId: string;
    binding?: string;
  } {
    const { agents, bindings } = this.#services;
    const { definition, settings } = this.#account;
    const bound = findBinding(bindings(), { channel, account, chat, sender, definition });
    const { group, key } = chat.kind === "direct" ? { group: undefined, key: undefined } : groupOf(chat, settings);
    const isGroups = group?.agentId !== undefined && bound?.by !== "peer";
    const wanted = isGroups ? group.agentId : bound?.agentId;
    const agentId = wanted === undefined ? undefined : normalAgentId(wanted);
    if (agentId === undefined || !agents.ids().includes(agentId)) return { agentId: agents.defaultId };
    return { agentId, binding: isGroups ? this.setting(`groups.${key}.agentId`) : `bindings.${bound!.index}` };
  }

  /** The path of an account's setting in the config file. */
  setting(setting: string): string {
    return settingPath(this.#services.channels(), this.#account.key.channel, this.#account.key.account, setting);
  }

  /** Turns an account's setting in an outcome into its path in the config file. */
  placed(outcome: Outcome): Outcome {
    const { setting } = outcome;
    if (setting === undefined || setting.startsWith("messages.")) return outcome;
    return { ...outcome, setting: this.setting(setting) };
  }
}

function threadOf(chat: Chat): Chat {
  return chat.threadId === "" ? { ...chat, threadId: undefined } : chat;
}

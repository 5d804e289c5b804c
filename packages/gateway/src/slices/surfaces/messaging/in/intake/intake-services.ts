/** What the parts of the intake work with. */

import type { Log } from "../../../../../base/log.ts";
import type { Machine } from "../../../../../base/process/machine.ts";
import type { Store } from "../../../../../base/store/store.ts";
import type { Clock } from "../../../../../base/time/clock.ts";
import type { InboundMessage } from "../../../../../kit/channel-message.ts";
import type { Agent } from "../../../../agent/agent/agent.ts";
import type { Agents } from "../../../../core/agents/agents.ts";
import type { Notices } from "../../../../core/notices/notices.ts";
import type { Sessions } from "../../../../core/sessions/sessions.ts";
import type { Account } from "../../accounts/account.ts";
import type { Outbox } from "../../out/outbox/outbox.ts";
import type { OutboxRow } from "../../out/outbox/outbox-rows.ts";
import type { Binding, ChannelsConfig, MessagesSettings } from "../../settings.ts";
import type { Decision } from "../inbound.ts";
import type { Inbox } from "../inbox/inbox.ts";
import type { InboxRow } from "../inbox/inbox-rows.ts";
import type { MediaIn } from "../media-in.ts";
import type { Pairing } from "../pairing.ts";

export interface IntakeServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly pairing: Pairing;
  readonly media: MediaIn;
  readonly agents: Agents;
  readonly sessions: Sessions;
  readonly notices: Notices;
  readonly agent: Agent;
  messages(): MessagesSettings;
  channels(): ChannelsConfig;
  bindings(): readonly Binding[];
  /** Called when the account's outbox has something new. */
  kick(account: Account): void;
  /** Called when a message of the outbox has reached its end. */
  settled(row: OutboxRow): void;
  /** Called when a run has begun for messages of this chat. */
  begun(runId: string, rows: readonly InboxRow[], account: Account): void;
}

/** A message of the inbox. */
export type MessageRow = InboxRow & { readonly inbound: InboundMessage };

/** Messages of one sender that are answered together. */
export interface Held {
  readonly rows: MessageRow[];
  readonly decision: Extract<Decision, { kind: "answer" }>;
  timer: Disposable | undefined;
}

/** The pause after an error that nobody knows, ms. */
export const AFTER_ERROR_MS = 5_000;

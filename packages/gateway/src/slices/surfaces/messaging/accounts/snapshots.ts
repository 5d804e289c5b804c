/** How each account is doing, as the wire says it. */

import { defined } from "../../../../base/defined.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Inbox } from "../in/inbox/inbox.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import type { Outbox } from "../out/outbox/outbox.ts";
import type { AccountSnapshotShape } from "../schema.ts";
import { type Account, toChannelError } from "./account.ts";
import type { KnownChannels } from "./known-channels.ts";

interface SnapshotParts {
  readonly channels: KnownChannels;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly clock: Clock;
}

export class Snapshots {
  readonly #channels: KnownChannels;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #probes = new Map<string, { ok: boolean; error?: string; at: number }>();

  constructor({ channels, inbox, outbox, clock }: SnapshotParts) {
    this.#channels = channels;
    this.#inbox = inbox;
    this.#outbox = outbox;
    this.#clock = clock;
  }

  /** An account as the wire says it. */
  of(account: Account): AccountSnapshotShape {
    const { key, definition, settings, state, problem, self, connection, times } = account;
    const { lastInboundAt } = this.#inbox.summary(key);
    const { queued, unknown, lastOutboundAt } = this.#outbox.entries.summary(key);
    const probe = this.#probes.get(idOf(key));
    return {
      accountId: key.account,
      ...defined({ name: settings.name }),
      enabled: settings.enabled,
      configured: state !== "unconfigured",
      ...(definition.isLinkedByLogin && { linked: this.#channels.isLinked(key) }),
      running: account.isRunning,
      connected: state === "connected",
      state,
      ...(problem && { problem, lastError: problem.message }),
      ...(self && { self: { id: self.id, ...defined({ name: self.name }) } }),
      ...defined({ nextAttemptAt: times.nextAttemptAt }),
      reconnectAttempts: times.failures,
      ...defined({
        lastConnectedAt: times.lastConnectedAt,
        lastStartAt: times.lastStartAt,
        lastStopAt: times.lastStopAt,
        lastInboundAt,
        lastOutboundAt,
      }),
      ...(probe && {
        lastProbeAt: probe.at,
        probe: { ok: probe.ok, ...defined({ error: probe.error }) },
      }),
      dmPolicy: settings.dmPolicy,
      allowFrom: [...settings.allowFrom.entries],
      queued,
      unknown,
      capabilities: definition.capabilities.filter((each) => connection?.absent?.[each] === undefined),
      ...(connection?.absent && Object.keys(connection.absent).length > 0 && { absent: { ...connection.absent } }),
    };
  }

  /** Asks the platform whether an account's credentials work; a snapshot has the answer. */
  async probe({ account }: { readonly account: Account }, limitMs: number, signal: AbortSignal): Promise<void> {
    const { key, definition, settings } = account;
    if (!definition.probe || definition.missing(settings.own, this.#channels.stateOf(key)) !== undefined) return;
    const at = this.#clock.now();
    try {
      await this.#channels.ask(key, settings, limitMs, signal);
      this.#probes.set(idOf(key), { ok: true, at });
    } catch (error) {
      this.#probes.set(idOf(key), { ok: false, error: toChannelError(error, definition.label).message, at });
    }
  }
}

/** A key of maps by account. */
export function idOf({ channel, account }: AccountKey): string {
  return `${channel}:${account}`;
}

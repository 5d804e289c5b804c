/** How the accounts of all channels are doing. */

import type { Clock } from "../../../../base/time/clock.ts";
import type { ChannelDefinition } from "../../../../kit/channel.ts";
import { isSecret } from "../../../../kit/schema/keys-and-addresses.ts";
import { DEFAULT_ACCOUNT } from "./account-settings.ts";
import type { Accounts } from "./accounts.ts";
import type { KnownChannels } from "./known-channels.ts";

const STATUS_LIMIT_MS = 10_000;

interface AccountStatusParts {
  readonly channels: KnownChannels;
  readonly accounts: Accounts;
  readonly clock: Clock;
}

export class AccountStatus {
  readonly #channels: KnownChannels;
  readonly #accounts: Accounts;
  readonly #clock: Clock;

  constructor({ channels, accounts, clock }: AccountStatusParts) {
    this.#channels = channels;
    this.#accounts = accounts;
    this.#clock = clock;
  }

  /** All channels and accounts in the form of `channels.status`. */
  async status(
    { probe = false, timeoutMs }: { readonly probe?: boolean; readonly timeoutMs?: number },
    signal: AbortSignal,
  ) {
    if (probe) {
      const limitMs = Math.max(1_000, timeoutMs ?? STATUS_LIMIT_MS);
      await this.#accounts.probeAll(limitMs, signal);
    }
    const labels = (pick: (definition: ChannelDefinition) => string) =>
      Object.fromEntries(this.#channels.definitions.map((definition) => [definition.id, pick(definition)]));
    return {
      ts: this.#clock.now(),
      channelOrder: this.#channels.definitions.map(({ id }) => id),
      channelLabels: labels(({ label }) => label),
      channelDetailLabels: labels(({ detailLabel }) => detailLabel),
      channelSystemImages: labels(({ systemImage }) => systemImage),
      channelMeta: this.#channels.definitions.map(
        ({ id, label, detailLabel, systemImage, summary, login, settings }) => ({
          ...{ id, label, detailLabel, systemImage, summary },
          login: login !== undefined,
          settings: Object.entries(settings.properties).map(([name, schema]) => ({
            name,
            description: schema.description ?? "",
            isSecret: isSecret(schema),
          })),
        }),
      ),
      channels: this.health().channels,
      channelAccounts: Object.fromEntries(
        this.#channels.definitions.map(({ id }) => [id, this.#accounts.snapshots(id)]),
      ),
      channelDefaultAccountId: labels(({ id }) => this.#channels.defaultAccount(id)),
    };
  }

  /** Channels as the health snapshot shows them: those that are in the config. */
  health(): { channels: Record<string, unknown>; order: string[]; labels: Record<string, string> } {
    const known = this.#channels.definitions.map(
      (definition) => [definition, this.#accounts.snapshots(definition.id)] as const,
    );
    const inUse = known.filter(([, accounts]) => accounts.length > 0);
    const channels = inUse.map(([{ id }, accounts]) => {
      const first = accounts.find(({ accountId }) => accountId === this.#channels.defaultAccount(id)) ?? accounts[0]!;
      return [id, { ...first, accounts: Object.fromEntries(accounts.map((each) => [each.accountId, each])) }];
    });
    return {
      channels: Object.fromEntries(channels),
      order: inUse.map(([{ id }]) => id),
      labels: Object.fromEntries(inUse.map(([{ id, label }]) => [id, label])),
    };
  }

  /** One line for each account, for `status`. */
  summary(): string[] {
    return this.#channels.definitions.flatMap(({ id, label }) =>
      this.#accounts.snapshots(id).map(({ accountId, state, problem, self }) => {
        const name = accountId === DEFAULT_ACCOUNT ? label : `${label} (${accountId})`;
        return `${name}: ${state}${self?.name ? ` as ${self.name}` : ""}${problem ? ` — ${problem.message}` : ""}`;
      }),
    );
  }

  /** How many accounts of each channel are connected, of those that are in use. */
  accountsUp(): ReadonlyMap<string, number> {
    const inUse = this.#channels.definitions.map(({ id }) => [id, this.#accounts.snapshots(id)] as const);
    return new Map(
      inUse
        .filter(([, accounts]) => accounts.length > 0)
        .map(([id, accounts]) => [id, accounts.filter(({ state }) => state === "connected").length]),
    );
  }
}

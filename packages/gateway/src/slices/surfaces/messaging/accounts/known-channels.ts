/** Looks up channels and the config of their accounts. What is made of a config is kept until the next one. */

import type { Settings } from "../../../../base/config/config.ts";
import { defined } from "../../../../base/defined.ts";
import { invalidRequest, messageOf } from "../../../../base/errors.ts";
import { makePrivateDir } from "../../../../base/files.ts";
import type { Base } from "../../../../kit/base.ts";
import { type ChannelDefinition, ChannelError, type ProbeContext } from "../../../../kit/channel.ts";
import type { ChatRef, Peer } from "../../../../kit/party.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import type { ChannelsConfig } from "../settings.ts";
import {
  type AccountSettings,
  accountIds,
  accountSettings,
  DEFAULT_ACCOUNT,
  normalAccountId,
} from "./account-settings.ts";
import { AccountState } from "./account-store.ts";

/** A place that a message can be sent to. */
export type Place = AccountKey & { readonly chat: ChatRef };

/** A target as people write it. */
export interface Target {
  readonly to: string;
  readonly channel?: string;
  readonly accountId?: string;
  readonly threadId?: string;
}

/** The default channel for calls that name none: the one that declares itself the usual one, else the first. */
export function usualChannel(definitions: readonly ChannelDefinition[]): string {
  return (definitions.find(({ isUsual }) => isUsual) ?? definitions[0])?.id ?? "";
}

export class KnownChannels {
  readonly definitions: readonly ChannelDefinition[];
  readonly #config: Settings<ChannelsConfig>;
  readonly #base: Base;
  /** The settings that were made of a config, by channel and account; a changed config is another object. */
  #made: { readonly of: ChannelsConfig; readonly settings: Map<string, AccountSettings> } | undefined;

  constructor(base: Base, definitions: readonly ChannelDefinition[], config: Settings<ChannelsConfig>) {
    this.#base = base;
    this.definitions = definitions;
    this.#config = config;
  }

  /** The `channels` section as it is now. */
  get config(): ChannelsConfig {
    return this.#config.current;
  }

  /** Calls `fn` after each change of the section. */
  onChange(fn: () => void): Disposable {
    return this.#config.onChange(fn);
  }

  /** Every account of the config, in the order of the channels. */
  accounts(): { readonly key: AccountKey; readonly definition: ChannelDefinition }[] {
    return this.definitions.flatMap((definition) =>
      accountIds(this.config, definition.id).map((account) => ({
        key: { channel: definition.id, account },
        definition,
      })),
    );
  }

  /** The default channel for calls that name none. */
  get usual(): string {
    return usualChannel(this.definitions);
  }

  /** The channel of an id, in any case. Throws `INVALID_REQUEST` when there is none. */
  definition(channel: string): ChannelDefinition {
    const id = channel.trim().toLowerCase();
    const definition = this.definitions.find((each) => each.id === id);
    if (!definition) throw invalidRequest(`unsupported channel: ${id.slice(0, 64)}`);
    return definition;
  }

  /** The settings of an account in force; undefined when the config has no such account. */
  settingsOf({ channel, account }: AccountKey): AccountSettings | undefined {
    const { config } = this;
    if (this.#made?.of !== config) this.#made = { of: config, settings: new Map() };
    const { settings } = this.#made;
    const key = `${channel}:${account}`;
    const known = settings.get(key);
    if (known) return known;
    const definition = this.definitions.find(({ id }) => id === channel);
    const made = definition && accountSettings(config, definition, account, this.#base.env);
    if (made) settings.set(key, made);
    return made;
  }

  /** The settings of an account after this change of the config. */
  async candidate(key: AccountKey, patch: Readonly<Record<string, unknown>>): Promise<AccountSettings> {
    const { mergePatch } = await import("../../../../base/config/config-edit.ts");
    const { channels } = mergePatch({ channels: this.config }, patch) as { channels: ChannelsConfig };
    return accountSettings(channels, this.definition(key.channel), key.account, this.#base.env)!;
  }

  /** The account to use when none is named. */
  defaultAccount(channel: string): string {
    const ids = accountIds(this.config, channel);
    return ids.includes(DEFAULT_ACCOUNT) ? DEFAULT_ACCOUNT : (ids[0] ?? DEFAULT_ACCOUNT);
  }

  /** The account that a caller names. Throws `INVALID_REQUEST` when there is no such channel. */
  keyOf({ channel, accountId }: { readonly channel: string; readonly accountId?: string }): AccountKey {
    const { id } = this.definition(channel);
    return { channel: id, account: normalAccountId(accountId ?? this.defaultAccount(id)) };
  }

  /** The stored state of an account. */
  stateOf(key: AccountKey): AccountState {
    return new AccountState(this.#base.store, key);
  }

  /** Whether a session is stored for an account that is linked by a login. */
  isLinked(key: AccountKey): boolean {
    const definition = this.definition(key.channel);
    const own = this.settingsOf(key)?.own ?? {};
    return definition.isLinkedByLogin && definition.missing(own, this.stateOf(key)) === undefined;
  }

  /**
   * Resolves a target to a place. Throws `INVALID_REQUEST` with what is missing, or the forms that the channel accepts.
   */
  route({ channel, accountId, to, threadId }: Target & { channel: string }): Place {
    const definition = this.definition(channel);
    const { account } = this.keyOf({ channel, ...defined({ accountId }) });
    if (!this.settingsOf({ channel: definition.id, account }))
      throw invalidRequest(
        accountIds(this.config, definition.id).length === 0
          ? `${definition.label} is not set up; \`moltbot channels add ${definition.id}\` sets it up`
          : `${definition.label} has no account ${account}`,
      );
    try {
      const chat = definition.target(to);
      return { channel: definition.id, account, chat: threadId === undefined ? chat : { ...chat, threadId } };
    } catch (error) {
      throw invalidRequest(messageOf(error));
    }
  }

  /** What a channel is given while it asks its platform. */
  probeContext(key: AccountKey, settings: AccountSettings, signal: AbortSignal): ProbeContext {
    const { clock, env, stateDir, log } = this.#base;
    const folder = `${stateDir}/channels/${key.channel}/${key.account}`;
    makePrivateDir(folder);
    return {
      settings: { ...settings.own },
      accountId: key.account,
      signal,
      log: log.child({ channel: key.channel, account: key.account }),
      clock,
      state: this.stateOf(key),
      env,
      folder,
    };
  }

  /** Asks the platform who the credentials belong to, within a time limit. */
  async ask(key: AccountKey, settings: AccountSettings, limitMs: number, signal: AbortSignal): Promise<Peer> {
    const definition = this.definition(key.channel);
    const limit = new AbortController();
    const { clock } = this.#base;
    const late = new ChannelError(
      "network",
      `${definition.label} did not answer within ${Math.round(limitMs / 1000)} s.`,
    );
    const { promise, reject } = Promise.withResolvers<never>();
    using _timer = clock.after(limitMs, () => {
      limit.abort(late);
      reject(late);
    });
    const within = AbortSignal.any([signal, limit.signal]);
    return await Promise.race([
      definition.probe!(this.probeContext(key, settings, within) as ProbeContext<never>),
      promise,
    ]);
  }

  /** Changes the config file by a merge patch. Throws `INVALID_REQUEST` when the file, or what it would become, is invalid. */
  async write(patch: Record<string, unknown>): Promise<void> {
    const { config } = this.#base;
    const { patchConfigText } = await import("../../../../base/config/config-edit.ts");
    const { raw, hash, issues } = config.snapshot();
    const [issue] = issues;
    if (issue) {
      const where = [issue.path, issue.line && `line ${issue.line}`].filter(Boolean).join(", ");
      throw invalidRequest(`the config file is invalid${where && ` (${where})`}: ${issue.message}; mend it first`);
    }
    config.write(patchConfigText(raw ?? "", patch), hash);
  }
}

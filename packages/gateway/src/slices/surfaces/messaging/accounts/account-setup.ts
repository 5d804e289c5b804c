/** Adds, removes, links and logs out accounts. Each change is complete in the config or not made. */
import { defined } from "../../../../base/defined.ts";
import { detailOf, invalidRequest } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import type { LoginContext, ProbeContext } from "../../../../kit/channel.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import { unknownSettings } from "../settings.ts";
import { type Account, toChannelError } from "./account.ts";
import { accountIds, accountPatch, normalAccountId } from "./account-settings.ts";
import type { AccountParams, Accounts } from "./accounts.ts";
import type { KnownChannels } from "./known-channels.ts";

/** The time limit for a platform's answer. */
const PROBE_LIMIT_MS = 20_000;

export class AccountSetup {
  readonly #channels: KnownChannels;
  readonly #accounts: Accounts;
  readonly #log: Log;
  /** Accounts that a login has stopped. */
  readonly #interrupted = new WeakSet<Account>();

  constructor(options: { channels: KnownChannels; accounts: Accounts; log: Log }) {
    this.#channels = options.channels;
    this.#accounts = options.accounts;
    this.#log = options.log;
  }

  /** Writes an account into the config, after its credentials have been tried. Throws `INVALID_REQUEST` when they are wrong. */
  async add(
    {
      channel,
      accountId,
      settings,
      force = false,
    }: AccountParams & {
      readonly settings: Readonly<Record<string, unknown>>;
      readonly force?: boolean;
    },
    signal: AbortSignal,
  ) {
    const definition = this.#channels.definition(channel);
    const key = { channel: definition.id, account: normalAccountId(accountId) };
    const [unknown] = unknownSettings(definition, Object.keys(settings));
    if (unknown !== undefined)
      throw invalidRequest(
        `${definition.label} has no setting ${unknown}; its own are ${Object.keys(definition.settings.properties).join(", ")}`,
      );
    const patch = accountPatch(this.#channels.config, definition, key.account, settings);
    const candidate = await this.#channels.candidate(key, patch);
    const missing = definition.missing(candidate.own, this.#channels.stateOf(key));
    if (missing !== undefined && !definition.isLinkedByLogin && !force) throw invalidRequest(missing);
    let self: { id: string; name?: string } | undefined;
    if (definition.probe && missing === undefined) {
      try {
        const peer = await this.#channels.ask(key, candidate, PROBE_LIMIT_MS, signal);
        self = { id: peer.id, ...defined({ name: peer.name }) };
      } catch (error) {
        const problem = toChannelError(error, definition.label);
        if (!force)
          throw invalidRequest(`${problem.message} Nothing was saved.`, {
            code: "CHANNEL_PROBE_FAILED",
            kind: problem.kind,
          });
      }
    }
    await this.#write(patch);
    const next = missing !== undefined && definition.isLinkedByLogin ? missing : undefined;
    return { channel: key.channel, accountId: key.account, ...(self && { self }), ...defined({ next }) };
  }

  /** Removes an account from the config and deletes its session; its messages stay. */
  async remove(params: AccountParams): Promise<{ channel: string; accountId: string; removed: boolean }> {
    const definition = this.#channels.definition(params.channel);
    const account = normalAccountId(params.accountId ?? this.#channels.defaultAccount(definition.id));
    const key = { channel: definition.id, account };
    const section = this.#channels.config[definition.id] as { accounts?: Record<string, unknown> } | undefined;
    const ids = accountIds(this.#channels.config, definition.id);
    const isThere = ids.includes(account);
    const spelled = Object.keys(section?.accounts ?? {}).find((id) => normalAccountId(id) === account);
    if (isThere) {
      const patch = spelled !== undefined && ids.length > 1 ? { accounts: { [spelled]: null } } : null;
      await this.#write({ channels: { [definition.id]: patch } });
      this.#channels.stateOf(key).clear();
    }
    return { channel: key.channel, accountId: account, removed: isThere };
  }

  /** Ends an account's session on the platform and deletes it here. */
  async logout(params: AccountParams, signal: AbortSignal) {
    const { key, running } = this.#accounts.require(params);
    const { definition } = running.account;
    const wasLinked = this.#channels.isLinked(key);
    await running.account.stop();
    let loggedOut = false;
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(PROBE_LIMIT_MS)]);
      if (definition.logout && wasLinked) {
        await definition.logout(
          this.#channels.probeContext(key, running.account.settings, within) as ProbeContext<never>,
        );
        loggedOut = true;
      }
    } catch (error) {
      this.#log.warn("the platform was not told of a logout", { ...key, problem: detailOf(error) });
    }
    running.state.clear();
    const isWanted = this.#channels.settingsOf(key)?.enabled ?? false;
    if (isWanted) running.account.start();
    return { channel: key.channel, accountId: key.account, cleared: wasLinked, loggedOut };
  }

  /** Stops an account for its login. One that is not in the config is written there only when it is linked. */
  async prepareLogin(
    key: AccountKey,
    { force, signal, phoneNumber }: { force: boolean; signal: AbortSignal; phoneNumber?: string },
  ): Promise<LoginContext> {
    const patch = accountPatch(this.#channels.config, this.#channels.definition(key.channel), key.account, {});
    const account = this.#accounts.find(key)?.account;
    if (account && account.state !== "stopped" && account.state !== "disabled") this.#interrupted.add(account);
    await account?.stop();
    if (force) this.#channels.stateOf(key).clear();
    const settings = this.#channels.settingsOf(key) ?? (await this.#channels.candidate(key, patch));
    return { ...this.#channels.probeContext(key, settings, signal), ...defined({ phoneNumber }) };
  }

  /** Ends a login: a linked account is written to the config and started; any other is left as it was before. */
  async loginFinished(key: AccountKey, isLinked: boolean): Promise<void> {
    if (isLinked && !this.#channels.settingsOf(key))
      await this.#write(accountPatch(this.#channels.config, this.#channels.definition(key.channel), key.account, {}));
    const account = this.#accounts.find(key)?.account;
    const wasOn = account !== undefined && this.#interrupted.delete(account);
    if ((isLinked || wasOn) && !this.#accounts.isStopped) account?.start();
    await this.#accounts.reconcileSoon();
  }

  /** Changes the config and waits until the accounts have followed. */
  async #write(patch: Record<string, unknown>): Promise<void> {
    await this.#channels.write(patch);
    await this.#accounts.reconcileSoon();
  }
}

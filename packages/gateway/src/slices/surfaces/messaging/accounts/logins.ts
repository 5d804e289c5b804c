/**
 * Links accounts by a QR code or a code on the phone. Each account has at most one login at a time; several clients can
 * follow it.
 */

import { defined } from "../../../../base/defined.ts";
import { GatewayError, invalidRequest, TellableError } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort } from "../../../../base/time/deadline.ts";
import { type ChannelDefinition, ChannelError, type LoginContext, type LoginStep } from "../../../../kit/channel.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import { toChannelError } from "./account.ts";
import { normalAccountId } from "./account-settings.ts";
import { usualChannel } from "./known-channels.ts";

/** The state of a login as a client shows it. */
export interface LoginView {
  readonly qrDataUrl?: string;
  readonly qrText?: string;
  /** When the QR code is no longer good, epoch ms. */
  readonly expiresAt?: number;
  readonly code?: string;
  readonly message: string;
  readonly connected: boolean;
}

export interface LoginsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly definitions: readonly ChannelDefinition[];
  /** Whether a session is stored for the account. */
  isLinked(key: AccountKey): boolean;
  /** The account is stopped; returns what a login is given. */
  prepare(
    key: AccountKey,
    options: { force: boolean; signal: AbortSignal; phoneNumber?: string },
  ): Promise<LoginContext>;
  /** The login has ended: the account is kept and started when it is linked, else left as it was. */
  finished(key: AccountKey, isLinked: boolean): Promise<void>;
}

interface LoginParams {
  readonly channel?: string;
  readonly accountId?: string;
  readonly timeoutMs?: number;
}

/** A login under way or just over. */
interface Login {
  view: LoginView;
  isOver: boolean;
  readonly stop: AbortController;
  readonly waiting: Set<() => void>;
}

const START_LIMIT_MS = 30_000;
const WAIT_LIMIT_MS = 120_000;
/** A login that no client follows for this long is given up. */
const IDLE_MS = 5 * 60_000;

export class Logins implements Disposable {
  readonly #options: LoginsOptions;
  readonly #logins = new Map<string, Login>();

  constructor(options: LoginsOptions) {
    this.#options = options;
  }

  /** Begins a login, or shows the one under way. Throws `UNAVAILABLE` when the platform cannot be reached. */
  async start(params: LoginParams & { readonly force?: boolean; readonly phoneNumber?: string }): Promise<LoginView> {
    const { definition, key } = this.#require(params);
    const known = this.#logins.get(idOf(key));
    if (known && !known.isOver && !params.force && params.phoneNumber === undefined) return known.view;
    known?.stop.abort(new TellableError("a new login has begun"));
    if (this.#options.isLinked(key) && !params.force)
      return { message: `${definition.label} is linked already; pass force to link it anew.`, connected: true };
    const login: Login = {
      view: { message: `Asking ${definition.label} for a code…`, connected: false },
      isOver: false,
      stop: new AbortController(),
      waiting: new Set(),
    };
    this.#logins.set(idOf(key), login);
    void this.#run(definition, key, login, params);
    await this.#changed(login, params.timeoutMs ?? START_LIMIT_MS, login.stop.signal, login.view);
    if (login.isOver && !login.view.connected) throw new GatewayError("UNAVAILABLE", login.view.message);
    return login.view;
  }

  /** Waits for the end of a login. Answers earlier when the code that the caller shows is no longer current. */
  async wait(params: LoginParams & { readonly currentQrDataUrl?: string }, signal: AbortSignal): Promise<LoginView> {
    const { definition, key } = this.#require(params);
    const login = this.#logins.get(idOf(key));
    if (!login) {
      const connected = this.#options.isLinked(key);
      const message = connected
        ? `${definition.label} is linked.`
        : "No login is under way; call web.login.start first.";
      return { message, connected };
    }
    const shown = params.currentQrDataUrl ?? login.view.qrDataUrl;
    if (!login.isOver && login.view.qrDataUrl === shown)
      await this.#changed(login, params.timeoutMs ?? WAIT_LIMIT_MS, signal, login.view);
    return login.view;
  }

  /** Whether a login is under way, which the account must not disturb. */
  isUnderWay(key: AccountKey): boolean {
    return this.#logins.get(idOf(key))?.isOver === false;
  }

  [Symbol.dispose](): void {
    for (const { stop } of this.#logins.values()) stop.abort(new TellableError("the gateway stops"));
  }

  #require({ channel = usualChannel(this.#options.definitions), accountId }: LoginParams): {
    definition: ChannelDefinition;
    key: AccountKey;
  } {
    const id = channel.trim().toLowerCase();
    const definition = this.#options.definitions.find((each) => each.id === id);
    if (!definition) throw invalidRequest(`unsupported channel: ${id.slice(0, 64)}`);
    if (!definition.login)
      throw invalidRequest(`${definition.label} has no login; \`moltbot channels add ${id}\` takes its token`);
    return { definition, key: { channel: id, account: normalAccountId(accountId) } };
  }

  async #run(
    definition: ChannelDefinition,
    key: AccountKey,
    login: Login,
    { force = false, phoneNumber }: { readonly force?: boolean; readonly phoneNumber?: string },
  ): Promise<void> {
    const { signal } = login.stop;
    const { clock, log } = this.#options;
    using _limit = clock.after(IDLE_MS, () => login.stop.abort(new TellableError("nobody scanned the code in time")));
    try {
      const context = await this.#options.prepare(key, {
        force,
        signal,
        ...defined({ phoneNumber }),
      });
      for await (const step of definition.login!(context as LoginContext<never>)) {
        signal.throwIfAborted();
        this.#show(login, await viewOf(step, definition.label));
      }
      const { connected } = login.view;
      await this.#options.finished(key, connected);
      this.#end(login, connected ? login.view : { message: "The login ended without a result.", connected: false });
    } catch (error) {
      const problem = signal.aborted
        ? new ChannelError("network", `The login was given up: ${String((signal.reason as Error).message)}.`)
        : toChannelError(error, definition.label);
      log.warn("a login has failed", { ...key, problem: problem.message });
      await this.#options
        .finished(key, false)
        .catch((failure: unknown) => log.error("an account cannot be put back as it was", { ...key, error: failure }));
      this.#end(login, { message: problem.message, connected: false });
    }
  }

  #show(login: Login, view: LoginView): void {
    login.view = view;
    for (const wake of login.waiting) wake();
  }

  #end(login: Login, view: LoginView): void {
    login.isOver = true;
    this.#show(login, view);
  }

  /** Resolves when the view has changed, or the time is over. Rejects when the signal aborts. */
  async #changed(login: Login, limitMs: number, signal: AbortSignal, seen: LoginView): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = () => {
      // A step without anything to show ("scanned, one moment") is no reason to answer.
      const isNews = login.view.qrDataUrl !== seen.qrDataUrl || login.view.code !== seen.code;
      if (login.isOver || isNews) resolve();
    };
    login.waiting.add(check);
    using _aborted = onAbort(signal, resolve);
    using _timer = this.#options.clock.after(Math.max(1_000, limitMs), resolve);
    check();
    await promise;
    login.waiting.delete(check);
  }
}

async function viewOf(step: LoginStep, label: string): Promise<LoginView> {
  switch (step.kind) {
    case "qr": {
      const { qrDataUrl } = await import("./qr.ts");
      return {
        qrText: step.text,
        qrDataUrl: await qrDataUrl(step.text),
        expiresAt: step.expiresAt,
        message: `Scan this code with ${label} on your phone: Settings, Linked devices, Link a device.`,
        connected: false,
      };
    }
    case "code":
      return { code: step.code, message: step.message, connected: false };
    case "waiting":
      return { message: step.message, connected: false };
    case "done":
      return { message: `${label} is linked as ${step.self.name ?? step.self.id}.`, connected: true };
  }
}

function idOf({ channel, account }: AccountKey): string {
  return `${channel}:${account}`;
}

/**
 * One account. It starts, fails, waits and stops by itself, and its library affects no other account. Its state, and
 * what its owner can do, can be read at any time.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { detailOf, ignore, messageOf, TellableError } from "../../../../base/errors.ts";
import type { Log } from "../../../../base/log.ts";
import { type ErrorOwner, runOwnedBy } from "../../../../base/process/error-owner.ts";
import { isTransient, type Machine, machineTrouble } from "../../../../base/process/machine.ts";
import { type Backoff, backoffMs } from "../../../../base/time/backoff.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { onAbort, within } from "../../../../base/time/deadline.ts";
import { PlatformTime } from "../../../../base/time/steady-clock.ts";
import {
  type ChannelContext,
  type ChannelDefinition,
  ChannelError,
  type ChannelErrorKind,
  type ChannelState,
  type Connection,
} from "../../../../kit/channel.ts";
import type { Peer } from "../../../../kit/party.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";
import type { AccountStateName } from "../schema.ts";
import type { AccountSettings } from "./account-settings.ts";

/** What the owners of an account pass to it. */
export interface AccountOptions {
  readonly key: AccountKey;
  readonly definition: ChannelDefinition;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  /** Takes secrets out of a text that leaves. */
  guard(text: string): string;
  /** The settings in force; read at each start, and at use. */
  settings(): AccountSettings;
  /** What its channel remembers. */
  readonly state: ChannelState;
  context(signal: AbortSignal, settings: AccountSettings): ChannelContext;
  /** Called when the account has another state. */
  changed(account: Account): void;
  /** Called when messages can be sent, before anyone else sends. */
  connected(account: Account, connection: Connection): void;
}

/** A problem of an account, for its owner. */
export interface Problem {
  readonly kind: ChannelErrorKind | "unconfigured";
  readonly message: string;
}

/** Reconnecting (found by experiment with all platforms): 1 s, doubled, at most a minute. */
const RECONNECT: Backoff = { baseMs: 1_000, maxMs: 60_000, factor: 2 };
/** A link that lasted this long resets the count of failures. */
const STABLE_MS = 60_000;
/** After this many failures in a row the next tries are further apart (circuit breaker). */
const CIRCUIT_FAILURES = 12;
const CIRCUIT_MS = 5 * 60_000;
/** The wait when a program or package is missing: it does not appear within seconds. */
const UNAVAILABLE_MS = 5 * 60_000;
/** An attempt to connect is ended after this time, and begins again. */
const OPEN_LIMIT_MS = 150_000;
const CLOSE_LIMIT_MS = 5_000;
/** Errors after which only a person can continue. */
const FATAL: ReadonlySet<ChannelErrorKind> = new Set(["logged-out", "bad-credentials", "replaced", "banned"]);

export class Account implements ErrorOwner {
  readonly key: AccountKey;
  readonly definition: ChannelDefinition;
  readonly #options: AccountOptions;
  #state: AccountStateName = "stopped";
  #problem: Problem | undefined;
  /** The state that is reported until the account's first start. */
  #expected: { readonly state: AccountStateName; readonly problem?: Problem } | undefined;
  #connection: Connection | undefined;
  #self: Peer | undefined;
  #stop: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #crash = Promise.withResolvers<ChannelError>();
  #failures = 0;
  #told: PlatformTime | undefined;
  #nextAttemptAt: number | undefined;
  #lastConnectedAt: number | undefined;
  #lastStartAt: number | undefined;
  #lastStopAt: number | undefined;

  constructor(options: AccountOptions) {
    this.key = options.key;
    this.definition = options.definition;
    this.#options = options;
  }

  /** The open link, while there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  get settings(): AccountSettings {
    return this.#options.settings();
  }

  /** Removes secrets from a text that this account sends. */
  guarded(text: string): string {
    return this.#options.guard(text);
  }

  get state(): AccountStateName {
    return this.#expected?.state ?? this.#state;
  }

  get problem(): Problem | undefined {
    return this.#expected ? this.#expected.problem : this.#problem;
  }

  /** Whether it has been neither started nor stopped since `expect`. */
  get isExpected(): boolean {
    return this.#expected !== undefined;
  }

  /** Says from now on how the account will begin, until it does. */
  expect(): void {
    const { enabled, own, unsound } = this.settings;
    const missing = enabled ? (unsound ?? this.definition.missing(own, this.#options.state)) : undefined;
    if (missing !== undefined)
      this.#expected = { state: "unconfigured", problem: { kind: "unconfigured", message: missing } };
    else this.#expected = { state: enabled ? "starting" : "disabled" };
  }

  /** Who the account is, once it has been connected. */
  get self(): Peer | undefined {
    return this.#self;
  }

  get times() {
    return {
      failures: this.#failures,
      nextAttemptAt: this.#nextAttemptAt,
      lastConnectedAt: this.#lastConnectedAt,
      lastStartAt: this.#lastStartAt,
      lastStopAt: this.#lastStopAt,
    };
  }

  /** The time of the platform's own clock, epoch ms; undefined when it is not known. */
  get platformNow(): number | undefined {
    return this.#told?.now();
  }

  /** The platform's clock says that it is `at`, epoch ms. */
  heardTime(at: number): void {
    this.#told = new PlatformTime(at, this.#options.clock);
  }

  /** Whether it works or tries to, or will in a moment. */
  get isRunning(): boolean {
    return this.#stop !== undefined || this.#expected?.state === "starting";
  }

  /** Starts the account without waiting; does nothing when it runs. */
  start(): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#failures = 0;
    this.#running = this.#running
      .then(() => this.#run(stop.signal))
      .catch((error: unknown) => {
        if (!stop.signal.aborted) this.#options.log.error("an account ended in an unexpected error", { error });
      })
      .finally(() => {
        if (this.#stop === stop) this.#stop = undefined;
      });
  }

  /** Stops it and waits until its link is closed. */
  async stop(state: "stopped" | "disabled" = "stopped"): Promise<void> {
    const wasRunning = this.#stop !== undefined;
    this.#stop?.abort(new TellableError("the account is stopped"));
    await this.#running;
    if (wasRunning) this.#lastStopAt = this.#options.clock.now();
    this.#to(state);
  }

  /** Connects at once with the current settings, instead of after a wait. */
  async restart(): Promise<void> {
    await this.stop();
    this.start();
  }

  /** Handles an error that escaped from the account's library. */
  crashed(error: unknown): void {
    this.#options.log.error("a channel's library failed; its account is restarted", { error });
    this.#crash.resolve(
      new ChannelError(
        "network",
        `${this.definition.label} failed inside its library (${messageOf(error)}); it is restarted.`,
        {
          cause: error,
        },
      ),
    );
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    // The start of the gateway must not wait for channels, not even for their first line of code.
    await nextTurn();
    while (!signal.aborted) {
      const settings = this.settings;
      const missing = settings.unsound ?? this.definition.missing(settings.own, this.#options.state);
      if (missing !== undefined) return this.#to("unconfigured", { kind: "unconfigured", message: missing });
      const startedAt = clock.monotonic();
      const error = await this.#session(signal, settings);
      if (signal.aborted) return;
      if (isTransient(error)) {
        await this.#waitForMachine(error, signal);
        continue;
      }
      if (FATAL.has(error.kind)) {
        log.error("an account has stopped", { problem: error.message, kind: error.kind });
        return this.#to("failed", error);
      }
      this.#failures = clock.monotonic() - startedAt > STABLE_MS ? 1 : this.#failures + 1;
      const waitMs = this.#waitMs(error);
      this.#nextAttemptAt = clock.now() + waitMs;
      // Log each problem once, not at each try.
      const level = this.#problem?.message === error.message ? "debug" : "warn";
      log[level]("an account is not connected", { problem: error.message, kind: error.kind, waitMs });
      this.#to("waiting", error);
      await clock.sleep(waitMs, signal).catch((reason) => ignore(reason, "the loop looks at the signal"));
      this.#nextAttemptAt = undefined;
    }
  }

  /** Waits while the machine has trouble; the platform keeps its messages meanwhile. */
  async #waitForMachine(error: ChannelError, signal: AbortSignal): Promise<void> {
    this.#to("waiting", error);
    const { machine } = this.#options;
    await machine.recovered(error, signal).catch((reason) => ignore(reason, "the loop looks at the signal"));
  }

  #waitMs({ kind, retryAfterMs }: ChannelError): number {
    if (retryAfterMs !== undefined) return retryAfterMs;
    if (kind === "unavailable") return UNAVAILABLE_MS;
    return this.#failures >= CIRCUIT_FAILURES ? CIRCUIT_MS : backoffMs(this.#failures, RECONNECT);
  }

  /** Runs one link from its opening to its end; resolves with the reason of the end. */
  async #session(signal: AbortSignal, settings: AccountSettings): Promise<ChannelError> {
    const { clock, log } = this.#options;
    const link = new AbortController();
    const either = AbortSignal.any([signal, link.signal]);
    this.#crash = Promise.withResolvers();
    this.#lastStartAt = clock.now();
    if (this.#state !== "waiting") this.#to("starting");
    try {
      const opening = runOwnedBy(this, () =>
        this.definition.open(this.#options.context(either, settings) as ChannelContext<never>),
      );
      const connection = await this.#opened(opening, either);
      this.#connection = connection;
      this.#self = connection.self;
      this.#lastConnectedAt = clock.now();
      log.info("an account is connected", { self: connection.self.name ?? connection.self.id });
      this.#to("connected");
      this.#options.connected(this, connection);
      return await Promise.race([connection.closed, this.#crash.promise, abortOf(either)]);
    } catch (error) {
      return toChannelError(error, this.definition.label);
    } finally {
      const connection = this.#connection;
      this.#connection = undefined;
      link.abort(new TellableError("the link is closed"));
      await this.#close(connection);
    }
  }

  /** Waits for the connection within a time limit; a connection that comes too late is closed. */
  async #opened(opening: Promise<Connection>, signal: AbortSignal): Promise<Connection> {
    const { clock } = this.#options;
    const late = () =>
      new ChannelError("network", `${this.definition.label} did not connect within ${OPEN_LIMIT_MS / 1000} s.`);
    const crashed = this.#crash.promise.then((error) => {
      throw error;
    });
    try {
      return await within(Promise.race([opening, crashed]), { ms: OPEN_LIMIT_MS, clock, signal, late });
    } catch (error) {
      void opening.then(
        (connection) => this.#close(connection),
        (reason: unknown) => ignore(reason, "the failure has been reported"),
      );
      throw error;
    }
  }

  async #close(connection: Connection | undefined): Promise<void> {
    if (!connection) return;
    const { clock, log } = this.#options;
    const closing = runOwnedBy(this, async () => await connection[Symbol.asyncDispose]());
    await within(closing, { ms: CLOSE_LIMIT_MS, clock }).catch((error: unknown) =>
      log.debug("closing a channel's link failed", { error: detailOf(error) }),
    );
  }

  #to(state: AccountStateName, problem?: Problem): void {
    if (!this.#expected && this.#state === state && this.#problem?.message === problem?.message) return;
    this.#expected = undefined;
    this.#state = state;
    this.#problem = problem && { kind: problem.kind, message: problem.message };
    this.#options.changed(this);
  }
}

/** Turns anything that a channel has thrown into a `ChannelError`. */
export function toChannelError(error: unknown, label: string): ChannelError {
  if (error instanceof ChannelError) return error;
  const trouble = machineTrouble(error);
  if (trouble) return new ChannelError("unavailable", `${label} waits: ${trouble.says}.`, { cause: error });
  return new ChannelError("network", `${label} failed unexpectedly: ${messageOf(error)}.`, { cause: error });
}

function abortOf(signal: AbortSignal): Promise<ChannelError> {
  const { promise, resolve } = Promise.withResolvers<ChannelError>();
  onAbort(signal, () => resolve(new ChannelError("network", "the account is stopped")));
  return promise;
}

/**
 * One configured MCP server: connected when a run needs it, kept while it is used, and tried again after a pause when
 * it fails.
 */

import { GatewayError, ignore, messageOf, TellableError } from "../../../base/errors.ts";
import { type Backoff, backoffMs } from "../../../base/time/backoff.ts";
import { type McpConnection, type McpResult, type McpTool, type OpenOptions, openConnection } from "./connection.ts";

/** The state of a server. */
export type ServerState = "idle" | "connecting" | "connected" | "failed";

export type McpServerOptions = Omit<OpenOptions, "signal"> & { readonly name: string };

const OPEN_MS = 20_000;
const LIST_MS = 10_000;
const LIST_KEPT_MS = 60_000;
const IDLE_MS = 10 * 60_000;
const RETRY: Backoff = { baseMs: 2_000, maxMs: 5 * 60_000, factor: 2 };
/** A server that ends sooner after connecting has failed. */
const STABLE_MS = 30_000;

interface Open {
  readonly connection: McpConnection;
  readonly openedAt: number;
  tools: { readonly list: readonly McpTool[]; readonly at: number };
}

export class McpServer implements AsyncDisposable {
  readonly name: string;
  readonly #options: McpServerOptions;
  readonly #ended = new AbortController();
  #opening: Promise<Open> | undefined;
  #open: Open | undefined;
  #failures = 0;
  #problem: string | undefined;
  #retryAt = 0;
  #busy = 0;
  #idle: Disposable | undefined;

  constructor(options: McpServerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get settings(): McpServerOptions["settings"] {
    return this.#options.settings;
  }

  get state(): ServerState {
    if (this.#open) return "connected";
    if (this.#opening) return "connecting";
    return this.#problem === undefined ? "idle" : "failed";
  }

  /** The last problem, while it is not connected. */
  get problem(): string | undefined {
    return this.#open ? undefined : this.#problem;
  }

  /** The tools that were last seen. */
  get seen(): readonly McpTool[] {
    return this.#open?.tools.list ?? [];
  }

  /** The server's tools; connects if necessary. Throws `UNAVAILABLE` at once during the pause after a failure. */
  async tools({ now = false }: { now?: boolean } = {}): Promise<readonly McpTool[]> {
    return await this.#using(async (open) => {
      const { clock } = this.#options;
      if (!now && clock.monotonic() - open.tools.at < LIST_KEPT_MS) return open.tools.list;
      const list = await open.connection.list(this.#within(LIST_MS));
      open.tools = { list, at: clock.monotonic() };
      return list;
    }, now);
  }

  /** Calls a tool. Throws `UNAVAILABLE` when the server is in trouble, or the signal's reason. */
  async call(tool: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<McpResult> {
    return await this.#using(async ({ connection }) => {
      const ended = connection.closed.then((how): never => {
        const text = `the MCP server ${this.name} ended during the call (${how}); whether it took effect is not known`;
        throw new GatewayError("UNAVAILABLE", text);
      });
      ended.catch((error: unknown) => ignore(error, "it is thrown below, or the call was answered first"));
      return await Promise.race([connection.call(tool, args, signal), ended]);
    });
  }

  /** Closes the connection; a program is ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new TellableError("the server is not used any more"));
    this.#idle?.[Symbol.dispose]();
    await this.#opening?.catch((error: unknown) => ignore(error, "whoever asked for the connection has been told"));
    await this.#drop();
  }

  /** Runs work on the connection, which stays open meanwhile. */
  async #using<T>(work: (open: Open) => Promise<T>, now = false): Promise<T> {
    this.#idle?.[Symbol.dispose]();
    this.#busy++;
    try {
      return await work(await this.#connected(now));
    } finally {
      this.#busy--;
      if (this.#busy === 0) this.#rest();
    }
  }

  #rest(): void {
    this.#idle = this.#options.clock.after(IDLE_MS, () => void this.#drop());
  }

  async #connected(now: boolean): Promise<Open> {
    this.#ended.signal.throwIfAborted();
    if (this.#open) return this.#open;
    const { clock } = this.#options;
    const waitMs = this.#retryAt - clock.monotonic();
    if (waitMs > 0 && !now && !this.#opening) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new GatewayError(
        "UNAVAILABLE",
        `the MCP server ${this.name} is not available (${this.#problem}); it is tried again in ${seconds} s`,
      );
    }
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return await this.#opening;
  }

  async #connect(): Promise<Open> {
    const { clock, log } = this.#options;
    try {
      const signal = this.#within(OPEN_MS);
      const connection = await openConnection({ ...this.#options, signal });
      try {
        const list = await connection.list(signal);
        const open: Open = { connection, openedAt: clock.monotonic(), tools: { list, at: clock.monotonic() } };
        this.#ended.signal.throwIfAborted();
        this.#open = open;
        this.#failures = 0;
        this.#problem = undefined;
        void connection.closed.then((how) => this.#lost(open, how));
        log.info("an MCP server is connected", { server: this.name, tools: list.length });
        return open;
      } catch (error) {
        await connection[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      const problem = messageOf(error);
      if (!this.#ended.signal.aborted) this.#failed(problem);
      throw new GatewayError("UNAVAILABLE", `the MCP server ${this.name} cannot be reached: ${problem}`, {
        cause: error,
      });
    }
  }

  /**
   * Handles an end of the server: soon after its start it is a failure; later the server is started again when needed.
   */
  #lost(open: Open, how: string): void {
    if (this.#open !== open) return;
    this.#open = undefined;
    this.#problem = how;
    const { clock, log } = this.#options;
    if (clock.monotonic() - open.openedAt < STABLE_MS) this.#failed(how);
    else log.warn("an MCP server has ended", { server: this.name, how });
    void open.connection[Symbol.asyncDispose]();
  }

  #failed(problem: string): void {
    const { clock, log } = this.#options;
    const waitMs = backoffMs(++this.#failures, RETRY);
    this.#problem = problem;
    this.#retryAt = clock.monotonic() + waitMs;
    log.warn("an MCP server cannot be used", { server: this.name, problem, retryInMs: waitMs });
  }

  async #drop(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.connection[Symbol.asyncDispose]();
  }

  /** A signal that aborts after `ms`, and when the server is no longer used. */
  #within(ms: number): AbortSignal {
    const limit = new AbortController();
    this.#options.clock.after(ms, () => limit.abort(new TellableError(`it did not answer within ${ms / 1000} s`)));
    return AbortSignal.any([limit.signal, this.#ended.signal]);
  }
}

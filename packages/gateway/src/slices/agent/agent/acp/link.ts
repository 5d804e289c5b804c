/**
 * One running external agent: a program that speaks the Agent Client Protocol over its standard streams. The only file
 * that knows the SDK, which is imported when the first is started.
 */

import { Readable, Writable } from "node:stream";
import type {
  ClientConnection,
  ContentBlock,
  InitializeResponse,
  PromptResponse,
  RequestPermissionRequest,
  RequestPermissionResponse,
  SessionUpdate,
} from "@agentclientprotocol/sdk";
import { detailOf, GatewayError, ignore, messageOf, TellableError } from "../../../../base/errors.ts";
import { Child, type ChildOptions } from "../../../../base/process/child.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { within } from "../../../../base/time/deadline.ts";

/** Receives an agent's updates and requests in one of its sessions during a prompt. */
export interface SessionPort {
  update(update: SessionUpdate): void;
  permission(request: RequestPermissionRequest, signal: AbortSignal): Promise<RequestPermissionResponse>;
  /** Reads a file. Throws what is wrong with the path, or why it is not allowed. */
  readFile(path: string): string;
  writeFile(path: string, content: string): void;
}

const START_MS = 30_000;
const LAST_WORD_MS = 1_000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export class AcpLink implements AsyncDisposable {
  /** The agent's capabilities, as it named them at the start. */
  readonly abilities: InitializeResponse;
  readonly #child: Child;
  readonly #connection: ClientConnection;
  readonly #clock: Clock;
  readonly #ports: Map<string, SessionPort>;
  readonly #working = new Map<string, Promise<PromptResponse>>();

  private constructor(
    child: Child,
    {
      connection,
      abilities,
      clock,
      ports,
    }: Pick<AcpLink, "abilities"> & {
      connection: ClientConnection;
      clock: Clock;
      ports: Map<string, SessionPort>;
    },
  ) {
    this.#child = child;
    this.#connection = connection;
    this.#clock = clock;
    this.#ports = ports;
    this.abilities = abilities;
  }

  /** Starts the program and greets it. Throws `UNAVAILABLE` with what is wrong; nothing is left running then. */
  static async start(options: ChildOptions & { readonly version: string }): Promise<AcpLink> {
    const { clock, version } = options;
    const acp = await import("@agentclientprotocol/sdk");
    const child = new Child(options);
    const ports = new Map<string, SessionPort>();
    const portOf = (sessionId: string) => {
      const port = ports.get(sessionId);
      if (!port) throw acp.RequestError.invalidParams(undefined, "nothing is under way in this session");
      return port;
    };
    const { session, fs } = acp.methods.client;
    const app = acp
      .client({ name: "moltbot" })
      .onNotification(session.update, ({ params }) => ports.get(params.sessionId)?.update(params.update))
      .onRequest(session.requestPermission, ({ params, signal }) => portOf(params.sessionId).permission(params, signal))
      .onRequest(fs.readTextFile, ({ params: { sessionId, path, line, limit } }) => {
        const lines = portOf(sessionId).readFile(path).split("\n");
        const from = Math.max(0, (line ?? 1) - 1);
        return { content: lines.slice(from, limit ? from + limit : undefined).join("\n") };
      })
      .onRequest(fs.writeTextFile, ({ params: { sessionId, path, content } }) => {
        portOf(sessionId).writeFile(path, content);
        return {};
      });
    const streams = [Writable.toWeb(child.stdin), Readable.toWeb(child.stdout)] as const;
    const connection = app.connect(
      acp.ndJsonStream(streams[0], streams[1] as ReadableStream<Uint8Array>, { maxMessageBytes: MAX_MESSAGE_BYTES }),
    );
    connection.closed.catch((error: unknown) => ignore(error, "requests that wait fail with it"));
    try {
      const greeting = connection.agent.request(acp.methods.agent.initialize, {
        protocolVersion: acp.PROTOCOL_VERSION,
        clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: false },
        clientInfo: { name: "moltbot", version },
      });
      const abilities = await bounded(greeting, { child, clock, ms: START_MS });
      return new AcpLink(child, { connection, abilities, clock, ports });
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when the program has ended, to a few words that say how. */
  get ended(): Promise<string> {
    return this.#child.ended;
  }

  get isAlive(): boolean {
    return !this.#child.hasEnded && !this.#connection.signal.aborted;
  }

  get seesPictures(): boolean {
    return this.abilities.agentCapabilities?.promptCapabilities?.image === true;
  }

  /** Begins a session in a folder. Throws `UNAVAILABLE`. */
  async newSession(cwd: string): Promise<string> {
    const asked = this.#connection.agent.request("session/new", { cwd, mcpServers: [] });
    return (await this.#bounded(asked)).sessionId;
  }

  /** Loads an earlier session; false when the agent cannot, or no longer knows it. */
  async loadSession(sessionId: string, cwd: string): Promise<boolean> {
    if (this.abilities.agentCapabilities?.loadSession !== true) return false;
    try {
      await this.#bounded(this.#connection.agent.request("session/load", { sessionId, cwd, mcpServers: [] }));
      return true;
    } catch (error) {
      if (this.isAlive) return false;
      throw error;
    }
  }

  /**
   * Sends a prompt and passes updates to `port`. Throws `UNAVAILABLE` when the program ends or answers with an error.
   */
  async prompt(sessionId: string, prompt: ContentBlock[], port: SessionPort): Promise<PromptResponse> {
    const work = this.#ask(sessionId, prompt, port);
    this.#working.set(sessionId, work);
    try {
      return await work;
    } finally {
      if (this.#working.get(sessionId) === work) this.#working.delete(sessionId);
    }
  }

  async #ask(sessionId: string, prompt: ContentBlock[], port: SessionPort): Promise<PromptResponse> {
    this.#ports.set(sessionId, port);
    try {
      const asked = this.#connection.agent.request("session/prompt", { sessionId, prompt });
      const answer = await Promise.race([asked, gone(this.#child)]);
      // Updates that were sent before the answer may still be in the stream.
      await this.#clock.sleep(0);
      return answer;
    } catch (error) {
      return await explained(error, { child: this.#child, clock: this.#clock });
    } finally {
      this.#ports.delete(sessionId);
    }
  }

  /** Resolves when the earlier prompt of a session has ended, stopped or not. */
  async whenQuiet(sessionId: string): Promise<void> {
    await this.#working.get(sessionId)?.catch((error: unknown) => ignore(error, "whoever asked has been told"));
  }

  /** Asks the agent to stop the prompt of a session. */
  cancel(sessionId: string): void {
    this.#connection.agent
      .notify("session/cancel", { sessionId })
      .catch((error: unknown) => ignore(error, "a program that is gone does nothing more"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
    await this.#child[Symbol.asyncDispose]();
  }

  async #bounded<T>(work: Promise<T>): Promise<T> {
    return await bounded(work, { child: this.#child, clock: this.#clock, ms: START_MS });
  }
}

/** The result of the work. Throws `UNAVAILABLE` when the program ends first, or does not answer in time. */
async function bounded<T>(
  work: Promise<T>,
  { child, clock, ms }: { child: Child; clock: Clock; ms: number },
): Promise<T> {
  const late = () => new TellableError(`it did not answer within ${ms / 1000} s`);
  try {
    return await within(Promise.race([work, gone(child)]), { ms, clock, late });
  } catch (error) {
    return await explained(error, { child, clock });
  }
}

/** Waits for the end of the program, which explains the end of its stream better. */
async function explained(error: unknown, { child, clock }: { child: Child; clock: Clock }): Promise<never> {
  const isClosed = /closed/i.test(detailOf(error));
  const how = isClosed ? await Promise.race([child.ended, clock.sleep(LAST_WORD_MS)]) : undefined;
  throw problemOf(how ? new TellableError(how, { cause: error }) : error);
}

function gone(child: Child): Promise<never> {
  const ended = child.ended.then((how): never => {
    throw new TellableError(how);
  });
  ended.catch((error: unknown) => ignore(error, "it is thrown where the end is waited for, or the work ended first"));
  return ended;
}

/** ACP's own code for an agent that wants its user to sign in first (protocol: authentication). */
const AUTH_REQUIRED = -32_000;

function problemOf(error: unknown): GatewayError {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code === AUTH_REQUIRED) {
    const text = "it wants you to sign in first; start it once in a terminal on the gateway's machine";
    return new GatewayError("UNAVAILABLE", text, { cause: error });
  }
  return new GatewayError("UNAVAILABLE", messageOf(error), { cause: error });
}

/** A node host: keeps a connection to a gateway for ever, and answers the calls that come over it. */
import { cpus, freemem, loadavg, totalmem } from "node:os";
import {
  type ClientOptions,
  type ClientState,
  ConnectionClosed,
  GatewayClient,
  isPairingRequired,
} from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { ignore, messageOf } from "../../base/errors.ts";
import type { Clock } from "../../base/time/clock.ts";
import { errorText } from "../language/failure.ts";
import type { NodeCommand } from "./command.ts";
import { badParams, NodeFailure } from "./failure.ts";

export interface HostOptions {
  /** How to connect; role, caps and commands are added. */
  readonly client: Omit<ClientOptions, "role" | "caps" | "commands" | "reconnect">;
  readonly deviceId: string;
  readonly commands: ReadonlyMap<string, NodeCommand>;
  readonly clock: Clock;
  /** Called for each thing that the person at this machine should know. */
  readonly say: (line: string) => void;
}

/** A call as the gateway sends it (protocol: node.invoke.request). */
interface Call {
  readonly id: string;
  readonly command: string;
  readonly params: unknown;
  readonly timeoutMs: number | undefined;
}

/** The longest pause between attempts to connect, ms: a gateway that is back is found within 3 s. */
const LONGEST_PAUSE_MS = 2_000;
/** The pause after a refusal that another try alone does not lift, ms. */
const REFUSED_MS = 5_000;
/** How often the state of this machine is told, ms. Source: the node host of 2026. */
const STATS_MS = 60_000;
/** The longest piece of output in one progress frame, characters (protocol: node.invoke.progress). */
const PIECE_CHARS = 16_384;
/** This node ends a call so long before the gateway would, ms, so that its own answer arrives. */
const EARLY_MS = 250;

export class NodeHost implements Disposable {
  readonly #options: HostOptions;
  readonly #calls = new Map<string, AbortController>();
  readonly #stop = new AbortController();
  #client: GatewayClient | undefined;
  #said = "";

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** Connects, and again whenever the connection ends, until it is disposed. Never rejects. */
  async run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stop.signal.aborted) {
      await this.#oneClient();
      try {
        await clock.sleep(REFUSED_MS, this.#stop.signal);
      } catch (error) {
        return ignore(error, "it was told to stop");
      }
    }
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#endCalls();
    this.#client?.close();
  }

  /** Lives as long as one client does: it reconnects by itself, and ends only when the gateway refuses it for good. */
  async #oneClient(): Promise<void> {
    const { client: options, commands, clock } = this.#options;
    const client = new GatewayClient({
      ...options,
      role: "node",
      caps: [...new Set([...commands.values()].map(({ cap }) => cap))],
      commands: [...commands.keys()],
      maxPauseMs: LONGEST_PAUSE_MS,
    });
    this.#client = client;
    using _requests = client.on("node.invoke.request", (payload: unknown) => void this.#take(client, payload));
    using _cancels = client.on("node.invoke.cancel", (payload: unknown) => this.#cancel(payload));
    using _stats = clock.every(STATS_MS, () => void this.#tellStats(client));
    const over = Promise.withResolvers<void>();
    using _states = client.onState((state) => {
      this.#tell(state);
      if (state.kind !== "connected") this.#endCalls();
      else void this.#tellStats(client);
      if (state.kind === "closed") over.resolve();
    });
    client.connect().catch((error: unknown) => ignore(error, "the state tells why"));
    await over.promise;
  }

  /** Answers one call; the gateway is told the end of every call whose connection lives. */
  async #take(client: GatewayClient, payload: unknown): Promise<void> {
    const call = callIn(payload);
    if (!call || this.#calls.has(call.id)) return;
    const abort = new AbortController();
    this.#calls.set(call.id, abort);
    const leftMs = call.timeoutMs === undefined ? undefined : Math.max(1, call.timeoutMs - EARLY_MS);
    const answer = await this.#answer(client, { call, leftMs, signal: abort.signal });
    this.#calls.delete(call.id);
    if (abort.signal.aborted) return;
    await this.#send(client, "node.invoke.result", { id: call.id, nodeId: this.#options.deviceId, ...answer });
  }

  async #answer(
    client: GatewayClient,
    { call, leftMs, signal }: { call: Call; leftMs: number | undefined; signal: AbortSignal },
  ): Promise<object> {
    const { commands, clock } = this.#options;
    const isFour = client.state.kind === "connected" && client.state.hello.protocol >= 4;
    let seq = 0;
    const progress = (text: string) => {
      if (!isFour || signal.aborted) return;
      for (let at = 0; at < text.length; at += PIECE_CHARS) {
        const chunk = text.slice(at, at + PIECE_CHARS);
        void this.#send(client, "node.invoke.progress", {
          ...{ invokeId: call.id, nodeId: this.#options.deviceId },
          ...{ seq: seq++, chunk },
        });
      }
    };
    const report = async (event: string, about: object) =>
      await this.#send(client, "node.event", { event, payloadJSON: JSON.stringify(about) });
    try {
      const command = commands.get(call.command);
      if (!command) throw new NodeFailure("UNAVAILABLE", `command not supported: ${call.command}`);
      if (!isRecord(call.params)) throw badParams("params must be an object");
      // A command that keeps no limit of its own ends here.
      const limit = new AbortController();
      using _late = leftMs === undefined ? undefined : clock.after(leftMs + EARLY_MS / 2, () => limit.abort());
      const result = await command.run({
        params: call.params,
        signal: AbortSignal.any([signal, limit.signal]),
        ...{ leftMs, progress, report },
      });
      return { ok: true, payloadJSON: JSON.stringify(result) };
    } catch (error) {
      return { ok: false, error: failureOf(error) };
    }
  }

  #cancel(payload: unknown): void {
    const id = isRecord(payload) ? (payload.invokeId ?? payload.id) : undefined;
    if (typeof id === "string") this.#calls.get(id)?.abort();
  }

  /** Ends calls whose answer nobody can take. */
  #endCalls(): void {
    for (const call of this.#calls.values()) call.abort();
    this.#calls.clear();
  }

  async #tellStats(client: GatewayClient): Promise<void> {
    if (client.state.kind !== "connected" || client.state.hello.protocol < 4) return;
    const stats = {
      ...{ cpuCount: cpus().length, loadAverage: loadavg() },
      ...{ memoryTotalBytes: totalmem(), memoryFreeBytes: freemem() },
    };
    await this.#send(client, "node.event", { event: "node.host.stats", payloadJSON: JSON.stringify(stats) });
  }

  /** Sends a request whose answer changes nothing here. */
  async #send(client: GatewayClient, method: string, params: object): Promise<void> {
    try {
      await client.request(method, params);
    } catch (error) {
      ignore(error, "a gateway that cannot take it ends the call itself");
    }
  }

  /** Says a change of state once. */
  #tell(state: ClientState): void {
    const line = lineOf(state);
    if (line === undefined || line === this.#said) return;
    this.#said = line;
    this.#options.say(line);
  }
}

function callIn(payload: unknown): Call | undefined {
  if (!isRecord(payload)) return undefined;
  const { id, command, paramsJSON, timeoutMs } = payload;
  if (typeof id !== "string" || typeof command !== "string") return undefined;
  return {
    ...{ id, command, params: paramsIn(paramsJSON) },
    timeoutMs: typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : undefined,
  };
}

/** Params that are no JSON are told by the command's answer. */
function paramsIn(paramsJSON: unknown): unknown {
  if (typeof paramsJSON !== "string") return {};
  try {
    return JSON.parse(paramsJSON) as unknown;
  } catch (error) {
    ignore(error, "the caller is told");
    return undefined;
  }
}

function failureOf(error: unknown): { code: string; message: string } {
  if (error instanceof NodeFailure) return { code: error.code, message: error.message };
  return { code: "UNAVAILABLE", message: messageOf(error) };
}

/** What a client sees where nobody listens, and of a gateway that is killed (RFC 6455, 7.1.5). */
const NOBODY_THERE = 1006;

function lineOf(state: ClientState): string | undefined {
  if (state.kind === "connected") return "Connected: this machine is a node of the gateway.";
  if (state.kind !== "reconnecting" && state.kind !== "closed") return undefined;
  const { reason } = state;
  if (reason === undefined) return undefined;
  if (isPairingRequired(reason)) return pairingLine(reason);
  if (state.kind === "reconnecting" && reason instanceof ConnectionClosed && reason.closeCode === NOBODY_THERE)
    return "No gateway answers; this node tries again. Start one with `moltbot gateway`, or name another with --url.";
  return state.kind === "closed"
    ? `The gateway refused this node: ${errorText(reason)}`
    : `Not connected: ${errorText(reason)}`;
}

function pairingLine(reason: unknown): string {
  const details = isRecord(reason) && isRecord(reason.details) ? reason.details : {};
  const id = typeof details.requestId === "string" ? details.requestId : undefined;
  const approve = id === undefined ? "moltbot devices list" : `moltbot devices approve ${id}`;
  return `This node waits for approval. On the gateway's machine type: ${approve}`;
}

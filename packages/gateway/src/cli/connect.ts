/** Opens the command line's connection to a gateway, with this machine's identity and a certificate pin if there is one. */

import { type DeviceIdentity, GatewayClient, type HelloOk, type WebSocketLike } from "@moltbot/protocol";
import { type ClientOptions as SocketOptions, WebSocket } from "ws";
import { defined } from "../base/defined.ts";
import { isPassing } from "../base/process/machine.ts";
import { systemClock } from "../base/time/clock.ts";
import { within } from "../base/time/deadline.ts";
import { VERSION } from "../base/version.ts";
import { CliError, EXIT } from "./exit.ts";
import { explainFailure } from "./failure.ts";
import { deviceTokens, loadDevice } from "./identity.ts";
import { resolveTarget, type Target, type TargetFlags } from "./target.ts";

/** How long a command waits for the gateway when it is not told, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** The longest wait that a socket of Node knows, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Answers may be long; what the gateway sends is not hostile. In bytes. */
const MAX_PAYLOAD = 64 * 1024 * 1024;

/** What the command line asks to be allowed: everything its owner may do. */
const SCOPES = ["operator.admin", "operator.approvals", "operator.pairing"];

/** What a command needs to reach the gateway. */
export interface GatewayCall {
  readonly flags: TargetFlags & { readonly timeout?: number | undefined };
  readonly env: NodeJS.ProcessEnv;
}

/**
 * How to connect. A probe leaves no trace in presence; `reconnect` is for commands that stay; `maxProtocol` for what only older
 * clients may do.
 */
export interface ConnectOptions {
  readonly maxProtocol?: 3;
  readonly mode?: "cli" | "probe";
  readonly reconnect?: boolean;
  readonly target?: Target;
}

/** An open connection and what it was opened to. */
export interface Link {
  readonly client: GatewayClient;
  readonly hello: HelloOk;
  readonly target: Target;
  readonly timeoutMs: number;
}

/**
 * Connects, does `work`, disconnects. Every failure, of the connection or of a request, comes out as a `CliError` whose
 * sentence names the fix.
 */
export async function withGateway<T>(
  call: GatewayCall,
  work: (link: Link) => Promise<T>,
  options: ConnectOptions = {},
) {
  const target = options.target ?? resolveTarget(call.flags, call.env);
  const timeoutMs = call.flags.timeout ?? DEFAULT_TIMEOUT_MS;
  const client = createClient(target, options, await socketOptions(target, timeoutMs));
  try {
    const hello = await inTime(Promise.race([client.connect(), firstFailure(client)]), { target, timeoutMs });
    return await work({ client, hello, target, timeoutMs });
  } catch (error) {
    throw explainFailure(error, target);
  } finally {
    client.close();
  }
}

function createClient(target: Target, options: ConnectOptions, socketOptions: SocketOptions): GatewayClient {
  const device = deviceOf(target);
  // Without a device only the command line keeps its scopes.
  const mode = device ? (options.mode ?? "cli") : "cli";
  return new GatewayClient({
    url: target.url,
    client: { id: "cli", version: VERSION, platform: process.platform, mode },
    role: "operator",
    scopes: SCOPES,
    ...(device && { device }),
    ...defined({ token: target.token, password: target.password }),
    ...(device && !target.isExplicit && { deviceTokens: deviceTokens(target.stateDir, device.deviceId) }),
    ...defined({ tlsFingerprint: target.fingerprint, maxProtocol: options.maxProtocol }),
    reconnect: options.reconnect ?? false,
    createSocket: socketsWith(socketOptions),
  });
}

/** A full disk has no room for an identity; on the gateway's own machine its secret is enough to look and to help. */
function deviceOf(target: Target): DeviceIdentity | undefined {
  try {
    return loadDevice(target.stateDir);
  } catch (error) {
    const isEnough = target.isLocal && (target.token !== undefined || target.password !== undefined);
    if (isEnough && isPassing(error)) return undefined;
    throw error;
  }
}

/** Makes sockets to a target, for clients that stay connected. */
export async function openSocket(target: Target): Promise<(url: string) => WebSocketLike> {
  return socketsWith(await socketOptions(target, DEFAULT_TIMEOUT_MS));
}

/** The socket of `ws` types its events otherwise than a browser's; the client uses what both have. */
function socketsWith(options: SocketOptions): (url: string) => WebSocketLike {
  return (url) => new WebSocket(url, options) as unknown as WebSocketLike;
}

/** The pinning code brings TLS along, which other connections need not load. */
async function socketOptions({ fingerprint }: Target, timeoutMs: number): Promise<SocketOptions> {
  const pin = fingerprint === undefined ? {} : (await import("./pin.ts")).pinned(fingerprint);
  return {
    perMessageDeflate: false,
    handshakeTimeout: Math.min(timeoutMs, LONGEST_MS),
    maxPayload: MAX_PAYLOAD,
    ...pin,
  };
}

/** A client that reconnects goes on trying; whoever starts a command wants to hear why it does not begin. */
function firstFailure(client: GatewayClient): Promise<never> {
  return new Promise((_resolve, reject) => {
    client.onState((state) => {
      if (state.kind === "reconnecting") reject(state.reason);
    });
  });
}

async function inTime(hello: Promise<HelloOk>, { target, timeoutMs }: { target: Target; timeoutMs: number }) {
  const message = `The gateway at ${target.url} did not answer within ${timeoutMs} ms. Try again, or allow more with --timeout.`;
  return await within(hello, { ms: timeoutMs, clock: systemClock, late: () => new CliError(message, EXIT.timeout) });
}

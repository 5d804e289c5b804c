/** Opens the command line's connection to a gateway, with this machine's identity and a certificate pin if there is one. */

import {
  ConnectionClosed,
  type DeviceIdentity,
  GatewayClient,
  type HelloOk,
  type TokenStorage,
  type WebSocketLike,
} from "@moltbot/protocol";
import { type ClientOptions as SocketOptions, WebSocket } from "ws";
import { defined } from "../../base/defined.ts";
import { isTransient } from "../../base/process/machine.ts";
import { systemClock } from "../../base/time/clock.ts";
import { within } from "../../base/time/deadline.ts";
import { VERSION } from "../../base/version.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { explainFailure } from "../language/failure.ts";
import { namedTokens } from "../remote/named-gateways.ts";
import type { SshRoute } from "../remote/ssh-target.ts";
import { deviceTokens, loadDevice } from "./identity.ts";
import { resolveTarget, type Target, type TargetFlags } from "./target.ts";

/** How long a command waits for the gateway by default, in milliseconds. */
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
  /** A one-use code, shown in place of a secret. */
  readonly invitation?: string | undefined;
  /** Where device tokens are kept, when not where the target's are. */
  readonly tokens?: TokenStorage;
}

/** An open connection and what it was opened to. */
export interface Link {
  readonly client: GatewayClient;
  readonly hello: HelloOk;
  readonly target: Target;
  readonly timeoutMs: number;
  /** The address that was dialled: the near end of a tunnel, or the target's own. */
  readonly dialled: string;
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
  const tunnel = target.ssh && (await openedTunnel(target, target.ssh, { env: call.env, timeoutMs }));
  await using _tunnel = tunnel;
  const dialled = tunnel?.url ?? target.url;
  const client = createClient({ ...target, url: dialled }, options, await socketOptions(target, timeoutMs));
  try {
    const hello = await inTime(Promise.race([client.connect(), firstFailure(client)]), { target, timeoutMs });
    return await work({ client, hello, target, timeoutMs, dialled });
  } catch (error) {
    throw (error instanceof ConnectionClosed && (await tunnel?.problem())) || explainFailure(error, target);
  } finally {
    client.close();
  }
}

async function openedTunnel(target: Target, ssh: SshRoute, running: { env: NodeJS.ProcessEnv; timeoutMs: number }) {
  const { openTunnel } = await import("../remote/tunnel.ts");
  return await openTunnel(ssh, target.url, running);
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
    ...(device && !target.isExplicit && { deviceTokens: options.tokens ?? tokensOf(target, device) }),
    ...defined({
      tlsFingerprint: target.fingerprint,
      maxProtocol: options.maxProtocol,
      invitation: options.invitation,
    }),
    reconnect: options.reconnect ?? false,
    createSocket: socketsWith(socketOptions),
  });
}

function tokensOf({ stateDir, name }: Target, { deviceId }: DeviceIdentity): TokenStorage {
  return name === undefined ? deviceTokens(stateDir, deviceId) : namedTokens(stateDir, name);
}

/** A full disk has no room for an identity; on the gateway's own machine its secret is enough to look and to help. */
function deviceOf(target: Target): DeviceIdentity | undefined {
  try {
    return loadDevice(target.stateDir);
  } catch (error) {
    const isEnough = target.isLocal && (target.token !== undefined || target.password !== undefined);
    if (isEnough && isTransient(error)) return undefined;
    throw error;
  }
}

/** Makes sockets to a target, for clients that stay connected. */
export async function openSocket(target: Target): Promise<(url: string) => WebSocketLike> {
  if (target.ssh) {
    throw usageError(
      `A node connects again by itself and needs a tunnel that stays: run \`ssh -N -L 18789:127.0.0.1:18789 ${target.ssh.host}\`, and pass --url ws://127.0.0.1:18789.`,
    );
  }
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

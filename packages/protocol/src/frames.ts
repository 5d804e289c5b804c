// What travels on the socket: the three frames, the connect parameters, hello-ok. Types and one reader; no socket here.

import type { Events, Methods } from "./contract.ts";
import type { ErrorShape } from "./errors.ts";

/** The protocol versions this package speaks, oldest first. The gateway picks the newest that both sides have. */
export const PROTOCOL_VERSIONS = [3, 4] as const;

/** One of the versions in `PROTOCOL_VERSIONS`. */
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

/** A call. The client chooses `id`; answers carry it back. */
export interface RequestFrame {
  type: "req";
  id: string;
  method: string;
  params?: unknown;
}

/** An answer. A two-stage method sends two with the same `id`; a failed one may carry `payload` beside `error`. */
export interface ResponseFrame {
  type: "res";
  id: string;
  ok: boolean;
  payload?: unknown;
  error?: ErrorShape;
}

/** News. `seq` counts per connection; a jump means that something was not delivered and never will be. */
export interface EventFrame {
  type: "event";
  event: string;
  payload?: unknown;
  seq?: number;
  stateVersion?: StateVersion;
}

/** Anything that may be on the wire. */
export type Frame = RequestFrame | ResponseFrame | EventFrame;

/** How often presence and health have changed since the gateway started; a lower number is an older snapshot. */
export interface StateVersion {
  presence: number;
  health: number;
}

/** Who may do what: people and programs that steer the gateway, or devices that lend it their abilities. */
export type Role = "operator" | "node";

/** The product on the client's side. The gateway refuses names it does not know. */
export interface ClientInfo {
  id: string;
  version: string;
  platform: string;
  mode: "webchat" | "cli" | "ui" | "backend" | "node" | "probe" | "test" | "worker";
  displayName?: string;
  deviceFamily?: string;
  modelIdentifier?: string;
  instanceId?: string;
  /** Where its person is, such as "Europe/Berlin". Gateways of protocol 3 refuse it. */
  timeZone?: string;
}

/** Proof that the client holds a device's private key; see `device.ts`. */
export interface DeviceProof {
  id: string;
  publicKey: string;
  signature: string;
  signedAt: number;
  nonce?: string;
}

/** The parameters of `connect`, the first request on every connection. */
export interface ConnectParams {
  minProtocol: number;
  maxProtocol: number;
  client: ClientInfo;
  role?: Role;
  scopes?: readonly string[];
  caps?: readonly string[];
  commands?: readonly string[];
  permissions?: Readonly<Record<string, boolean>>;
  pathEnv?: string;
  device?: DeviceProof;
  auth?: { token?: string; password?: string; bootstrapToken?: string };
  locale?: string;
  userAgent?: string;
}

/** The payload of `connect.challenge`, the gateway's first words. */
export interface Challenge {
  nonce: string;
  ts?: number;
}

/** The answer to a `connect` that was let in. */
export interface HelloOk {
  type: "hello-ok";
  protocol: number;
  server: { version: string; connId: string; host?: string; commit?: string };
  features: { methods: readonly string[]; events: readonly string[] };
  snapshot: {
    presence: Events["presence"]["presence"];
    health: Methods["health"]["result"] | Record<string, never>;
    stateVersion: StateVersion;
    uptimeMs: number;
    configPath?: string;
    stateDir?: string;
    sessionDefaults?: { defaultAgentId: string; mainKey: string; mainSessionKey: string; scope?: string };
  };
  /** Where the canvas is served for this connection, in protocol 3 and in protocol 4. */
  canvasHostUrl?: string;
  pluginSurfaceUrls?: { readonly canvas?: string };
  auth?: { role: Role; scopes: readonly string[]; deviceToken?: string; issuedAtMs?: number };
  policy: { maxPayload: number; maxBufferedBytes: number; tickIntervalMs: number };
}

/**
 * Reads one message. Anything that is not a frame gives `undefined`.
 * Properties it does not know are kept: a newer gateway may add some, and refusing them is the gateway's business.
 */
export function parseFrame(text: string): Frame | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return undefined;
  if (isResponse(value) || isEvent(value) || isRequest(value)) return value;
  return undefined;
}

/** True for an object with string keys; arrays are not records. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRequest(value: object): value is RequestFrame {
  const frame = value as Partial<RequestFrame>;
  return frame.type === "req" && isName(frame.id) && isName(frame.method);
}

function isResponse(value: object): value is ResponseFrame {
  const frame = value as Partial<ResponseFrame>;
  return frame.type === "res" && isName(frame.id) && typeof frame.ok === "boolean" && isErrorShape(frame.error);
}

function isEvent(value: object): value is EventFrame {
  const frame = value as Partial<EventFrame>;
  const seqFits = frame.seq === undefined || Number.isInteger(frame.seq);
  return frame.type === "event" && isName(frame.event) && seqFits;
}

function isErrorShape(value: unknown): boolean {
  return (
    value === undefined || (isRecord(value) && typeof value.code === "string" && typeof value.message === "string")
  );
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** What only the process knows, lent to the slices; and what the process asks of them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Static } from "@sinclair/typebox";
import { GatewayError } from "../base/errors.ts";
import type { Caller } from "./access.ts";
import type { DeviceRegistry, InvitationRegistry } from "./admission.ts";
import type { ChannelDefinition } from "./channel.ts";
import type { Command } from "./command.ts";
import { ManyPort, Port } from "./port.ts";
import type { Snapshot, StateVersion } from "./schema/frames.ts";
import type { Tool } from "./tool.ts";

export interface Host extends HostPorts {
  /** The absolute path of the log file. */
  readonly logFile: string;
  /** The commands of all slices, in the order in which help shows them. */
  commands(): readonly Command[];
  /** The tools of all slices, in the order in which a model sees them. */
  tools(): readonly Tool[];
  readonly channels: readonly ChannelDefinition[];
  /** Replaces every secret that the gateway knows, and what is shaped like one. */
  redact(text: string): string;
  /**
   * Restarts the gateway after `delayMs`: in place, or with `isAnew` as a new program in this process, where that can be done.
   * Returns at once; of several requests the last one counts, and one that wants a new program gets it.
   */
  requestRestart(reason: string, delayMs: number, how?: { readonly isAnew?: boolean }): void;
  /** Closes live connections of a device. */
  closeConnections(which: DeviceConnections, reason: string): void;
  /** Closes one live connection with code 4001. */
  closeConnection(connId: string, reason: string): void;
  /**
   * Opens a further port for HTTP on the gateway's own address, with its certificate and its limits. The caller disposes
   * it. Throws `StartError` with a sentence when the port cannot be had.
   */
  listen(port: AdditionalPort): Promise<OpenPort>;
  /** Opens one more listener for all that the gateway's port answers. The caller disposes it. Throws `StartError`. */
  listenAlso(where: AdditionalListener): Promise<OpenPort>;
  /** Judges an HTTP request by its headers, before its body is read. */
  authorize(request: IncomingMessage): HttpVerdict;
  /** Where a request comes from: the client's address, and whether it is a program on this machine. */
  sourceOf(request: IncomingMessage): HttpSource;
  /** Whether a text is the gateway's own token or password, which opens more than any other secret. */
  isOwnSecret(text: string): boolean;
  /** Which endpoints of the HTTP API are on, as the settings say now. */
  httpEndpoints(): HttpEndpoints;
  /** The further origins whose pages may use the gateway, as the settings say now. */
  allowedOrigins(): readonly string[];
  /** Which commands of nodes are allowed beside the usual ones, and which never are, as the settings say now. */
  nodeCommands(): NodeCommandSettings;
  /** Where the gateway listens. Call it once the port is open. */
  listens(): Listening;
  /** Where browsers reach our pages; the address that reaches farthest is first. */
  pageOrigins(): readonly PageOrigin[];
  /** How Tailscale shall bring others to the gateway, as the settings say now. */
  tailscale(): TailscaleSettings;
  /** Lets pages of a further origin in, and its Host name, until the returned value is disposed. */
  allowOrigin(origin: string): Disposable;
}

/** The address that is bound, its port, and how it is spoken to there. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly scheme: "http" | "https";
  /** SHA-256 of the certificate; undefined without TLS. */
  readonly fingerprint: string | undefined;
  /** The pins of the certificate, and of those that it has replaced lately. */
  readonly pins: readonly ShownPin[];
}

/** A certificate that clients may have pinned. */
export interface ShownPin {
  /** SHA-256 of the certificate, hexadecimal. */
  readonly certificate: string;
  /** `spki:` and the SHA-256 of its key. */
  readonly key: string;
  /** When it was first shown, epoch ms. */
  readonly since: number;
  /** Until when it is told beside the one that has replaced it, epoch ms. */
  readonly until?: number;
}

/** What Tailscale is asked to do. */
export interface TailscaleSettings {
  readonly mode: "off" | "auto" | "serve" | "funnel";
  readonly port: number;
  /** The socket of tailscaled, where it is not the usual one. */
  readonly socket: string | undefined;
  /** Whether a user whom Tailscale names needs no secret. */
  readonly allowsIdentity: boolean;
  /** The gateway's address on this machine; undefined when it listens elsewhere. */
  readonly here: string | undefined;
  /** Whether no secret is asked for. */
  readonly isOpen: boolean;
}

/** An address of our pages, and from where it works: everywhere, in the tailnet, in the local network, on this machine. */
export interface PageOrigin {
  /** For example `https://gateway.example.ts.net`. */
  readonly origin: string;
  readonly reach: "anywhere" | "tailnet" | "lan" | "here";
}

/** Connections of a device: all, those in a role, or only those in it that were let in by the device's token. */
export interface DeviceConnections {
  readonly deviceId: string;
  readonly role?: string;
  readonly byTokenOnly?: boolean;
}

/** What answers on a further port. */
export interface AdditionalPort {
  /** 0 for any free one; the gateway's own port plus 4 when undefined, and any free one where that is 0. */
  readonly port: number | undefined;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** One more listener of the gateway: on another address with the gateway's own port, or behind a proxy. */
export type AdditionalListener =
  | { readonly host: string }
  | {
      /**
       * Says who has sent a request to a free port of loopback that only a proxy is told; undefined where that is not certain.
       * Must not throw. Nobody is local there, and TLS is the proxy's.
       */
      readonly identify: (request: IncomingMessage) => Promise<ProxiedUser | undefined>;
    };

/** Whom a proxy has let in, once that is verified. */
export interface ProxiedUser {
  /** For example `ann@example.com`. */
  readonly login: string;
  /** The address that the request came from. */
  readonly address: string;
}

/** A further port that is open. */
export interface OpenPort extends AsyncDisposable {
  /** The address that it is bound to, and its port. */
  readonly host: string;
  readonly port: number;
  /** The gateway's own port, and how it is spoken to on both. */
  readonly gatewayPort: number;
  readonly scheme: "http" | "https";
}

/** What the server and the process ask of slices. */
export interface HostPorts {
  /** Which devices may connect. Filled by devices. */
  readonly devices: Port<DeviceRegistry>;
  /** Which invitations let a new node in. Filled by nodes. */
  readonly invitations: Port<InvitationRegistry>;
  /** Is told of connections. Filled by presence. */
  readonly presence: Port<ConnectionRegistry>;
  /** Are told of connections that were let in, and add to their hello-ok. */
  readonly connections: ManyPort<ConnectionWatcher>;
  /** Hear of each request that was answered, when there are any. */
  readonly calls: ManyPort<CallWatcher>;
  /** Knows the state of the gateway, and what hello-ok tells a connection. Filled by overview. */
  readonly overview: Port<Overview>;
  /** Who hears of single conversations. Filled by sessions. */
  readonly subscribers: Port<Subscribers>;
  /** Which nodes follow the conversation that an event is about. Filled by chat. */
  readonly followers: Port<Subscribers>;
  /** The origins that WebChat may show in a frame, for a Host header. Filled by canvas. */
  readonly frames: Port<{ sourcesFor(host: string): readonly string[] }>;
  /** Folders whose paths are hidden from those who do not administer the gateway. Filled by workspace. */
  readonly folders: Port<{ workspaces(): readonly string[] }>;
}

/** Registers the connections that were let in, for the list of presence. */
export interface ConnectionRegistry {
  /** Called when a connection has been let in, before its hello-ok. */
  connected(caller: Caller, ip: string | undefined): void;
  disconnected(connId: string): void;
}

/** Hears of connections that were let in. */
export interface ConnectionWatcher {
  /** Called before hello-ok; returns the fields that it gets besides. */
  opened(caller: Caller, ip: string | undefined, reached: ReachedAddress): Readonly<Record<string, unknown>>;
  closed(connId: string): void;
}

/** Under which address a connection has reached us. */
export interface ReachedAddress {
  /** The Host header, when it is one. */
  readonly host: string | undefined;
  /** The address of our end of the socket. */
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly scheme: "http" | "https";
  /** Whether a proxy is between: only the gateway's own port is then known to be reachable. */
  readonly isProxied: boolean;
}

/** Hears of requests of the protocol. */
export interface CallWatcher {
  /** A method that exists has given its last answer; `tookMs` counts from its frame. */
  answered(method: string, tookMs: number): void;
}

/** Names of commands of nodes. */
export interface NodeCommandSettings {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** Knows the state of the gateway. */
interface Overview {
  readonly uptimeMs: number;
  /** The versions that some events carry. */
  readonly stateVersion: Static<typeof StateVersion>;
  /** Makes a new snapshot of the health soon, one for many calls, and broadcasts it. */
  refreshHealthSoon(): void;
  /** The snapshot that a new connection gets, as far as its scopes allow. */
  snapshot(scopes: ReadonlySet<string>): Static<typeof Snapshot>;
}

/** Knows which connections subscribed to an event. */
interface Subscribers {
  /** Ids of connections. */
  of(event: string, payload: unknown): ReadonlySet<string>;
}

export interface HttpSource {
  readonly address: string;
  readonly isLocal: boolean;
}

/**
 * The verdict on an HTTP request: let in, refused, refused because it comes from a web page, or locked out for a while.
 */
export type HttpVerdict =
  | ({ readonly kind: "granted" } & HttpSource)
  | { readonly kind: "unauthorized" }
  | { readonly kind: "foreign-page" }
  | { readonly kind: "locked"; readonly retryAfterMs: number };

export interface HttpEndpoints {
  readonly chatCompletions: boolean;
  readonly responses: boolean;
  /** Whether the secret without a device opens what nobody has switched on by name: not where every device waits. */
  readonly withoutDevice: boolean;
}

/** The ports of a host before slices fill them: no device may connect, and nothing is told. */
export function hostPorts(): HostPorts {
  const nobody = new Set<string>();
  return {
    devices: new Port<DeviceRegistry>({
      verifyToken: () => false,
      holdsToken: () => false,
      admit() {
        throw new GatewayError("UNAVAILABLE", "this gateway keeps no devices; connect with its token or password");
      },
    }),
    invitations: new Port<InvitationRegistry>({ redeem: () => "unknown" }),
    presence: new Port<ConnectionRegistry>({ connected() {}, disconnected() {} }),
    connections: new ManyPort<ConnectionWatcher>(),
    calls: new ManyPort<CallWatcher>(),
    overview: new Port<Overview>({
      uptimeMs: 0,
      stateVersion: { presence: 0, health: 0 },
      refreshHealthSoon() {},
      snapshot: () => ({ presence: [], health: {}, stateVersion: { presence: 0, health: 0 }, uptimeMs: 0 }),
    }),
    subscribers: new Port<Subscribers>({ of: () => nobody }),
    followers: new Port<Subscribers>({ of: () => nobody }),
    frames: new Port({ sourcesFor: (): readonly string[] => [] }),
    folders: new Port({ workspaces: (): readonly string[] => [] }),
  };
}

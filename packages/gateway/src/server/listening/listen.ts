/**
 * The listener: one port for HTTP and WebSocket. It accepts sockets, bounds how many clients may wait for the
 * handshake, and passes frames on.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import net, { type AddressInfo, isIPv4, type ListenOptions, type Socket } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { codeOf, detailOf, GatewayError, ignore, invalidRequest, messageOf, StartError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Descriptors } from "../../base/process/descriptors.ts";
import type { StoreWatch } from "../../base/store/store-watch.ts";
import type { Clock } from "../../base/time/clock.ts";
import { onAbort, within } from "../../base/time/deadline.ts";
import type { DeviceConnections, PageOrigin } from "../../kit/host.ts";
import { type Schema, validationText } from "../../kit/schema/validate.ts";
import { decideConnect, type Granted, HandshakeError, type HandshakePorts } from "../admission/handshake.ts";
import { clientAddress, isLocal, isTailnetAddress, normalizeAddress, type Peer } from "../admission/locality.ts";
import { isKnownHost, judgeOrigin, type Ours } from "../admission/origin.ts";
import { Connection, LIMITS, type Session } from "../connection.ts";
import { dialectFor, STRICTEST } from "../dialect.ts";
import { type Dispatch, failureFrame, type Request, successFrame, unexpected } from "../dispatch.ts";
import type { GatewaySettings } from "../settings.ts";
import { answer, type HttpFront } from "./http.ts";
import { pageOrigins } from "./page-origins.ts";
import { findPortOwner } from "./port-owner.ts";
import type { Certificate } from "./tls.ts";

/** Connections before the handshake, over all and from one remote address. The oldest one makes room for a new one. */
const MAX_STRANGERS = 1024;
const MAX_STRANGERS_PER_ADDRESS = 64;

export interface ServerOptions extends HandshakePorts {
  /** Takes secrets out of a text that leaves. */
  readonly guard: (text: string) => string;
  /** Takes paths of this machine out of a text for those who do not administer it. */
  readonly conceal: (text: string) => string;
  readonly log: Log;
  readonly dispatch: Dispatch;
  /** See `StoreWatch.explain`. */
  readonly explain: StoreWatch["explain"];
  readonly http: HttpFront;
  /** Keeps descriptors free for everything but clients. */
  readonly descriptors: Descriptors;
  readonly certificate: Certificate | undefined;
  /** The payload of hello-ok for a connection that is let in; the connection counts as connected from here on. */
  welcome(connection: Connection, granted: Granted): unknown;
  disconnected(connection: Connection): void;
}

/** Where the gateway can be reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export class GatewayServer {
  /** Connections that have shaken hands. */
  readonly connections = new Map<string, Connection>();
  readonly #options: ServerOptions;
  readonly #strangers = new Set<Connection>();
  readonly #silent = new Set<Socket>();
  readonly #listeners: Server[] = [];
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.preAuthPayload,
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #ownAddresses: OwnAddresses;
  readonly #hosts = new Set<string>([hostname().toLowerCase(), `${hostname().toLowerCase()}.local`]);
  #port = 0;
  #pinger: Disposable | undefined;
  #isStopping = false;
  #isCrowded = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#ownAddresses = new OwnAddresses(options.clock);
  }

  /** Binds the port on the wanted address. Throws `StartError` when it cannot. */
  async start(): Promise<Address> {
    const { clock, settings } = this.#options;
    const host = bindHost(settings());
    const first = await this.#listen(host, settings().port);
    this.#port = (first.address() as AddressInfo).port;
    this.#rememberHost(host);
    this.#pinger = clock.every(LIMITS.pingIntervalMs, () => {
      for (const connection of this.connections.values()) connection.ping();
    });
    return { host, port: this.#port };
  }

  /** Listens on ::1 too when 127.0.0.1 is the address: some programs look up localhost so. */
  async listenOnAlias(): Promise<void> {
    if (bindHost(this.#options.settings()) !== "127.0.0.1") return;
    await this.#listen("::1", this.#port).catch((error) =>
      this.#options.log.warn("no listener on ::1; 127.0.0.1 works", { error: detailOf(error) }),
    );
  }

  /** SHA-256 of the certificate; undefined without TLS. */
  get fingerprint(): string | undefined {
    return this.#options.certificate?.fingerprint;
  }

  /** Stops accepting; connections stay until `closeConnections`. */
  stopAccepting(): void {
    this.#isStopping = true;
    for (const listener of this.#listeners) listener.close();
    for (const stranger of this.#strangers) stranger.close(1012, "service restart");
  }

  /** Stops accepting, closes every connection with 1012 and waits until they are gone, 2 s at most. */
  async closeConnections(): Promise<void> {
    this.stopAccepting();
    this.#pinger?.[Symbol.dispose]();
    const all = [...this.connections.values()];
    for (const connection of all) connection.close(1012, "service restart");
    const gone = Promise.all(
      all.map(({ closed }) => new Promise<void>((resolve) => void onAbort(closed.signal, resolve))),
    );
    await within(gone, { ms: CLOSE_LIMIT_MS, clock: this.#options.clock });
    for (const listener of this.#listeners) listener.closeAllConnections();
  }

  /** Closes connections of a device. */
  closeConnectionsOf({ deviceId, role, byTokenOnly = false }: DeviceConnections, reason: string): void {
    const isMeant = ({ caller, credential }: Session) =>
      caller.deviceId === deviceId &&
      (role === undefined || caller.role === role) &&
      (!byTokenOnly || credential.kind === "device");
    for (const connection of this.connections.values()) {
      if (connection.session && isMeant(connection.session)) connection.close(4001, reason);
    }
  }

  /** Where browsers reach our pages. */
  pageOrigins(): PageOrigin[] {
    return pageOrigins(this.#ours, bindHost(this.#options.settings()), this.#ownAddresses.list);
  }

  get #ours(): Ours {
    const { certificate, settings } = this.#options;
    const { allowedHosts, controlUi } = settings();
    return {
      scheme: certificate ? "https" : "http",
      port: this.#port,
      hosts: [...this.#hosts, ...allowedHosts],
      allowedOrigins: controlUi.allowedOrigins,
    };
  }

  #rememberHost(host: string): void {
    if (host === "0.0.0.0" || host === "::") for (const address of this.#ownAddresses.list) this.#hosts.add(address);
    else this.#hosts.add(host);
  }

  async #listen(host: string, port: number): Promise<Server> {
    const server = await this.#createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(placeToListen(host, port), resolve);
    }).catch((error) => {
      throw bindError(error, host, port);
    });
    server.on("error", (error) => this.#options.log.error("the listener reports an error", { error: detailOf(error) }));
    this.#listeners.push(server);
    return server;
  }

  async #createServer(): Promise<Server> {
    const limits = {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16_384,
    };
    const { certificate } = this.#options;
    const server = certificate
      ? (await import("node:https")).createServer({
          ...limits,
          cert: certificate.cert,
          key: certificate.key,
          minVersion: "TLSv1.2",
          handshakeTimeout: 10_000,
        })
      : createServer(limits);
    // Refuse before TLS and HTTP, so that a refusal costs nothing.
    server.on("connection", (socket: Socket) => this.#refuseBeyondRoom(socket, certificate === undefined));
    server.on(certificate ? "secureConnection" : "connection", (socket: Socket) => this.#admitSocket(socket));
    server.on("request", (request, response) => this.#onRequest(request, response));
    server.on("upgrade", (request, socket, head) => this.#onUpgrade(request, socket, head));
    server.on("clientError", (error, socket) => refuseHead(error, socket, this.#options.clock));
    return server as Server;
  }

  /**
   * When few descriptors are left, a new connection replaces the one that has waited longest for its handshake. When
   * none waits, the new connection is refused. Requests under way and clients that have shaken hands stay.
   */
  #refuseBeyondRoom(socket: Socket, isPlain: boolean): void {
    const hasRoom = this.#options.descriptors.take();
    if (!hasRoom && !this.#isCrowded) this.#options.log.warn(CROWDED);
    this.#isCrowded = !hasRoom;
    if (hasRoom) return;
    const silent = this.#silent.values().next().value;
    const stranger = this.#strangers.values().next().value;
    if (silent) silent.destroy();
    else if (stranger) this.#dismiss(stranger);
    else if (isPlain) refuseSocket(socket);
    else socket.destroy();
  }

  #dismiss(stranger: Connection): void {
    this.#strangers.delete(stranger);
    stranger.terminate();
  }

  /** Counts a socket that has not sent a request yet; the one that has been silent longest makes room. */
  #admitSocket(socket: Socket): void {
    if (this.#silent.size >= MAX_STRANGERS) this.#silent.values().next().value?.destroy();
    this.#silent.add(socket);
    socket.once("close", () => this.#silent.delete(socket));
  }

  /** Counts a socket as silent again when its request has been answered. */
  #heardSocket(socket: Socket, response: ServerResponse): void {
    this.#silent.delete(socket);
    response.once("close", () => {
      if (!socket.destroyed) this.#silent.add(socket);
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { http, log } = this.#options;
    this.#heardSocket(request.socket, response);
    if (!isKnownHost(request.headers.host, this.#ours)) return answer(response, 421, UNKNOWN_HOST);
    http.handle(request, response).catch((error) => {
      log.error("a request failed", { error });
      if (!response.headersSent) answer(response, 500, "Internal Server Error");
      else response.destroy();
    });
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", (error) => ignore(error, "the client went away during the upgrade"));
    // DNS rebinding concerns browsers, and browsers send Origin. A program with a foreign Host is only treated as not
    // local.
    if (request.headers.origin !== undefined && !isKnownHost(request.headers.host, this.#ours)) {
      return refuseUpgrade(socket, "421 Misdirected Request", UNKNOWN_HOST);
    }
    // A socket that was opened before the stop may still ask for an upgrade.
    if (this.#isStopping) return refuseUpgrade(socket, "503 Service Unavailable", "The gateway stops.");
    this.#silent.delete(request.socket);
    // The answer to the upgrade and the challenge leave in one write.
    socket.cork();
    process.nextTick(() => socket.uncork());
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#onSocket(webSocket, request));
  }

  #onSocket(socket: WebSocket, request: IncomingMessage): void {
    const { clock, settings } = this.#options;
    const peer: Peer = { address: normalizeAddress(request.socket.remoteAddress ?? ""), headers: request.headers };
    const connection = new Connection(socket, clock, {
      stream: request.socket,
      peer,
      origin: judgeOrigin(request.headers, this.#ours),
      address: clientAddress(peer, settings().trustedProxies),
      isLocal: isLocal(peer, this.#ownAddresses.list),
      guard: this.#options.guard,
      conceal: this.#options.conceal,
    });
    this.#admitStranger(connection);
    const timeLimit = clock.after(LIMITS.handshakeMs, () => connection.close(1000, ""));
    socket.on("error", (error) => ignore(error, "ws closes the socket with the right code; there is nothing to add"));
    socket.on("message", (data, isBinary) => {
      // Ignore frames that arrive while the connection closes.
      if (!connection.isOpen) return;
      if (connection.session) return connection.receive(data);
      // Handle only one frame before hello-ok: a client that sends more has been answered and closed.
      if (!this.#strangers.delete(connection)) return;
      timeLimit[Symbol.dispose]();
      this.#onFirstFrame(connection, data, isBinary);
    });
    socket.once("close", () => {
      timeLimit[Symbol.dispose]();
      this.#strangers.delete(connection);
      if (this.connections.delete(connection.id)) this.#options.disconnected(connection);
    });
    connection.send(
      JSON.stringify({
        type: "event",
        event: "connect.challenge",
        payload: { nonce: connection.nonce, ts: clock.now() },
      }),
    );
  }

  /** Makes room for a new connection by closing the one that has waited longest for its handshake. */
  #admitStranger(connection: Connection): void {
    const sameAddress = [...this.#strangers].filter(
      ({ address, isLocal: local }) => !local && address === connection.address,
    );
    const oldest =
      sameAddress.length >= MAX_STRANGERS_PER_ADDRESS
        ? sameAddress[0]
        : this.#strangers.size >= MAX_STRANGERS
          ? this.#strangers.values().next().value
          : undefined;
    if (oldest) this.#dismiss(oldest);
    this.#strangers.add(connection);
  }

  #onFirstFrame(connection: Connection, data: RawData, isBinary: boolean): void {
    const frame = parse(data);
    if (frame === undefined) return connection.close(1000, "");
    // Text only, until the client is known (security: transport and handshake). Later, binary JSON is accepted.
    const { requestFrame } = dialectFor((frame as Partial<Request> | null)?.params) ?? STRICTEST;
    if (isBinary || frameProblem(frame, requestFrame)) return connection.close(1008, "invalid request frame");
    const request = frame as Request;
    try {
      if (request.method !== "connect") throw invalidRequest("invalid handshake: first request must be connect");
      const granted = decideConnect(request.params, connection, this.#options);
      this.connections.set(connection.id, connection);
      connection.open(granted.session, (frame) => this.#onFrame(connection, granted.session, frame));
      connection.send(successFrame(request.id, this.#options.welcome(connection, granted)));
    } catch (error) {
      this.#refuse(connection, request, error);
    }
  }

  #refuse(connection: Connection, { id }: Request, error: unknown): void {
    const { log } = this.#options;
    const known =
      error instanceof GatewayError
        ? error
        : unexpected(this.#options.explain(error, "the handshake threw an unexpected error"));
    this.connections.delete(connection.id);
    log.debug("connection refused", { connId: connection.id, address: connection.address, why: known.message });
    connection.send(failureFrame(id, known));
    const requestId = known.details?.requestId;
    // Protocol 4 clients look for the request id behind a colon in the text.
    const isSpeltOut = requestId !== undefined && known.message.includes(":");
    const reason = isSpeltOut ? `${known.message} (requestId: ${requestId})` : known.message;
    connection.close(known instanceof HandshakeError ? known.closeCode : 1008, reason);
  }

  #onFrame(connection: Connection, session: Session, data: RawData): void {
    const frame = parse(data);
    if (frame === undefined)
      return this.#options.log.debug("a frame that is not JSON was ignored", { connId: connection.id });
    const problem = isPlainRequest(frame) ? undefined : frameProblem(frame, session.dialect.requestFrame);
    if (!problem) return this.#options.dispatch.handle(connection, session, frame as Request);
    connection.send(failureFrame(idOf(frame), invalidRequest(`invalid request frame: ${problem}`)));
  }
}

/** Answers to a request head that is not HTTP, is too large, or did not come in time (RFC 9110, RFC 6585). */
const HEAD_PROBLEMS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Content Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** Sockets to which a refusal has been written. */
const refused = new WeakSet<Duplex>();

/**
 * Answers bytes that are no HTTP request, and closes. A socket that is gone, or in the middle of an answer, is ended
 * without one.
 */
function refuseHead(error: Error, socket: Duplex, clock: Clock): void {
  const code = codeOf(error) ?? "";
  // Every further chunk raises this error again; ignore it, so that the answer can arrive.
  if (refused.has(socket) && code !== "ECONNRESET") return;
  // Node keeps the answer under way on the socket; its own default handler looks there too.
  const { _httpMessage: answering } = socket as { _httpMessage?: ServerResponse | null };
  if (!socket.writable || code === "ECONNRESET" || answering?.headersSent) return void socket.destroy();
  const status = HEAD_PROBLEMS[code] ?? "400 Bad Request";
  const text = status.slice(4);
  refused.add(socket);
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  // Read and discard what still comes: closing with unread bytes resets the connection, and the answer would be lost.
  socket.resume();
  const limit = clock.after(LIMITS.closeMs, () => socket.destroy());
  socket.once("close", () => limit[Symbol.dispose]());
}

/** Answers a socket that is not let in, and closes it at once. */
function refuseSocket(socket: Socket): void {
  socket.on("error", (error) => ignore(error, "it is not let in"));
  socket.write(
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\nContent-Type: text/plain\r\n" +
      `Content-Length: ${CROWDED.length}\r\n\r\n${CROWDED}`,
  );
  socket.destroySoon();
}

function refuseUpgrade(socket: Duplex, status: string, text: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n${text}`);
}

const CROWDED = "too many connections are open; close some, or raise the limit (ulimit -n)";
const UNKNOWN_HOST =
  "This name is not one of the gateway's. Use http://127.0.0.1, or add the name to gateway.allowedHosts.";
const MAX_ID_CHARS = 256;

function parse(data: RawData): unknown {
  try {
    return JSON.parse(data.toString());
  } catch (error) {
    ignore(error, "the protocol says what happens to a frame that is not JSON");
    return undefined;
  }
}

/** The shape of nearly every frame, checked without the schema. */
function isPlainRequest(frame: unknown): boolean {
  if (typeof frame !== "object" || frame === null) return false;
  const { type, id, method, params: _params, ...rest } = frame as Record<string, unknown>;
  const isId = typeof id === "string" && id !== "" && id.length <= MAX_ID_CHARS;
  return type === "req" && isId && typeof method === "string" && method !== "" && Object.keys(rest).length === 0;
}

function frameProblem(frame: unknown, schema: Schema): string | undefined {
  const id = (frame as { id?: unknown } | null)?.id;
  if (typeof id === "string" && id.length > MAX_ID_CHARS)
    return `at /id: must NOT have more than ${MAX_ID_CHARS} characters`;
  return validationText(schema, frame);
}

/** The id to answer under: the frame's own, whatever its type, when it is small. */
function idOf(frame: unknown): unknown {
  const id = (frame as { id?: unknown } | null)?.id;
  const isSmall =
    (typeof id === "string" && id.length <= MAX_ID_CHARS) || typeof id === "number" || typeof id === "boolean";
  return isSmall ? id : "invalid";
}

/** Addresses of this host's interfaces, read at most every ten seconds. */
class OwnAddresses {
  readonly #clock: Clock;
  #readAt = Number.NEGATIVE_INFINITY;
  #list: readonly string[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get list(): readonly string[] {
    const now = this.#clock.monotonic();
    if (now - this.#readAt > ADDRESSES_MS) {
      this.#readAt = now;
      this.#list = ownAddresses();
    }
    return this.#list;
  }
}

/** How long connections may take to close, ms. */
const CLOSE_LIMIT_MS = 2_000;
/** How long a list of addresses may be used; a new interface counts after that. */
const ADDRESSES_MS = 10_000;

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.map(({ address }) => normalizeAddress(address));
}

/**
 * The address to bind. It is never wider than configured: a missing tailnet address is an error, not a reason to use
 * another.
 */
export function bindHost(
  { bind, customBindHost }: Pick<GatewaySettings, "bind" | "customBindHost">,
  addresses: readonly string[] = ownAddresses(),
): string {
  if (bind === "lan") return "0.0.0.0";
  if (bind === "custom" && customBindHost) return customBindHost;
  if (bind === "custom")
    throw new StartError(
      "gateway.bind is custom but gateway.customBindHost is not set; set it to the address to listen on.",
    );
  if (bind !== "tailnet") return "127.0.0.1";
  const address = addresses.find(isTailnetAddress);
  if (address) return address;
  throw new StartError(
    "gateway.bind is tailnet but this host has no tailnet address; start Tailscale, or set gateway.bind to loopback.",
  );
}

/**
 * An IPv4 address is bound before the server has it, in a Node that can do so. Given as a text, Node looks it up and compares
 * it with its pattern of IPv6 addresses; compiling that pattern takes 10 to 15 ms of a start. Throws what binding throws.
 */
function placeToListen(host: string, port: number): ListenOptions {
  const BoundSocket: typeof net.BoundSocket | undefined = net.BoundSocket;
  if (BoundSocket === undefined || !isIPv4(host)) return { host, port };
  return { handle: new BoundSocket({ host, port }) };
}

function bindError(error: Error, host: string, port: number): StartError {
  const code = codeOf(error);
  const options = { cause: error };
  if (code === "EADDRINUSE") {
    const owner = findPortOwner(port);
    const who = owner ? ` by ${owner.command} (pid ${owner.pid})` : "";
    const stop = owner ? `end that program (\`kill ${owner.pid}\`)` : "end that program";
    return new StartError(`Port ${port} is taken${who}; choose another with --port, or ${stop}.`, options);
  }
  if (code === "EACCES")
    return new StartError(`Port ${port} needs more rights; choose one above 1023 with --port.`, options);
  if (code === "EADDRNOTAVAIL")
    return new StartError(`${host} is not an address of this machine; correct gateway.bind.`, options);
  return new StartError(`The gateway cannot listen on ${host} port ${port}: ${messageOf(error)}.`, options);
}

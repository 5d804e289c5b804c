/**
 * The listener: one port for HTTP and WebSocket. It accepts sockets, bounds how many clients may wait for the
 * handshake, and passes frames on.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { detailOf, ignore } from "../../base/errors.ts";
import { onAbort, within } from "../../base/time/deadline.ts";
import type {
  AdditionalListener,
  AdditionalPort,
  DeviceConnections,
  Listening,
  OpenPort,
  PageOrigin,
  ProxiedUser,
} from "../../kit/host.ts";
import { decodePath, refuseUpgrade } from "../../kit/http.ts";
import { isKnownHost, type OwnOrigins } from "../admission/origin.ts";
import type { Connection, Session } from "../connection.ts";
import { LIMITS } from "../limits.ts";
import { Acceptor, type Proxied } from "./acceptor.ts";
import { answerText } from "./http-handler.ts";
import { Listener } from "./listener.ts";
import { bindHost, OwnAddresses } from "./own-addresses.ts";
import { OwnNames } from "./own-names.ts";
import { pageOrigins } from "./page-origins.ts";
import { PendingConnections } from "./pending-connections.ts";
import type { ServerOptions } from "./server-options.ts";
import type { Certificate } from "./tls.ts";

/** From the gateway's port to a further one that is not told which (protocol: 18789 and 18793). */
const BESIDE = 4;

/** Where the gateway can be reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export class GatewayServer {
  /** Connections that have shaken hands. */
  readonly connections = new Map<string, Connection>();
  readonly #options: ServerOptions;
  readonly #pending: PendingConnections;
  readonly #acceptor: Acceptor;
  readonly #listeners: Listener[] = [];
  readonly #furtherListeners = new Set<Listener>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.preAuthPayload,
    perMessageDeflate: false,
    clientTracking: false,
  });
  readonly #ownAddresses: OwnAddresses;
  readonly #names: OwnNames;
  #certificate: Certificate | undefined;
  #port = 0;
  #pinger: Disposable | undefined;
  #isStopping = false;
  #isRestart = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#certificate = options.certificate;
    this.#pending = new PendingConnections(options);
    this.#ownAddresses = new OwnAddresses(options.clock);
    this.#names = new OwnNames(options.settings, this.#ownAddresses);
    this.#acceptor = new Acceptor({
      ...{ options, pending: this.#pending, connections: this.connections },
      place: { ownOrigins: () => this.#ownOrigins, ownAddresses: () => this.#ownAddresses.list },
    });
  }

  /** Binds the port on the wanted address. Throws `StartError` when it cannot. */
  async start(): Promise<Address> {
    const { clock, settings } = this.#options;
    const host = bindHost(settings());
    const first = await this.#listen(host, settings().port);
    this.#port = first.address.port;
    this.#names.remember(host);
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

  /** Opens a further port; see `Host.listen`. */
  async open(wanted: AdditionalPort): Promise<OpenPort> {
    const { settings } = this.#options;
    const certificate = this.#certificate;
    const beside = settings().port === 0 ? 0 : this.#port + BESIDE;
    const place = { host: bindHost(settings()), port: wanted.port ?? beside, certificate };
    const listener = await Listener.open(place, this.#options);
    this.#serve(listener, wanted);
    this.#furtherListeners.add(listener);
    return this.#opened(listener);
  }

  /** Opens one more listener for what the port answers; see `Host.listenAlso`. */
  async openAlso(where: AdditionalListener): Promise<OpenPort> {
    const certificate = this.#certificate;
    const isProxied = "identify" in where;
    const place = isProxied
      ? { host: "127.0.0.1", port: 0, certificate: undefined }
      : { host: where.host, port: this.#port, certificate };
    const listener = await Listener.open(place, this.#options);
    this.#serve(listener, {
      request: (request, response) => this.#onRequest(request, response),
      upgrade: (request, socket, head) => {
        if (!isProxied) return this.#onUpgrade(request, socket, head);
        void this.#identified(where.identify(request), socket, (user) =>
          this.#onUpgrade(request, socket, head, { user }),
        );
      },
    });
    this.#furtherListeners.add(listener);
    return this.#opened(listener);
  }

  /** Goes on with an upgrade once it is known who asks, if it is still wanted then. */
  async #identified(
    asked: Promise<ProxiedUser | undefined>,
    socket: Duplex,
    goOn: (user: ProxiedUser | undefined) => void,
  ): Promise<void> {
    try {
      const user = await asked;
      if (this.#isStopping) return refuseUpgrade(socket, "503 Service Unavailable", "The gateway stops.");
      if (!socket.destroyed) goOn(user);
    } catch (error) {
      this.#options.log.error("an upgrade failed", { error });
      socket.destroy();
    }
  }

  #opened(listener: Listener): OpenPort {
    const leave = () => void this.#furtherListeners.delete(listener);
    return {
      host: listener.address.host,
      port: listener.address.port,
      gatewayPort: this.#port,
      scheme: listener.address.certificate ? "https" : "http",
      async [Symbol.asyncDispose]() {
        leave();
        const closed = listener.close();
        listener.endAll();
        await closed;
      },
    };
  }

  /** SHA-256 of the certificate; undefined without TLS. */
  get fingerprint(): string | undefined {
    return this.#certificate?.fingerprint;
  }

  /**
   * Stops accepting; connections stay until `closeConnections`. When another gateway follows at once, the listeners
   * stay open and hold requests for it.
   */
  stopAccepting({ isRestart = false }: { readonly isRestart?: boolean } = {}): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#isRestart = isRestart;
    for (const listener of this.#listeners) {
      if (isRestart) this.#options.listeners.keep(listener);
      else void listener.close();
    }
    for (const connection of this.#pending.connections) connection.close(1012, "service restart");
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
    // Other clients wait for the next gateway: a client that does not answer the close must not delay it.
    const ms = this.#isRestart ? CLOSE_AT_RESTART_MS : CLOSE_LIMIT_MS;
    await within(gone, { ms, clock: this.#options.clock });
    if (this.#isRestart) for (const connection of this.connections.values()) connection.terminate();
    for (const listener of this.#listeners) {
      if (this.#isRestart) listener.endUnfinished();
      else listener.endAll();
    }
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

  /** Shows another certificate to those who connect from now on; connections stay. */
  useCertificate(certificate: Certificate): void {
    this.#certificate = certificate;
    for (const listener of [...this.#listeners, ...this.#furtherListeners]) listener.useCertificate(certificate);
  }

  /** The addresses where the gateway listens. */
  place(): Listening {
    const scheme = this.#certificate ? "https" : "http";
    const { fingerprint, pins = [] } = this.#certificate ?? {};
    return { host: bindHost(this.#options.settings()), port: this.#port, scheme, fingerprint, pins };
  }

  /** Where browsers reach our pages. */
  pageOrigins(): PageOrigin[] {
    if (!this.#options.settings().controlUi.enabled) return [];
    return pageOrigins(this.#ownOrigins, bindHost(this.#options.settings()), this.#ownAddresses.list);
  }

  /** Lets pages of a further origin in, until disposed. */
  allowOrigin(origin: string): Disposable {
    return this.#names.allowOrigin(origin);
  }

  get #ownOrigins(): OwnOrigins {
    return this.#names.ownOrigins(this.#port, this.#certificate);
  }

  async #listen(host: string, port: number): Promise<Listener> {
    const { listeners } = this.#options;
    const place = { host, port, certificate: this.#certificate };
    const listener = await listeners.open(place, this.#options);
    this.#listeners.push(listener);
    this.#serve(listener, {
      request: (request, response) => this.#onRequest(request, response),
      upgrade: (request, socket, head) => this.#onUpgrade(request, socket, head),
    });
    return listener;
  }

  /** Sets the handler of a listener. The limits of open sockets hold for all listeners together. */
  #serve(listener: Listener, answers: Pick<AdditionalPort, "request" | "upgrade">): void {
    const isPlain = this.#certificate === undefined;
    listener.serve({
      // Refuse before TLS and HTTP, so that a refusal costs nothing.
      onConnection: (socket) => this.#pending.limitDescriptors(socket, isPlain),
      onReady: (socket) => this.#pending.addIdleSocket(socket),
      onRequest: (request, response) => {
        this.#pending.onRequest(request.socket, response);
        try {
          answers.request(request, response);
        } catch (error) {
          this.#failed(response, error);
        }
      },
      onUpgrade: (request, socket, head) => {
        socket.on("error", (error) => ignore(error, "the client went away during the upgrade"));
        // A socket that was opened before the stop may still ask for an upgrade.
        if (this.#isStopping) return refuseUpgrade(socket, "503 Service Unavailable", "The gateway stops.");
        this.#pending.removeIdleSocket(request.socket);
        try {
          answers.upgrade(request, socket, head);
        } catch (error) {
          this.#options.log.error("an upgrade failed", { error });
          socket.destroy();
        }
      },
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { http } = this.#options;
    if (!isKnownHost(request.headers.host, this.#ownOrigins) && !http.takesAnyHost(request))
      return answerText(response, 421, UNKNOWN_HOST);
    http.handle(request, response).catch((error) => this.#failed(response, error));
  }

  #failed(response: ServerResponse, error: unknown): void {
    this.#options.log.error("a request failed", { error });
    if (!response.headersSent) answerText(response, 500, "Internal Server Error");
    else response.destroy();
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, proxied?: Proxied): void {
    const path = decodePath(request.url ?? "/") ?? "/";
    const route = this.#options.http.routeOf(path);
    if (route?.upgrade) return route.upgrade({ request, socket, head, path });
    // DNS rebinding concerns browsers, and browsers send Origin. A program with a foreign Host is only treated as not
    // local.
    if (request.headers.origin !== undefined && !isKnownHost(request.headers.host, this.#ownOrigins)) {
      return refuseUpgrade(socket, "421 Misdirected Request", UNKNOWN_HOST);
    }
    // The answer to the upgrade and the challenge leave in one write.
    socket.cork();
    process.nextTick(() => socket.uncork());
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.#acceptor.accept(webSocket, request, proxied),
    );
  }
}

const UNKNOWN_HOST =
  "This name is not one of the gateway's. Use http://127.0.0.1, or add the name to gateway.allowedHosts.";

/** How long connections may take to close, ms. */
const CLOSE_LIMIT_MS = 2_000;
const CLOSE_AT_RESTART_MS = 250;

/**
 * Discord's gateway: sessions that outlive their socket for a while, and number and keep what they dispatch, so that a
 * client that comes back with RESUME gets what it missed.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Guild, World } from "./world.ts";

const OP = { dispatch: 0, heartbeat: 1, identify: 2, resume: 6, reconnect: 7, invalid: 9, hello: 10, ack: 11 } as const;

/** The intent that lets a bot read what is not addressed to it. */
const MESSAGE_CONTENT = 1 << 15;
const KNOWN_INTENTS = (1 << 26) - 1;

interface Session {
  readonly id: string;
  readonly intents: number;
  sequence: number;
  readonly dispatched: { readonly s: number; readonly frame: string }[];
  socket: WebSocket | undefined;
}

export interface GatewayOptions {
  readonly world: World;
  readonly onChange: () => void;
  isToken(token: unknown): boolean;
  /** Where clients are to connect. */
  url(): string;
}

export class GatewaySessions {
  readonly #sessions = new Map<string, Session>();
  readonly #options: GatewayOptions;
  readonly #server = new WebSocketServer({ noServer: true });
  #last: { readonly t: string; readonly d: unknown } | undefined;
  #made = 0;
  /** How often a client began anew, and how often one took a session up again. */
  readonly counted = { identify: 0, resume: 0 };
  /** Whether the switch "Message Content Intent" is on in the portal. */
  isContentAllowed = true;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  get isLinked(): boolean {
    return [...this.#sessions.values()].some(({ socket }) => socket !== undefined);
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (opened) => this.#talk(opened));
  }

  /** Sends an event to every session, and keeps it for those without a socket. */
  dispatch(t: string, d: unknown): void {
    if (t === "MESSAGE_CREATE") this.#last = { t, d };
    for (const session of this.#sessions.values()) this.#dispatchTo(session, t, d);
  }

  /** Dispatches the last message once more, under a new number. */
  redeliver(): void {
    if (this.#last) this.dispatch(this.#last.t, this.#last.d);
  }

  /** Sends frames that cannot be read, and events that are not what they say. */
  sendNonsense(): void {
    for (const { socket } of this.#sessions.values()) {
      socket?.send("{ this is not JSON");
      socket?.send(JSON.stringify({ op: 99, d: null }));
    }
    this.dispatch("SOMETHING_NEW", { id: "1" });
    this.dispatch("MESSAGE_CREATE", { id: this.#options.world.ids.next(), channel_id: 17, author: null, content: {} });
    this.dispatch("MESSAGE_CREATE", null);
    this.dispatch("MESSAGE_REACTION_ADD", { emoji: null });
  }

  /** Cuts every socket; half a frame goes out first. */
  cut(): void {
    for (const session of this.#sessions.values()) {
      const { socket } = session;
      if (!socket) continue;
      const raw = (socket as unknown as { readonly _socket: Socket })._socket;
      // A text frame that announces 100 bytes and ends after seven.
      raw.write(Buffer.from([0x81, 100, 0x7b, 0x22, 0x6f, 0x70, 0x22, 0x3a, 0x30]));
      session.socket = undefined;
      raw.destroySoon();
    }
    this.#options.onChange();
  }

  /** Asks clients to come back (op 7). */
  askToReconnect(): void {
    for (const { socket } of this.#sessions.values()) socket?.send(JSON.stringify({ op: OP.reconnect, d: null }));
  }

  /** Forgets sessions, as minutes of absence do; who is connected is told (op 9). */
  expire(): void {
    for (const { socket } of this.#sessions.values()) socket?.send(JSON.stringify({ op: OP.invalid, d: false }));
    this.#sessions.clear();
    this.#options.onChange();
  }

  /** Ends every connection with a close code of Discord's. */
  close(code: number): void {
    for (const session of this.#sessions.values()) {
      session.socket?.close(code);
      session.socket = undefined;
    }
    this.#options.onChange();
  }

  terminate(): void {
    for (const session of this.#sessions.values()) session.socket = undefined;
    for (const socket of this.#server.clients) socket.terminate();
    this.#options.onChange();
  }

  #talk(socket: WebSocket): void {
    let session: Session | undefined;
    socket.send(JSON.stringify({ op: OP.hello, d: { heartbeat_interval: 41_250 }, s: null, t: null }));
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      if (session?.socket !== socket) return;
      session.socket = undefined;
      this.#options.onChange();
    });
    socket.on("message", (data) => {
      const { op, d } = JSON.parse(String(data)) as { op: number; d: Record<string, unknown> };
      if (op === OP.heartbeat) return socket.send(JSON.stringify({ op: OP.ack }));
      if (op !== OP.identify && op !== OP.resume) return;
      if (!this.#options.isToken(d.token)) return socket.close(4004, "Authentication failed.");
      session = op === OP.identify ? this.#identify(socket, Number(d.intents)) : this.#resume(socket, d);
      this.#options.onChange();
    });
  }

  #identify(socket: WebSocket, intents: number): Session | undefined {
    if (!Number.isInteger(intents) || intents > KNOWN_INTENTS) return void socket.close(4013, "Invalid intent(s).");
    if (intents & MESSAGE_CONTENT && !this.isContentAllowed) return void socket.close(4014, "Disallowed intent(s).");
    this.counted.identify += 1;
    const { world } = this.#options;
    const session: Session = { id: `session-${++this.#made}`, intents, sequence: 0, dispatched: [], socket };
    this.#sessions.set(session.id, session);
    const guilds = [...world.guilds.values()].filter(({ isJoined }) => isJoined);
    this.#dispatchTo(session, "READY", {
      v: 10,
      user: world.bot,
      guilds: guilds.map(({ id }) => ({ id, unavailable: true })),
      session_id: session.id,
      resume_gateway_url: this.#options.url(),
      shard: [0, 1],
      application: { id: world.bot.id, flags: 0 },
    });
    for (const guild of guilds) this.#dispatchTo(session, "GUILD_CREATE", world.shownGuild(guild));
    return session;
  }

  #resume(socket: WebSocket, d: Record<string, unknown>): Session | undefined {
    const session = this.#sessions.get(String(d.session_id));
    const sequence = Number(d.seq);
    if (!session || !(sequence <= session.sequence)) {
      return void socket.send(JSON.stringify({ op: OP.invalid, d: false }));
    }
    this.counted.resume += 1;
    session.socket?.terminate();
    session.socket = socket;
    for (const { s, frame } of session.dispatched) if (s > sequence) socket.send(frame);
    this.#dispatchTo(session, "RESUMED", { _trace: [] });
    return session;
  }

  #dispatchTo(session: Session, t: string, d: unknown): void {
    const s = ++session.sequence;
    const frame = JSON.stringify({ op: OP.dispatch, t, s, d });
    session.dispatched.push({ s, frame });
    session.socket?.send(frame);
  }

  /** Tells sessions that the account is now in a server. */
  join(guild: Guild): void {
    this.dispatch("GUILD_CREATE", this.#options.world.shownGuild(guild));
  }
}

/** Socket Mode: hello, envelopes, acks, retries, refreshes (Slack: using Socket Mode). */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Changes } from "../watch.ts";
import { APP_ID, TEAM_ID } from "./world.ts";

export type EnvelopeType = "events_api" | "slash_commands" | "interactive";

/** How long Slack waits for an ack. */
const ACK_MS = 3000;
/** How long after a failed attempt the next one comes. The platform waits a minute and five; nobody waits that long here. */
const RETRIES_MS = [0, 1000, 3000];

interface Attempt {
  readonly type: EnvelopeType;
  readonly payload: Record<string, unknown>;
  readonly number: number;
}

export class SocketMode {
  readonly #changes: Changes;
  readonly #server = new WebSocketServer({ noServer: true });
  /** Open sockets, each with the bare connection under it. */
  readonly #sockets = new Map<WebSocket, Duplex>();
  readonly #retiring = new Set<WebSocket>();
  readonly #unacked = new Map<string, { attempt: Attempt; timer: NodeJS.Timeout }>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #lastEvent: Attempt | undefined;
  #envelopes = 0;
  #turn = 0;
  /** Envelopes that were acknowledged. */
  acks = 0;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  /** Sockets that take events. */
  get open(): number {
    return this.#ready().length;
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (link) => {
      this.#sockets.set(link, socket);
      link.on("message", (data) => this.#acked(String(data)));
      link.on("error", () => undefined);
      link.on("close", () => {
        this.#sockets.delete(link);
        this.#retiring.delete(link);
        this.#changes.tell();
      });
      const connection_info = { app_id: APP_ID };
      const debug_info = { host: "fake", approximate_connection_time: 18060 };
      link.send(JSON.stringify({ type: "hello", num_connections: this.#sockets.size, connection_info, debug_info }));
      this.#changes.tell();
    });
  }

  /** Sends an event of the Events API; returns its id. */
  event(event: Record<string, unknown>): void {
    const event_id = `Ev${String(++this.#envelopes).padStart(6, "0")}`;
    const authorizations = [{ team_id: TEAM_ID, user_id: "U0BOT", is_bot: true }];
    const event_time = Math.floor(Date.now() / 1000);
    const common = {
      team_id: TEAM_ID,
      api_app_id: APP_ID,
      type: "event_callback",
      event_id,
      event_time,
      authorizations,
    };
    this.#lastEvent = { type: "events_api", payload: { ...common, event }, number: 0 };
    this.#try(this.#lastEvent);
  }

  /** Sends something that is not an event: a command, a pressed button. */
  envelope(type: EnvelopeType, payload: Record<string, unknown>): void {
    this.#try({ type, payload, number: 0 });
  }

  /** The last event once more, as after a missing ack. */
  redeliver(): void {
    if (!this.#lastEvent) throw new Error("nothing has happened yet");
    this.#try({ ...this.#lastEvent, number: 1 });
  }

  /** Sends text that is no envelope. */
  raw(text: string): void {
    for (const link of this.#ready()) link.send(text);
  }

  /** Asks the clients to connect again, as Slack does every few hours. */
  refresh(reason: "warning" | "refresh_requested" | "link_disabled"): void {
    for (const link of this.#ready()) {
      link.send(JSON.stringify({ type: "disconnect", reason, debug_info: { host: "fake" } }));
      this.#retiring.add(link);
    }
    this.#changes.tell();
  }

  /** Cuts all sockets in the middle of a frame. */
  cut(): void {
    for (const [link, socket] of this.#sockets) {
      // A text frame that announces 1000 bytes and brings a few.
      socket.write(Buffer.concat([Buffer.from([0x81, 126, 0x03, 0xe8]), Buffer.from('{"envelope_id":"')]));
      socket.destroy();
      link.terminate();
    }
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { timer } of this.#unacked.values()) clearTimeout(timer);
    for (const [link, socket] of this.#sockets) {
      link.terminate();
      socket.destroy();
    }
  }

  #ready(): WebSocket[] {
    return [...this.#sockets.keys()].filter((link) => link.readyState === link.OPEN && !this.#retiring.has(link));
  }

  /** Each event goes to one of the sockets. */
  #try(attempt: Attempt): void {
    const links = this.#ready();
    const link = links[this.#turn++ % Math.max(links.length, 1)];
    if (!link) return this.#again(attempt);
    const envelope_id = `envelope-${++this.#envelopes}`;
    const isEvent = attempt.type === "events_api";
    const retry = isEvent && { retry_attempt: attempt.number, retry_reason: attempt.number > 0 ? "timeout" : "" };
    const { type, payload } = attempt;
    const timer = setTimeout(() => {
      this.#unacked.delete(envelope_id);
      this.#again(attempt);
    }, ACK_MS).unref();
    this.#unacked.set(envelope_id, { attempt, timer });
    link.send(JSON.stringify({ envelope_id, type, payload, accepts_response_payload: !isEvent, ...retry }));
  }

  #again(attempt: Attempt): void {
    const wait = RETRIES_MS[attempt.number];
    // Commands and presses are not repeated: the person sees that they failed.
    if (wait === undefined || attempt.type !== "events_api") return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#try({ ...attempt, number: attempt.number + 1 });
    }, wait).unref();
    this.#timers.add(timer);
  }

  #acked(text: string): void {
    const { envelope_id } = JSON.parse(text) as { envelope_id?: string };
    const waiting = envelope_id === undefined ? undefined : this.#unacked.get(envelope_id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#unacked.delete(envelope_id!);
    this.acks += 1;
    this.#changes.tell();
  }
}

/** Keeps the list of connected clients, and tells clients when it changes and when every connection is about to end. */
import { hostname } from "node:os";
import { Coalesced } from "../../../base/time/coalesce.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import type { Ending } from "../../../kit/lifecycle.ts";
import { presence as presenceEvent, shutdown } from "./events.ts";
import { type Beacon, type Entry, Rows } from "./rows.ts";

/** Lists requested within this time are sent once, ms. */
const COALESCE_MS = 250;

export class Presence implements Disposable {
  readonly #base: Base;
  readonly #rows: Rows;
  readonly #news: Coalesced;
  #version = 1;

  constructor(base: Base) {
    const { clock, version } = base;
    this.#base = base;
    this.#rows = new Rows({ clock, self: () => selfEntry(version) });
    this.#news = new Coalesced({ clock, delayMs: COALESCE_MS, work: () => this.#publish() });
  }

  /** Counts the changes of the list since the gateway started (protocol: stateVersion). */
  get version(): number {
    return this.#version;
  }

  /** All rows, newest first; the gateway's own is always there. */
  list(): Entry[] {
    return this.#rows.list();
  }

  /** Called when a connection has been let in. */
  connected(caller: Caller, ip: string | undefined): void {
    if (this.#rows.connected(caller, ip)) this.#version++;
    this.#news.soon();
    this.#base.host.overview.now.refreshHealthSoon();
  }

  disconnected(connId: string): void {
    if (!this.#rows.disconnected(connId)) return;
    this.#version++;
    this.#news.soon();
  }

  /** Handles a client's beacon (protocol: system-event). Returns what is new in it, as a line for the agent. */
  beacon(beacon: Beacon): string | undefined {
    const { before, after } = this.#rows.beacon(beacon);
    this.#version++;
    this.#publish();
    return newsIn(beacon.text, before, after);
  }

  /** Tells everybody who is connected. */
  stop({ reason, restartExpectedMs }: Ending): void {
    this.#base.bus.publish(shutdown, { reason, restartExpectedMs });
  }

  [Symbol.dispose](): void {
    this.#news[Symbol.dispose]();
  }

  #publish(): void {
    this.#base.bus.publish(presenceEvent, { presence: this.list() });
  }
}

function selfEntry(version: string): Omit<Entry, "ts"> {
  const host = hostname() || "gateway";
  return {
    host,
    version,
    platform: process.platform,
    mode: "gateway",
    reason: "self",
    text: `Gateway: ${host} · app ${version} · mode gateway · reason self`,
  };
}

/** The news in a beacon: plain text in full; of a node's beacon only changes; of a periodic beacon nothing. */
function newsIn(text: string, before: Entry | undefined, after: Entry): string | undefined {
  if (!text.startsWith("Node:")) return text;
  const { reason = "" } = after;
  if (reason.startsWith("periodic") || reason === "heartbeat") return undefined;
  const changed = (["host", "ip", "version", "mode", "reason"] as const).filter(
    (name) => after[name] !== before?.[name],
  );
  if (changed.length === 0) return undefined;
  return `Node: ${after.host ?? "?"} · ${changed.map((name) => `${name} ${after[name]}`).join(" · ")}`;
}

/** The rows of presence: by device or instance, fresh for five minutes or for as long as they are connected. */
import type { Static } from "@sinclair/typebox";
import type { Clock } from "../../../base/time/clock.ts";
import type { Caller } from "../../../kit/access.ts";
import type { PresenceEntry } from "../../../kit/schema/frames.ts";

export type Entry = Static<typeof PresenceEntry>;

/** What a beacon may say of its sender (protocol: system-event). */
export type Beacon = Partial<Omit<Entry, "ts">> & { readonly text: string };

interface Row {
  entry: Entry;
  /** Connections behind the row; while there is one, the row does not expire. */
  readonly connections: Set<string>;
}

const TTL_MS = 5 * 60_000;
const MAX_ROWS = 200;

export class Rows {
  readonly #clock: Clock;
  readonly #self: () => Omit<Entry, "ts">;
  readonly #rows = new Map<string, Row>();
  readonly #keyOfConnection = new Map<string, string>();

  constructor(options: { clock: Clock; self: () => Omit<Entry, "ts"> }) {
    this.#clock = options.clock;
    this.#self = options.self;
  }

  /** All rows, newest first; the gateway's own is always there. */
  list(): Entry[] {
    this.#prune();
    const rows = [...this.#rows.values()].map(({ entry }) => entry);
    return [{ ...this.#self(), ts: this.#clock.now() }, ...rows.sort((a, b) => b.ts - a.ts)];
  }

  /** Notes a new connection; command lines are not tracked. Returns whether there is news. */
  connected(caller: Caller, ip: string | undefined): boolean {
    const { client, connId, deviceId, role, scopes } = caller;
    if (client.mode === "cli") return false;
    const host = client.displayName ?? client.id;
    const key = (deviceId ?? client.instanceId ?? connId).toLowerCase();
    const row = this.#upsert(key, {
      host,
      ip,
      version: client.version,
      platform: client.platform,
      deviceFamily: client.deviceFamily,
      modelIdentifier: client.modelIdentifier,
      mode: client.mode,
      deviceId,
      roles: [role],
      scopes: [...scopes],
      instanceId: deviceId ?? client.instanceId,
      reason: "connect",
      text: `Node: ${host} · mode ${client.mode}`,
    });
    row.connections.add(connId);
    this.#keyOfConnection.set(connId, key);
    return true;
  }

  /** Notes a closed connection; its row stays for a while. Returns whether there is news. */
  disconnected(connId: string): boolean {
    const key = this.#keyOfConnection.get(connId);
    const row = key === undefined ? undefined : this.#rows.get(key);
    this.#keyOfConnection.delete(connId);
    if (!row) return false;
    row.connections.delete(connId);
    row.entry = { ...row.entry, ts: this.#clock.now(), ...(row.connections.size === 0 && { reason: "disconnect" }) };
    return true;
  }

  /** Takes in a beacon; returns what was known before and what is known now. */
  beacon(beacon: Beacon): { readonly before: Entry | undefined; readonly after: Entry } {
    const facts = { ...parseBeaconText(beacon.text), ...present(beacon) };
    const key = (
      facts.deviceId ??
      facts.instanceId ??
      facts.host ??
      facts.ip ??
      beacon.text.slice(0, 64)
    ).toLowerCase();
    const before = this.#rows.get(key)?.entry;
    return { before, after: this.#upsert(key, facts).entry };
  }

  #upsert(key: string, facts: Partial<{ [K in keyof Entry]: Entry[K] | undefined }>): Row {
    const known = this.#rows.get(key);
    const union = (a: readonly string[] = [], b: readonly string[] = []) => [...new Set([...a, ...b])];
    const roles = union(known?.entry.roles, facts.roles);
    const scopes = union(known?.entry.scopes, facts.scopes);
    const entry: Entry = {
      ...known?.entry,
      ...present(facts),
      ...(roles.length > 0 && { roles }),
      ...(scopes.length > 0 && { scopes }),
      ts: this.#clock.now(),
    };
    const row = known ?? { entry, connections: new Set() };
    row.entry = entry;
    this.#rows.set(key, row);
    this.#prune();
    return row;
  }

  #prune(): void {
    const oldest = this.#clock.now() - TTL_MS;
    for (const [key, { entry, connections }] of this.#rows) {
      if (entry.ts < oldest && connections.size === 0) this.#rows.delete(key);
    }
    if (this.#rows.size <= MAX_ROWS) return;
    const byAge = [...this.#rows].sort(([, a], [, b]) => a.entry.ts - b.entry.ts);
    for (const [key] of byAge.slice(0, this.#rows.size - MAX_ROWS)) this.#rows.delete(key);
  }
}

/** The facts that are not undefined and not empty. */
function present<T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== "")) as never;
}

/** Reads `Node: <host> (<ip>) · app <version> · last input <n>s ago · mode <mode> · reason <reason>`. */
function parseBeaconText(text: string): Partial<Entry> {
  const head = /^Node:\s*([^·(]+?)\s*(?:\(([^)]+)\))?\s*(?:·|$)/.exec(text);
  if (!head) return {};
  const field = (pattern: RegExp) => pattern.exec(text)?.[1]?.trim();
  const seconds = field(/·\s*last input (\d+)s ago/);
  return present({
    host: head[1],
    ip: head[2],
    version: field(/·\s*app ([^·]+)/),
    mode: field(/·\s*mode ([^·]+)/),
    reason: field(/·\s*reason ([^·]+)/),
    lastInputSeconds: seconds === undefined ? undefined : Number(seconds),
  }) as Partial<Entry>;
}

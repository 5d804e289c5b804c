/** The rows of devices, of their tokens, and of the requests that wait. */

import { invalidRequest } from "../../../base/errors.ts";
import { networkOf } from "../../../base/net/address.ts";
import { insertInto, named, replaceInto } from "../../../base/store/statement.ts";
import type { Store } from "../../../base/store/store.ts";
import { stored } from "../../../base/store/stored.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { DeviceRequest } from "../../../kit/admission.ts";
import { firstTokenVersion } from "./device-token.ts";

/** A device that may connect. */
export interface Device {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName: string | null;
  readonly platform: string | null;
  readonly clientId: string | null;
  readonly clientMode: string | null;
  readonly remoteIp: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly approvedAt: number;
}

/** The token of a device in a role. */
export interface Token {
  readonly role: string;
  readonly version: number;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly rotatedAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

/** A request that waits for a person. */
export interface Pending extends Omit<Device, "roles" | "createdAt" | "approvedAt"> {
  readonly requestId: string;
  readonly role: string;
  readonly isRepair: boolean;
  readonly requestedAt: number;
}

/** How long a request waits for its approval, ms (protocol: pairing stores). */
const REQUEST_TTL_MS = 5 * 60_000;
const MAX_REQUESTS = 64;

const DEVICE_COLUMNS =
  "device_id as deviceId, public_key as publicKey, display_name as displayName, platform, client_id as clientId, " +
  "client_mode as clientMode, remote_ip as remoteIp, scopes";
const TOKEN_QUERY =
  "select role, version, scopes, created_at as createdAt, rotated_at as rotatedAt, revoked_at as revokedAt, last_used_at as lastUsedAt from device_tokens where device_id = ?";
const PENDING_QUERY = `select request_id as requestId, role, is_repair as isRepair, requested_at as requestedAt, ${DEVICE_COLUMNS} from pairing_requests`;

const DEVICE_QUERY = `select ${DEVICE_COLUMNS}, roles, created_at as createdAt, approved_at as approvedAt from devices`;

export class DeviceRows {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ store, clock }: { readonly store: Store; readonly clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  device(deviceId: string): Device | undefined {
    const row = this.#store.get<Row>(`${DEVICE_QUERY} where device_id = ?`, deviceId);
    return row && toDevice(row);
  }

  /** The newest first. */
  devices(): Device[] {
    return this.#store.all<Row>(`${DEVICE_QUERY} order by approved_at desc`).map(toDevice);
  }

  token(deviceId: string, role: string): Token | undefined {
    const row = this.#store.get<Row>(`${TOKEN_QUERY} and role = ?`, deviceId, role);
    return row && toToken(row);
  }

  tokensOf(deviceId: string): Token[] {
    return this.#store.all<Row>(`${TOKEN_QUERY} order by role`, deviceId).map(toToken);
  }

  /** Requests that wait, newest first. */
  waiting(): Pending[] {
    return this.#store
      .all<Row>(`${PENDING_QUERY} where requested_at >= ? order by requested_at desc`, this.#waitsSince)
      .map(toPending);
  }

  /** A request that waits. Throws `INVALID_REQUEST` "unknown requestId". */
  request(requestId: string): Pending {
    const row = this.#store.get<Row>(
      `${PENDING_QUERY} where request_id = ? and requested_at >= ?`,
      ...[requestId, this.#waitsSince],
    );
    if (!row) throw invalidRequest("unknown requestId");
    return toPending(row);
  }

  /** The request of a device that waits. */
  requestOf(deviceId: string): Pending | undefined {
    const row = this.#store.get<Row>(
      `${PENDING_QUERY} where device_id = ? and requested_at >= ?`,
      ...[deviceId, this.#waitsSince],
    );
    return row && toPending(row);
  }

  /** Adds a request; those that have waited too long, and one of too many, make room. */
  addRequest(pending: Pending): void {
    this.#makeRoom();
    this.#store.run(
      ...insertInto("pairing_requests", {
        request_id: pending.requestId,
        ...factColumns(pending),
        role: pending.role,
        scopes: JSON.stringify(pending.scopes),
        is_repair: pending.isRepair,
        requested_at: pending.requestedAt,
      }),
    );
  }

  dropRequest(requestId: string): void {
    this.#store.run("delete from pairing_requests where request_id = ?", requestId);
  }

  /** Adds a device, or writes what is new of a known one. */
  save(request: DeviceRequest, { roles, scopes, createdAt, approvedAt }: Approved): void {
    this.#store.run(
      ...insertInto(
        "devices",
        {
          ...factColumns(request),
          roles: JSON.stringify(roles),
          scopes: JSON.stringify(scopes),
          created_at: createdAt,
          approved_at: approvedAt,
        },
        `on conflict (device_id) do update set
           public_key = excluded.public_key, display_name = excluded.display_name, platform = excluded.platform,
           client_id = excluded.client_id, client_mode = excluded.client_mode, remote_ip = excluded.remote_ip,
           roles = excluded.roles, scopes = excluded.scopes, approved_at = excluded.approved_at`,
      ),
    );
  }

  remove(deviceId: string): void {
    this.#store.run("delete from devices where device_id = ?", deviceId);
  }

  /** Writes a token row; a new version invalidates the old token. */
  writeToken(deviceId: string, role: string, scopes: readonly string[], { isNew }: { isNew: boolean }): Token {
    const known = this.token(deviceId, role);
    const version = known ? known.version + Number(isNew || known.revokedAt !== null) : firstTokenVersion();
    const now = this.#clock.now();
    const rotatedAt = known && version !== known.version ? now : (known?.rotatedAt ?? null);
    this.#store.run(
      ...replaceInto("device_tokens", {
        device_id: deviceId,
        role,
        version,
        scopes: JSON.stringify([...scopes].sort()),
        created_at: known?.createdAt ?? now,
        rotated_at: rotatedAt,
        revoked_at: null,
        last_used_at: known?.lastUsedAt,
      }),
    );
    return this.token(deviceId, role)!;
  }

  revokeToken(deviceId: string, role: string, at: number): void {
    this.#store.run("update device_tokens set revoked_at = ? where device_id = ? and role = ?", at, deviceId, role);
  }

  /** Notes when tokens were used last. */
  noteUses(uses: Iterable<{ readonly deviceId: string; readonly role: string; readonly at: number }>): void {
    this.#store.transaction(() => {
      for (const { deviceId, role, at } of uses)
        this.#store.run(
          "update device_tokens set last_used_at = ? where device_id = ? and role = ?",
          at,
          deviceId,
          role,
        );
    });
  }

  /** Updates the facts that are shown of a device. Writes only changes, because most connects change nothing. */
  updateFacts(request: DeviceRequest, device: Device): void {
    const { deviceId, platform, clientId, clientMode } = request;
    const displayName = request.displayName ?? device.displayName;
    const remoteIp = request.remoteIp ?? device.remoteIp;
    const facts = { displayName, platform, clientId, clientMode, remoteIp };
    if (Object.entries(facts).every(([name, fact]) => fact === device[name as keyof typeof facts])) return;
    this.#store.run(
      ...named(
        `update devices set display_name = :displayName, platform = :platform, client_id = :clientId,
           client_mode = :clientMode, remote_ip = :remoteIp where device_id = :deviceId`,
        { deviceId, ...facts },
      ),
    );
  }

  /** Requests from before this time, epoch ms, have waited too long. */
  get #waitsSince(): number {
    return this.#clock.now() - REQUEST_TTL_MS;
  }

  /** Drops requests that have waited too long, and of too many the oldest of the network that has most. */
  #makeRoom(): void {
    this.#store.run("delete from pairing_requests where requested_at < ?", this.#waitsSince);
    for (let waiting = this.waiting(); waiting.length >= MAX_REQUESTS; waiting = this.waiting()) {
      const counts = new Map<string, number>();
      const networks = waiting.map(({ remoteIp }) => networkOf(remoteIp ?? ""));
      for (const each of networks) counts.set(each, (counts.get(each) ?? 0) + 1);
      const most = Math.max(...counts.values());
      this.dropRequest(waiting.findLast((_, at) => counts.get(networks[at]!) === most)!.requestId);
    }
  }
}

/** What was approved of a device. */
type Approved = Pick<Device, "roles" | "scopes" | "createdAt" | "approvedAt">;

type Row = Record<string, unknown>;

function toDevice(row: Row): Device {
  return { ...row, roles: stored(row.roles), scopes: stored(row.scopes) } as Device;
}

function toToken(row: Row): Token {
  return { ...row, scopes: stored(row.scopes) } as Token;
}

function toPending(row: Row): Pending {
  return { ...row, isRepair: row.isRepair === 1, scopes: stored(row.scopes) } as Pending;
}

/** What a device says of itself, as the columns of both tables have it. */
function factColumns(
  facts: Pick<DeviceRequest, "deviceId" | "publicKey"> & {
    readonly [Fact in ReportedFact]?: string | null | undefined;
  },
) {
  return {
    device_id: facts.deviceId,
    public_key: facts.publicKey,
    display_name: facts.displayName,
    platform: facts.platform,
    client_id: facts.clientId,
    client_mode: facts.clientMode,
    remote_ip: facts.remoteIp,
  };
}

type ReportedFact = "displayName" | "platform" | "clientId" | "clientMode" | "remoteIp";

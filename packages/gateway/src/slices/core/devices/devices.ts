/** Which devices may connect: requests, approvals, and one token for each role of a device. */
import type { Static } from "@sinclair/typebox";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { newId, secretsEqual } from "../../../base/ids.ts";
import { stored } from "../../../base/store/stored.ts";
import { type Caller, hasScope } from "../../../kit/access.ts";
import type { Admission, DeviceRequest } from "../../../kit/admission.ts";
import type { Base } from "../../../kit/base.ts";
import type { DeviceConnections } from "../../../kit/host.ts";
import { ManyPort } from "../../../kit/port.ts";
import { type AdoptedDevice, adoptDevice, spendOldToken } from "./adopt.ts";
import { DeviceTokens, firstTokenVersion, loadTokenKey } from "./device-token.ts";
import { deviceRemoved, pairRequested, pairResolved } from "./events.ts";
import type { PairedDevice, PairingRequest } from "./schema.ts";

interface Device {
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

interface Token {
  readonly role: string;
  readonly version: number;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly rotatedAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

interface Pending extends Omit<Device, "roles" | "createdAt" | "approvedAt"> {
  readonly requestId: string;
  readonly role: string;
  readonly isRepair: boolean;
  readonly requestedAt: number;
}

/** Is told when a device may no longer connect as an operator. Called in the call that ends it; must not throw. */
export interface DeviceObserver {
  ended(deviceId: string): void;
}

/** How long a request waits for its approval, ms (protocol: pairing stores). */
const REQUEST_TTL_MS = 5 * 60_000;
const MAX_REQUESTS = 64;
const FLUSH_MS = 60_000;

const DEVICE_COLUMNS =
  "device_id as deviceId, public_key as publicKey, display_name as displayName, platform, client_id as clientId, " +
  "client_mode as clientMode, remote_ip as remoteIp, scopes";

export class Devices implements Disposable {
  /** Who is told of devices that were removed or revoked. */
  readonly observers = new ManyPort<DeviceObserver>();
  readonly #base: Base;
  readonly #tokens: DeviceTokens;
  readonly #lastUsed = new Map<string, { deviceId: string; role: string; at: number }>();
  #flusher: Disposable | undefined;

  /** Creates the state folder's token key when there is none. */
  constructor(base: Base) {
    this.#base = base;
    this.#tokens = new DeviceTokens(loadTokenKey(base.stateDir));
  }

  /**
   * Admits a paired device. Pairs a new one at once when `silent`; otherwise files a request, or returns the one that
   * waits. One that was `invited` need not wait.
   */
  admit(request: DeviceRequest, { silent, invited = false }: { silent: boolean; invited?: boolean }): Admission {
    const known = this.#device(request.deviceId);
    const device = known?.publicKey === request.publicKey ? known : undefined;
    const reason = missing(device, request);
    if (!reason) return this.#admitted(request, device!);
    const pending = this.#pendingOf(request.deviceId);
    if (silent && (invited || !pending)) return this.#admitted(request, this.#approveSilently(request, pending));
    const { requestId } = pending ?? this.#file(request, known !== undefined);
    return {
      kind: "pairing-required",
      reason,
      requestId,
      deviceId: request.deviceId,
      requestedRole: request.role,
      requestedScopes: request.scopes,
      approvedRoles: device?.roles ?? [],
      approvedScopes: device?.scopes ?? [],
    };
  }

  /** Whether a token is valid for a device in a role with these scopes. Notes its use. */
  verifyToken(
    token: string,
    device: { deviceId: string; publicKey: string; role: string; scopes: readonly string[] },
  ): boolean {
    const { clock } = this.#base;
    const row = this.#token(device.deviceId, device.role);
    if (!row || row.revokedAt !== null || this.#device(device.deviceId)?.publicKey !== device.publicKey) return false;
    if (!covers(row.scopes, device.scopes)) return false;
    const isOurs = secretsEqual(token, this.#tokens.of(device.deviceId, device.role, row.version));
    if (!isOurs && !spendOldToken(this.#base.store, token, device)) return false;
    this.#lastUsed.set(`${device.deviceId} ${device.role}`, {
      deviceId: device.deviceId,
      role: device.role,
      at: clock.now(),
    });
    this.#flusher ??= clock.after(FLUSH_MS, () => this.#flush());
    return true;
  }

  /** Adds a device that another gateway has paired; false when it is known here. */
  adopt(device: AdoptedDevice): boolean {
    return adoptDevice(this.#base.store, device);
  }

  /** Takes a device out again that `adopt` has added. */
  disown(deviceId: string): void {
    this.#base.store.run("delete from devices where device_id = ?", deviceId);
  }

  /** Requests that wait and devices that are paired, newest first, without token values. */
  list(): { pending: Static<typeof PairingRequest>[]; paired: Static<typeof PairedDevice>[] } {
    this.#dropExpired();
    const { store } = this.#base;
    const pending = store.all<Row>(
      `select request_id as requestId, role, is_repair as isRepair, requested_at as requestedAt, ${DEVICE_COLUMNS} from pairing_requests order by requested_at desc`,
    );
    const paired = store.all<Row>(
      `select ${DEVICE_COLUMNS}, roles, created_at as createdAt, approved_at as approvedAt from devices order by approved_at desc`,
    );
    return {
      pending: pending.map((row) => pendingView(toPending(row))),
      paired: paired.map((row) => this.#view(toDevice(row))),
    };
  }

  /** Whether a device is paired in a role, and its token for it was not revoked. */
  isPaired(deviceId: string, role: string): boolean {
    return this.#token(deviceId, role)?.revokedAt === null;
  }

  /** What a device may do as an operator; undefined when it is not paired, or its token was revoked. */
  operatorScopes(deviceId: string): readonly string[] | undefined {
    const token = this.#token(deviceId, "operator");
    return token?.revokedAt === null ? token.scopes : undefined;
  }

  /**
   * Approves exactly what was requested. Throws `INVALID_REQUEST` "unknown requestId", or "missing scope: …" when the
   * request asks for more than its approver holds.
   */
  approve(
    requestId: string,
    caller: Pick<Caller, "scopes">,
  ): { requestId: string; device: Static<typeof PairedDevice> } {
    const pending = this.#pending(requestId);
    requireCovered(caller, pending.scopes);
    const device = this.#base.store.transaction(() => {
      this.#base.store.run("delete from pairing_requests where request_id = ?", requestId);
      return this.#pair({
        ...pending,
        displayName: pending.displayName ?? undefined,
        remoteIp: pending.remoteIp ?? undefined,
      } as DeviceRequest);
    });
    this.#resolved(requestId, device.deviceId, "approved");
    return { requestId, device: this.#view(device) };
  }

  /** Throws `INVALID_REQUEST` "unknown requestId". */
  reject(requestId: string): { requestId: string; deviceId: string } {
    const { deviceId } = this.#pending(requestId);
    this.#base.store.run("delete from pairing_requests where request_id = ?", requestId);
    this.#resolved(requestId, deviceId, "rejected");
    return { requestId, deviceId };
  }

  /**
   * Gives a role of a device a new token. The old token, and connections that were let in by it, end at once. The
   * scopes may be narrowed but not widened. Throws `INVALID_REQUEST` "unknown deviceId/role" or "missing scope: …".
   */
  rotate(deviceId: string, role: string, scopes: readonly string[] | undefined, caller: Pick<Caller, "scopes">) {
    const device = this.#device(deviceId);
    if (!device?.roles.includes(role)) throw invalidRequest("unknown deviceId/role");
    const held = this.#token(deviceId, role)?.scopes ?? device.scopes;
    const wanted = [...new Set(scopes ?? held)].sort();
    if (!covers(device.scopes, wanted)) throw invalidRequest("scopes exceed what is approved for this device");
    requireCovered(caller, [...held, ...wanted]);
    const rotatedAtMs = this.#base.clock.now();
    const { version } = this.#writeToken(deviceId, role, wanted, { isNew: true });
    this.#invalidate({ deviceId, role, byTokenOnly: true }, "client invalidated: device token rotated");
    return {
      deviceId,
      role,
      token: this.#tokens.of(deviceId, role, version),
      scopes: wanted,
      rotatedAtMs,
    };
  }

  /**
   * Revokes a role's token and closes the device's connections in that role, also those that were let in by the shared
   * token: whoever revokes it wants the device out. Throws `INVALID_REQUEST` "unknown
   * deviceId/role".
   */
  revoke(
    deviceId: string,
    role: string,
    caller: Pick<Caller, "scopes">,
  ): { deviceId: string; role: string; revokedAtMs: number } {
    const token = this.#token(deviceId, role);
    if (!token) throw invalidRequest("unknown deviceId/role");
    requireCovered(caller, token.scopes);
    const revokedAtMs = this.#base.clock.now();
    this.#base.store.run(
      "update device_tokens set revoked_at = ? where device_id = ? and role = ?",
      revokedAtMs,
      deviceId,
      role,
    );
    this.#invalidate({ deviceId, role }, "client invalidated: device token revoked");
    if (role === "operator") this.#tellEnd(deviceId);
    this.#base.bus.publish(deviceRemoved, { deviceId, ts: revokedAtMs });
    return { deviceId, role, revokedAtMs };
  }

  /** Removes a device; it must be paired again. Throws `INVALID_REQUEST` "unknown deviceId". */
  remove(deviceId: string, caller: Pick<Caller, "scopes">): { deviceId: string; removed: true } {
    const device = this.#device(deviceId);
    if (!device) throw invalidRequest("unknown deviceId");
    requireCovered(caller, device.scopes);
    this.#base.store.run("delete from devices where device_id = ?", deviceId);
    this.#invalidate({ deviceId }, "client invalidated: device removed");
    this.#tellEnd(deviceId);
    this.#base.bus.publish(deviceRemoved, { deviceId, ts: this.#base.clock.now() });
    return { deviceId, removed: true };
  }

  [Symbol.dispose](): void {
    this.#flusher?.[Symbol.dispose]();
    this.#flush();
  }

  /** Closes connections after the answer to the revoking call, which may use one of them. */
  #invalidate(which: DeviceConnections, reason: string): void {
    setImmediate(() => this.#base.host.closeConnections(which, reason));
  }

  #tellEnd(deviceId: string): void {
    for (const observer of this.observers) observer.ended(deviceId);
  }

  #admitted(request: DeviceRequest, device: Device): Admission {
    this.#updateFacts(request, device);
    const known = this.#token(request.deviceId, request.role);
    const isUsable = known && known.revokedAt === null && covers(known.scopes, request.scopes);
    const scopes = request.role === "node" ? [] : device.scopes;
    const token = isUsable
      ? known
      : this.#writeToken(request.deviceId, request.role, scopes, { isNew: known?.revokedAt !== null });
    return {
      kind: "admitted",
      token: this.#tokens.of(request.deviceId, request.role, token.version),
      scopes: token.scopes,
      issuedAtMs: token.rotatedAt ?? token.createdAt,
    };
  }

  #approveSilently(request: DeviceRequest, pending: Pending | undefined): Device {
    const { store, log } = this.#base;
    const device = store.transaction(() => {
      if (pending) store.run("delete from pairing_requests where request_id = ?", pending.requestId);
      return this.#pair(request);
    });
    log.info("a local or invited device was paired", {
      device: request.deviceId.slice(0, 12),
      client: request.clientId,
      role: request.role,
    });
    this.#resolved(pending?.requestId ?? newId(), request.deviceId, "approved");
    return device;
  }

  #file(request: DeviceRequest, isRepair: boolean): Pending {
    const { store, clock, bus, log } = this.#base;
    this.#dropExpired({ keep: MAX_REQUESTS - 1 });
    const pending: Pending = {
      requestId: newId(),
      deviceId: request.deviceId,
      publicKey: request.publicKey,
      displayName: request.displayName ?? null,
      platform: request.platform,
      clientId: request.clientId,
      clientMode: request.clientMode,
      remoteIp: request.remoteIp ?? null,
      role: request.role,
      scopes: request.scopes,
      isRepair,
      requestedAt: clock.now(),
    };
    const {
      requestId,
      deviceId,
      publicKey,
      displayName,
      platform,
      clientId,
      clientMode,
      remoteIp,
      role,
      scopes,
      requestedAt,
    } = pending;
    const values = [
      requestId,
      deviceId,
      publicKey,
      displayName,
      platform,
      clientId,
      clientMode,
      remoteIp,
      role,
      JSON.stringify(scopes),
      Number(isRepair),
      requestedAt,
    ];
    store.run(`insert into pairing_requests values (${values.map(() => "?").join(", ")})`, ...values);
    log.info("a device asks to be paired", { requestId, client: clientId, role, remoteIp });
    bus.publish(pairRequested, pendingView(pending));
    return pending;
  }

  /** Adds a role and scopes to a device, or creates it; a changed key replaces the device. Gives the role a token. */
  #pair(request: DeviceRequest): Device {
    const { store, clock } = this.#base;
    const known = this.#device(request.deviceId);
    const device = known?.publicKey === request.publicKey ? known : undefined;
    const roles = union(device?.roles, [request.role]);
    const scopes = union(device?.scopes, request.scopes);
    const now = clock.now();
    const { deviceId, publicKey, platform, clientId, clientMode } = request;
    const values = [
      deviceId,
      publicKey,
      request.displayName ?? null,
      platform,
      clientId,
      clientMode,
      request.remoteIp ?? null,
    ];
    store.run(
      `insert into devices values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (device_id) do update set
        public_key = excluded.public_key, display_name = excluded.display_name, platform = excluded.platform,
        client_id = excluded.client_id, client_mode = excluded.client_mode, remote_ip = excluded.remote_ip,
        roles = excluded.roles, scopes = excluded.scopes, approved_at = excluded.approved_at`,
      ...values,
      JSON.stringify(roles),
      JSON.stringify(scopes),
      device?.createdAt ?? now,
      now,
    );
    this.#writeToken(deviceId, request.role, request.role === "node" ? [] : scopes, { isNew: false });
    return this.#device(deviceId)!;
  }

  /** Writes a token row; a new version invalidates the old token. */
  #writeToken(deviceId: string, role: string, scopes: readonly string[], { isNew }: { isNew: boolean }): Token {
    const { store, clock } = this.#base;
    const known = this.#token(deviceId, role);
    const version = known ? known.version + Number(isNew || known.revokedAt !== null) : firstTokenVersion();
    const now = clock.now();
    const rotatedAt = known && version !== known.version ? now : (known?.rotatedAt ?? null);
    store.run(
      "insert or replace into device_tokens values (?, ?, ?, ?, ?, ?, null, ?)",
      deviceId,
      role,
      version,
      JSON.stringify([...scopes].sort()),
      known?.createdAt ?? now,
      rotatedAt,
      known?.lastUsedAt ?? null,
    );
    return this.#token(deviceId, role)!;
  }

  /** Updates the facts that are shown of a device. Writes only changes, because most connects change nothing. */
  #updateFacts(request: DeviceRequest, device: Device): void {
    const facts = [
      request.displayName ?? device.displayName,
      request.platform,
      request.clientId,
      request.clientMode,
      request.remoteIp ?? device.remoteIp,
    ];
    const known = [device.displayName, device.platform, device.clientId, device.clientMode, device.remoteIp];
    if (facts.every((fact, index) => fact === known[index])) return;
    this.#base.store.run(
      "update devices set display_name = ?, platform = ?, client_id = ?, client_mode = ?, remote_ip = ? where device_id = ?",
      ...facts,
      request.deviceId,
    );
  }

  #resolved(requestId: string, deviceId: string, decision: "approved" | "rejected"): void {
    const { bus, clock } = this.#base;
    bus.publish(pairResolved, { requestId, deviceId, decision, ts: clock.now() });
  }

  #flush(): void {
    this.#flusher = undefined;
    if (this.#lastUsed.size === 0) return;
    const { store } = this.#base;
    store.transaction(() => {
      for (const { deviceId, role, at } of this.#lastUsed.values()) {
        store.run("update device_tokens set last_used_at = ? where device_id = ? and role = ?", at, deviceId, role);
      }
    });
    this.#lastUsed.clear();
  }

  /** Drops requests that have waited too long, and the oldest beyond `keep`. */
  #dropExpired({ keep = MAX_REQUESTS } = {}): void {
    const { store, clock } = this.#base;
    store.run("delete from pairing_requests where requested_at < ?", clock.now() - REQUEST_TTL_MS);
    store.run(
      "delete from pairing_requests where request_id in (select request_id from pairing_requests order by requested_at desc limit -1 offset ?)",
      keep,
    );
  }

  #device(deviceId: string): Device | undefined {
    const row = this.#base.store.get<Row>(
      `select ${DEVICE_COLUMNS}, roles, created_at as createdAt, approved_at as approvedAt from devices where device_id = ?`,
      deviceId,
    );
    return row && toDevice(row);
  }

  #token(deviceId: string, role: string): Token | undefined {
    const row = this.#base.store.get<Row>(`${TOKEN_QUERY} and role = ?`, deviceId, role);
    return row && toToken(row);
  }

  #pending(requestId: string): Pending {
    const row = this.#base.store.get<Row>(
      `${PENDING_QUERY} where request_id = ? and requested_at >= ?`,
      requestId,
      this.#base.clock.now() - REQUEST_TTL_MS,
    );
    if (!row) throw invalidRequest("unknown requestId");
    return toPending(row);
  }

  #pendingOf(deviceId: string): Pending | undefined {
    const row = this.#base.store.get<Row>(
      `${PENDING_QUERY} where device_id = ? and requested_at >= ?`,
      deviceId,
      this.#base.clock.now() - REQUEST_TTL_MS,
    );
    return row && toPending(row);
  }

  #view(device: Device): Static<typeof PairedDevice> {
    const tokens = this.#base.store.all<Row>(`${TOKEN_QUERY} order by role`, device.deviceId).map(toToken);
    return {
      ...shownFacts(device),
      ...(device.roles.length === 1 && { role: device.roles[0]! }),
      roles: [...device.roles],
      scopes: [...device.scopes],
      tokens: tokens.map(({ role, scopes, createdAt, rotatedAt, revokedAt, lastUsedAt }) => ({
        role,
        scopes: [...scopes],
        createdAtMs: createdAt,
        ...(rotatedAt !== null && { rotatedAtMs: rotatedAt }),
        ...(revokedAt !== null && { revokedAtMs: revokedAt }),
        ...(lastUsedAt !== null && { lastUsedAtMs: lastUsedAt }),
      })),
      createdAtMs: device.createdAt,
      approvedAtMs: device.approvedAt,
    };
  }
}

const TOKEN_QUERY =
  "select role, version, scopes, created_at as createdAt, rotated_at as rotatedAt, revoked_at as revokedAt, last_used_at as lastUsedAt from device_tokens where device_id = ?";
const PENDING_QUERY = `select request_id as requestId, role, is_repair as isRepair, requested_at as requestedAt, ${DEVICE_COLUMNS} from pairing_requests`;

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

function shownFacts(
  facts: Pick<Device, "deviceId" | "publicKey" | "displayName" | "platform" | "clientId" | "clientMode" | "remoteIp">,
) {
  const { deviceId, publicKey, displayName, platform, clientId, clientMode, remoteIp } = facts;
  return {
    deviceId,
    publicKey,
    ...(displayName && { displayName }),
    ...(platform && { platform }),
    ...(clientId && { clientId }),
    ...(clientMode && { clientMode }),
    ...(remoteIp && { remoteIp }),
  };
}

function pendingView(pending: Pending): Static<typeof PairingRequest> {
  const { requestId, role, scopes, isRepair, requestedAt } = pending;
  return {
    requestId,
    ...shownFacts(pending),
    role,
    roles: [role],
    scopes: [...scopes],
    silent: false,
    isRepair,
    ts: requestedAt,
  };
}

/** What a device lacks for a request; undefined when it has all of it. */
function missing(device: Device | undefined, { role, scopes }: DeviceRequest) {
  if (!device) return "not-paired" as const;
  if (!device.roles.includes(role)) return "role-upgrade" as const;
  return covers(device.scopes, scopes) ? undefined : ("scope-upgrade" as const);
}

function covers(held: readonly string[], wanted: readonly string[]): boolean {
  const set = new Set(held);
  return wanted.every((scope) => hasScope(set, scope));
}

function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])].sort();
}

/** Requires that the caller holds the scopes that they give or take away. */
function requireCovered({ scopes }: Pick<Caller, "scopes">, wanted: readonly string[]): void {
  const lacking = wanted.find((scope) => !hasScope(scopes, scope));
  if (lacking)
    throw new GatewayError("INVALID_REQUEST", `missing scope: ${lacking}`, {
      details: { code: "MISSING_SCOPE", missingScope: lacking },
    });
}

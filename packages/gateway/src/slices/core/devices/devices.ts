/** Which devices may connect: requests, approvals, and one token for each role of a device. */
import type { Static } from "@sinclair/typebox";
import { invalidRequest } from "../../../base/errors.ts";
import { newId, secretsEqual } from "../../../base/ids.ts";
import type { Caller } from "../../../kit/access.ts";
import type { Admission, DeviceRequest } from "../../../kit/admission.ts";
import type { Base } from "../../../kit/base.ts";
import type { DeviceConnections } from "../../../kit/host.ts";
import { ManyPort } from "../../../kit/port.ts";
import { type AdoptedDevice, adoptDevice, redeemOldToken } from "./adopt.ts";
import { type Device, DeviceRows, type Pending } from "./device-rows.ts";
import { covers, missing, requireCovered, union } from "./device-scopes.ts";
import { DeviceTokens, loadTokenKey } from "./device-token.ts";
import { deviceView, pendingView } from "./device-views.ts";
import { deviceRemoved, pairRequested, pairResolved } from "./events.ts";
import type { PairedDevice, PairingRequest } from "./schema.ts";

/** Is told when a device may no longer connect as an operator. Called in the call that ends it; must not throw. */
export interface DeviceObserver {
  ended(deviceId: string): void;
}

const FLUSH_MS = 60_000;

export class Devices implements Disposable {
  /** Who is told of devices that were removed or revoked. */
  readonly observers = new ManyPort<DeviceObserver>();
  readonly #base: Base;
  readonly #rows: DeviceRows;
  readonly #tokens: DeviceTokens;
  readonly #lastUsed = new Map<string, { deviceId: string; role: string; at: number }>();
  #flusher: Disposable | undefined;

  /** Creates the state folder's token key when there is none. */
  constructor(base: Base) {
    this.#base = base;
    this.#rows = new DeviceRows(base);
    this.#tokens = new DeviceTokens(loadTokenKey(base.stateDir));
  }

  /**
   * Admits a paired device. Pairs a new one at once when `silent`; otherwise files a request, or returns the one that
   * waits. One that was `invited` need not wait.
   */
  admit(request: DeviceRequest, { silent, invited = false }: { silent: boolean; invited?: boolean }): Admission {
    const known = this.#rows.device(request.deviceId);
    const device = known?.publicKey === request.publicKey ? known : undefined;
    const reason = missing(device, request);
    if (!reason) return this.#admitted(request, device!);
    const pending = this.#rows.requestOf(request.deviceId);
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
    const row = this.#rows.token(device.deviceId, device.role);
    if (!row || row.revokedAt !== null || this.#rows.device(device.deviceId)?.publicKey !== device.publicKey)
      return false;
    if (!covers(row.scopes, device.scopes)) return false;
    const isOurs = secretsEqual(token, this.#tokens.of(device.deviceId, device.role, row.version));
    if (!isOurs && !redeemOldToken(this.#base.store, token, device)) return false;
    this.#lastUsed.set(`${device.deviceId} ${device.role}`, {
      deviceId: device.deviceId,
      role: device.role,
      at: clock.now(),
    });
    this.#flusher ??= clock.after(FLUSH_MS, () => this.#flush());
    return true;
  }

  /** Whether the token is this device's, for this role and not revoked, whatever it covers. A token of January is not known here. */
  holdsToken(token: string, device: { deviceId: string; publicKey: string; role: string }): boolean {
    const row = this.#rows.token(device.deviceId, device.role);
    if (!row || row.revokedAt !== null) return false;
    const isTheirs = this.#rows.device(device.deviceId)?.publicKey === device.publicKey;
    return isTheirs && secretsEqual(token, this.#tokens.of(device.deviceId, device.role, row.version));
  }

  /** Adds a device that another gateway has paired; false when it is known here. */
  adopt(device: AdoptedDevice): boolean {
    return adoptDevice(this.#base.store, device);
  }

  /** Takes a device out again that `adopt` has added. */
  disown(deviceId: string): void {
    this.#rows.remove(deviceId);
  }

  /** Requests that wait and devices that are paired, newest first, without token values. */
  list(): { pending: Static<typeof PairingRequest>[]; paired: Static<typeof PairedDevice>[] } {
    return { pending: this.pending(), paired: this.paired() };
  }

  /** Requests that wait, newest first. */
  pending(): Static<typeof PairingRequest>[] {
    return this.#rows.waiting().map(pendingView);
  }

  /** Devices that are paired, newest first, without token values. */
  paired(): Static<typeof PairedDevice>[] {
    return this.#rows.devices().map((device) => this.#view(device));
  }

  /** Whether a device is paired in a role, and its token for it was not revoked. */
  isPaired(deviceId: string, role: string): boolean {
    return this.#rows.token(deviceId, role)?.revokedAt === null;
  }

  /** What a device may do as an operator; undefined when it is not paired, or its token was revoked. */
  operatorScopes(deviceId: string): readonly string[] | undefined {
    const token = this.#rows.token(deviceId, "operator");
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
    const pending = this.#rows.request(requestId);
    requireCovered(caller, pending.scopes);
    const device = this.#base.store.transaction(() => {
      this.#rows.dropRequest(requestId);
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
    const { deviceId } = this.#rows.request(requestId);
    this.#rows.dropRequest(requestId);
    this.#resolved(requestId, deviceId, "rejected");
    return { requestId, deviceId };
  }

  /**
   * Gives a role of a device a new token. The old token, and connections that were let in by it, end at once. The
   * scopes may be narrowed but not widened. Throws `INVALID_REQUEST` "unknown deviceId/role" or "missing scope: …".
   */
  rotate(deviceId: string, role: string, scopes: readonly string[] | undefined, caller: Pick<Caller, "scopes">) {
    const device = this.#rows.device(deviceId);
    if (!device?.roles.includes(role)) throw invalidRequest("unknown deviceId/role");
    const held = this.#rows.token(deviceId, role)?.scopes ?? device.scopes;
    const wanted = [...new Set(scopes ?? held)].sort();
    if (!covers(device.scopes, wanted)) throw invalidRequest("scopes exceed what is approved for this device");
    requireCovered(caller, [...held, ...wanted]);
    const rotatedAtMs = this.#base.clock.now();
    const { version } = this.#rows.writeToken(deviceId, role, wanted, { isNew: true });
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
    const token = this.#rows.token(deviceId, role);
    if (!token) throw invalidRequest("unknown deviceId/role");
    requireCovered(caller, token.scopes);
    const revokedAtMs = this.#base.clock.now();
    this.#rows.revokeToken(deviceId, role, revokedAtMs);
    this.#invalidate({ deviceId, role }, "client invalidated: device token revoked");
    if (role === "operator") this.#tellEnd(deviceId);
    this.#base.bus.publish(deviceRemoved, { deviceId, ts: revokedAtMs });
    return { deviceId, role, revokedAtMs };
  }

  /** Removes a device; it must be paired again. Throws `INVALID_REQUEST` "unknown deviceId". */
  remove(deviceId: string, caller: Pick<Caller, "scopes">): { deviceId: string; removed: true } {
    const device = this.#rows.device(deviceId);
    if (!device) throw invalidRequest("unknown deviceId");
    requireCovered(caller, device.scopes);
    this.#rows.remove(deviceId);
    this.#invalidate({ deviceId }, "client invalidated: device removed");
    this.#tellEnd(deviceId);
    this.#base.bus.publish(deviceRemoved, { deviceId, ts: this.#base.clock.now() });
    return { deviceId, removed: true };
  }

  #view(device: Device): Static<typeof PairedDevice> {
    return deviceView(device, this.#rows.tokensOf(device.deviceId));
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
    this.#rows.updateFacts(request, device);
    const known = this.#rows.token(request.deviceId, request.role);
    const isUsable = known && known.revokedAt === null && covers(known.scopes, request.scopes);
    const scopes = request.role === "node" ? [] : device.scopes;
    const token = isUsable
      ? known
      : this.#rows.writeToken(request.deviceId, request.role, scopes, { isNew: known?.revokedAt !== null });
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
      if (pending) this.#rows.dropRequest(pending.requestId);
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
    const { clock, bus, log } = this.#base;
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
    const { requestId, clientId, role, remoteIp } = pending;
    this.#rows.addRequest(pending);
    log.info("a device asks to be paired", { requestId, client: clientId, role, remoteIp });
    bus.publish(pairRequested, pendingView(pending));
    return pending;
  }

  /** Adds a role and scopes to a device, or creates it; a changed key replaces the device. Gives the role a token. */
  #pair(request: DeviceRequest): Device {
    const { clock } = this.#base;
    const known = this.#rows.device(request.deviceId);
    const device = known?.publicKey === request.publicKey ? known : undefined;
    const roles = union(device?.roles, [request.role]);
    const scopes = union(device?.scopes, request.scopes);
    const now = clock.now();
    const { deviceId } = request;
    this.#rows.save(request, { roles, scopes, createdAt: device?.createdAt ?? now, approvedAt: now });
    this.#rows.writeToken(deviceId, request.role, request.role === "node" ? [] : scopes, { isNew: false });
    return this.#rows.device(deviceId)!;
  }

  #resolved(requestId: string, deviceId: string, decision: "approved" | "rejected"): void {
    const { bus, clock } = this.#base;
    bus.publish(pairResolved, { requestId, deviceId, decision, ts: clock.now() });
  }

  #flush(): void {
    this.#flusher = undefined;
    if (this.#lastUsed.size === 0) return;
    this.#rows.noteUses(this.#lastUsed.values());
    this.#lastUsed.clear();
  }
}

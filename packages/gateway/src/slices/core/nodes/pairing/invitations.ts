/**
 * Invitations: a secret in a link lets one new device in, as a node with the commands that a browser declares, or as an
 * operator. They are kept in memory, as digests: a restart of the gateway ends them.
 */
import { GatewayError } from "../../../../base/errors.ts";
import { newSecret, sha256Hex } from "../../../../base/ids.ts";
import { type Caller, type Role, requireScope } from "../../../../kit/access.ts";
import type { InvitationProblem, InvitationRegistry } from "../../../../kit/admission.ts";
import type { Base } from "../../../../kit/base.ts";
import type { PageOrigin } from "../../../../kit/host.ts";
import { oneLine } from "../../../../kit/text/one-line.ts";
import type { Devices } from "../../devices/devices.ts";

/** How long an invitation is good, ms. */
const TTL_MS = 10 * 60_000;
/** How long it is remembered afterwards, so that its refusal can say why, ms. */
const REMEMBERED_MS = 60 * 60_000;
/** Invitations that wait at a time. */
const MAX_WAITING = 16;
/** Invitations that are remembered at a time. */
const MAX_REMEMBERED = 256;

interface InvitationServices extends Pick<Base, "clock" | "host"> {
  readonly devices: Pick<Devices, "isPaired">;
}

/** The link of an invitation, under each address of the gateway; the first reaches farthest. */
interface InvitationLink {
  readonly url: string;
  readonly addresses: { readonly url: string; readonly reach: PageOrigin["reach"]; readonly isSecure: boolean }[];
  readonly expiresAtMs: number;
}

interface Invitation {
  readonly name: string | undefined;
  readonly role: Role;
  readonly expiresAtMs: number;
  deviceId: string | undefined;
  /** Whether its device has connected. */
  hasArrived: boolean;
}

export class Invitations implements InvitationRegistry {
  readonly #services: InvitationServices;
  readonly #all = new Map<string, Invitation>();

  constructor(services: InvitationServices) {
    this.#services = services;
  }

  /**
   * Makes one; `name` takes the place of the node's own. Throws `INVALID_REQUEST` for a right that is missing, and
   * `UNAVAILABLE` when too many wait, or the page is switched off.
   */
  link(name: string | undefined, caller: Pick<Caller, "scopes">): InvitationLink {
    // It stands for the approval of the device and of its commands.
    requireScope(caller, "operator.write");
    const origins = this.#services.host.pageOrigins();
    if (origins.length === 0)
      throw new GatewayError("UNAVAILABLE", "the page of nodes is switched off; set gateway.controlUi.enabled to true");
    const named = (name && oneLine(name, 128)) || undefined;
    const { secret, expiresAtMs } = this.#make("node", named);
    const fragment = new URLSearchParams({ invite: secret, ...(named !== undefined && { name: named }) });
    const addresses = origins.map(({ origin, reach }) => ({
      ...{ url: `${origin}/node#${fragment}`, reach },
      isSecure: reach === "here" || origin.startsWith("https:"),
    }));
    return { url: addresses[0]?.url ?? "", addresses, expiresAtMs };
  }

  /** Makes one for an operator's device, and says where the gateway is. Throws `UNAVAILABLE` when too many wait. */
  operatorCode(): { code: string; expiresAtMs: number; addresses: PageOrigin[] } {
    const { secret, expiresAtMs } = this.#make("operator", undefined);
    return { code: secret, expiresAtMs, addresses: [...this.#services.host.pageOrigins()] };
  }

  /**
   * Spends one. Its device may show it again while it is good, because the answer to the first time can get lost; not once
   * the device was revoked.
   */
  redeem(secret: string, { deviceId, role }: { deviceId: string; role: Role }): InvitationProblem | undefined {
    const invitation = this.#all.get(sha256Hex(secret));
    if (!invitation || invitation.role !== role) return "unknown";
    const isAgain = invitation.deviceId === deviceId && this.#services.devices.isPaired(deviceId, role);
    if (invitation.deviceId !== undefined && !isAgain) return "used";
    if (invitation.expiresAtMs <= this.#services.clock.now()) return "expired";
    invitation.deviceId = deviceId;
    return undefined;
  }

  /** The invitation by which a device has just come, the first time that its connection is opened. */
  arrival(deviceId: string): { readonly name: string | undefined } | undefined {
    const invitation = [...this.#all.values()].find(
      (each) => each.role === "node" && each.deviceId === deviceId && !each.hasArrived,
    );
    if (invitation) invitation.hasArrived = true;
    return invitation;
  }

  #make(role: Role, name: string | undefined): { secret: string; expiresAtMs: number } {
    const now = this.#services.clock.now();
    for (const [key, { expiresAtMs }] of this.#all) if (expiresAtMs + REMEMBERED_MS < now) this.#all.delete(key);
    const waiting = [...this.#all.values()].filter((each) => each.deviceId === undefined && each.expiresAtMs > now);
    if (waiting.length >= MAX_WAITING) throw tooMany(waiting[0]!.expiresAtMs - now);
    if (this.#all.size >= MAX_REMEMBERED) this.#all.delete(this.#all.keys().next().value!);
    const secret = newSecret();
    const expiresAtMs = now + TTL_MS;
    this.#all.set(sha256Hex(secret), { name, role, expiresAtMs, deviceId: undefined, hasArrived: false });
    return { secret, expiresAtMs };
  }
}

function tooMany(retryAfterMs: number): GatewayError {
  return new GatewayError("UNAVAILABLE", `${MAX_WAITING} invitations wait already; use one, or try again later`, {
    retryable: true,
    retryAfterMs,
  });
}

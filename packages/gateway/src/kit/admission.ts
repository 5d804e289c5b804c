/** Which devices may connect: what the handshake asks of the slice that keeps them. */
import type { Role } from "./access.ts";

/** A device that asks to be let in, its key proven. */
export interface DeviceRequest {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly displayName: string | undefined;
  readonly platform: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly remoteIp: string | undefined;
}

/** Why a device must be approved first. */
export type PairingReason = "not-paired" | "role-upgrade" | "scope-upgrade";

/** Facts of a pairing refusal, as protocol 4 spells them out. */
export interface PairingFacts {
  readonly reason: PairingReason;
  readonly requestId: string;
  readonly deviceId: string;
  readonly requestedRole: Role;
  readonly requestedScopes: readonly string[];
  readonly approvedRoles: readonly string[];
  readonly approvedScopes: readonly string[];
}

export type Admission =
  | {
      readonly kind: "admitted";
      readonly token: string;
      readonly scopes: readonly string[];
      readonly issuedAtMs: number;
    }
  | ({ readonly kind: "pairing-required" } & PairingFacts);

/** The devices that may connect, as the handshake uses them. */
export interface DeviceRegistry {
  /** Whether the token is this device's, for this role, not revoked, and covers the scopes. */
  verifyToken(
    token: string,
    device: { deviceId: string; publicKey: string; role: Role; scopes: readonly string[] },
  ): boolean;
  /** Whether the token is this device's, for this role and not revoked, whatever it covers. */
  holdsToken(token: string, device: { deviceId: string; publicKey: string; role: Role }): boolean;
  /**
   * Lets a paired device in, pairs a new one at once when `silent`, or files a request for approval. An `invited` device is
   * paired at once even when its request waits.
   */
  admit(request: DeviceRequest, options: { silent: boolean; invited?: boolean }): Admission;
}

/** Why an invitation lets nobody in: nobody made it, its time is over, or another device has used it. */
export type InvitationProblem = "unknown" | "expired" | "used";

/** The invitations for new devices, as the handshake uses them. */
export interface InvitationRegistry {
  /** Spends an invitation on a device, its key proven; undefined when it is good for that device. */
  redeem(secret: string, device: { readonly deviceId: string; readonly role: Role }): InvitationProblem | undefined;
}

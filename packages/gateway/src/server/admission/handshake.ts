/**
 * From the first frame to hello-ok: the only code that an unknown client reaches. It follows the protocol's decision
 * sequence from top to bottom; each refusal is a `GatewayError` with the protocol's text.
 */

import type { Static } from "@sinclair/typebox";
import { GatewayError, invalidRequest } from "../../base/errors.ts";
import type { Clock } from "../../base/time/clock.ts";
import { type Caller, type Role, SCOPES } from "../../kit/access.ts";
import type { DeviceRegistry, InvitationProblem, InvitationRegistry } from "../../kit/admission.ts";
import type { ConnectParams4 } from "../../kit/schema/frames.ts";
import { validationText } from "../../kit/schema/validate.ts";
import type { Connection, Credential, Session } from "../connection.ts";
import { type Dialect, dialectFor, type HelloAuth, protocolMismatch, STRICTEST } from "../dialect.ts";
import type { GatewaySettings } from "../settings.ts";
import { type AuthFailure, checkSharedSecret, type GatewayAuth, unauthorizedText } from "./authenticate.ts";
import { plainNames, plainPermissions, shownClient } from "./client-words.ts";
import { type PresentedDevice, verifyDevice } from "./device-proof.ts";
import type { FailureLimiter } from "./limiter.ts";
import { isLoopbackHost } from "./locality.ts";

type ConnectParams = Static<typeof ConnectParams4>;

export interface HandshakePorts {
  readonly clock: Clock;
  readonly limiter: FailureLimiter;
  readonly devices: DeviceRegistry;
  readonly invitations: InvitationRegistry;
  readonly settings: () => GatewaySettings;
  readonly auth: () => GatewayAuth;
  /** Whether a device's key is in this gateway's own state folder, which only its owner can read. */
  readonly isHostDevice: (deviceId: string) => boolean;
}

/** A connect that was granted: the session, and what hello-ok says of it. */
export interface Granted {
  readonly session: Session;
  readonly params: ConnectParams;
  readonly auth: HelloAuth | undefined;
}

/** A refusal of the handshake that closes with another code than 1008. */
export class HandshakeError extends GatewayError {
  readonly closeCode: number;

  constructor(error: GatewayError, closeCode: number) {
    super(error.code, error.message, error.details ? { details: error.details } : {});
    this.closeCode = closeCode;
  }
}

/** A `connect` request that can be read, and all that its decision rests on. */
interface Attempt {
  readonly params: ConnectParams;
  readonly role: Role;
  /** The known scopes that it asks for. */
  readonly scopes: readonly string[];
  readonly dialect: Dialect;
  readonly connection: Connection;
  readonly ports: HandshakePorts;
}

/** Decides on a `connect` request. Throws `GatewayError` for every refusal; grants at most what the credential allows. */
export function decideConnect(rawParams: unknown, connection: Connection, ports: HandshakePorts): Granted {
  const { dialect, params } = readParams(rawParams);
  const role = readRole(params.role);
  refuseOrigin(connection, ports.auth());
  const scopes = requestedScopes(params.scopes, role, dialect);
  const attempt: Attempt = { params, role, scopes, dialect, connection, ports };
  const device = proveDevice(attempt);
  const method = authenticate(attempt, device);
  return device ? grantDevice(attempt, device, method) : grantDeviceless(attempt, method);
}

function grantDevice(attempt: Attempt, device: ProvenDevice, method: AuthMethod): Granted {
  const { params, role, scopes, dialect, connection, ports } = attempt;
  const isInvited = method === "invitation";
  const isShared = method !== "device-token" && !isInvited;
  const admission = ports.devices.admit(
    {
      ...device,
      role,
      scopes,
      displayName: shownClient(params.client).displayName,
      platform: shownClient(params.client).platform,
      clientId: params.client.id,
      clientMode: params.client.mode,
      remoteIp: connection.remoteIp,
    },
    { silent: isInvited || (connection.isLocal && isShared && !mustAsk(ports, device)), invited: isInvited },
  );
  if (admission.kind === "pairing-required") {
    const { kind: _, ...facts } = admission;
    throw dialect.pairingRequired(facts);
  }
  const credential: Credential = isShared ? { kind: "shared" } : { kind: "device", deviceId: device.deviceId, role };
  const session = makeSession(attempt, { scopes, deviceId: device.deviceId, credential });
  const { token, issuedAtMs } = admission;
  const auth = dialect.helloAuth({
    deviceToken: token,
    role,
    scopes: dialect.protocol === 4 ? scopes : admission.scopes,
    issuedAtMs,
    method,
  });
  return { session, params, auth };
}

/** Whether a local device waits for approval: any but the one of this gateway's own folder, which can approve others. */
function mustAsk({ settings, isHostDevice }: HandshakePorts, { deviceId }: ProvenDevice): boolean {
  return settings().localPairing === "ask" && !isHostDevice(deviceId);
}

function readParams(raw: unknown): { dialect: Dialect; params: ConnectParams } {
  const dialect = dialectFor(raw);
  const problem = validationText((dialect ?? STRICTEST).connectParams, raw ?? {});
  const { minProtocol, maxProtocol } = (raw ?? {}) as ConnectParams;
  // Params of a later protocol may carry fields that we do not know. Refuse them for their version range instead.
  const isLater = Number.isInteger(minProtocol) && Number.isInteger(maxProtocol) && minProtocol > 4;
  if (problem && !isLater) throw invalidRequest(`invalid connect params: ${problem}`);
  if (!dialect) throw new HandshakeError(protocolMismatch(minProtocol, maxProtocol), 1002);
  return { dialect, params: raw as ConnectParams };
}

function readRole(role: string | undefined): Role {
  if (role === undefined || role === "operator") return "operator";
  if (role === "node") return "node";
  throw invalidRequest("invalid role");
}

function refuseOrigin({ origin }: Connection, auth: GatewayAuth): void {
  const isOpenToPages = origin.kind === "loopback" && auth.mode === "none";
  if (origin.kind !== "refused" && !isOpenToPages) return;
  const reason = origin.kind === "refused" ? origin.reason : "without gateway auth only our own page may connect";
  throw invalidRequest(`origin not allowed (${reason})`, { code: "CONTROL_UI_ORIGIN_NOT_ALLOWED", reason });
}

/** Known scopes, each once; asking for none gives the dialect's default. */
function requestedScopes(sent: readonly string[] | undefined, role: Role, dialect: Dialect): string[] {
  if (role === "node") return [];
  if (!sent || sent.length === 0) return [...dialect.defaultOperatorScopes];
  return [...new Set(sent)].filter((scope) => (SCOPES as readonly string[]).includes(scope));
}

interface ProvenDevice {
  readonly deviceId: string;
  readonly publicKey: string;
}

function isControlUi(id: string): boolean {
  return id.endsWith("-control-ui");
}

function proveDevice({ params, role, dialect, connection, ports }: Attempt): ProvenDevice | undefined {
  const { controlUi } = ports.settings();
  const isUi = isControlUi(params.client.id);
  const ignoresDevice = isUi && controlUi.dangerouslyDisableDeviceAuth;
  const bypass = isUi && (ignoresDevice || controlUi.allowInsecureAuth);
  const { auth = {} } = params;
  if (params.device && !ignoresDevice) {
    const { publicKey } = verifyDevice(params.device as PresentedDevice, signedFacts(params, role), {
      now: ports.clock.now(),
      nonce: connection.nonce,
      maxSkewMs: dialect.maxSkewMs,
      allowNoNonce: dialect.allowsNoNonce && connection.isLocal,
      prefer: dialect.signature,
    });
    return { deviceId: params.device.id, publicKey };
  }
  if (isUi && !bypass) {
    throw invalidRequest("control ui requires HTTPS or localhost (secure context)", {
      code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
    });
  }
  const hasSecret =
    Boolean(auth.token) ||
    ((bypass || dialect.secretInEitherField) && Boolean(auth.password)) ||
    ports.auth().mode === "none";
  // Who is asked about devices must not be passed by with none.
  const mayComeWithout = connection.isLocal && ports.settings().localPairing !== "ask";
  if (hasSecret && mayComeWithout && role === "operator") return undefined;
  throw new GatewayError("NOT_PAIRED", "device identity required", { details: { code: "DEVICE_IDENTITY_REQUIRED" } });
}

function signedFacts({ client, auth, scopes }: ConnectParams, role: Role) {
  return {
    clientId: client.id,
    clientMode: client.mode,
    role,
    scopes: scopes ?? [],
    token: auth?.token ?? auth?.deviceToken ?? auth?.bootstrapToken ?? "",
    platform: client.platform,
    deviceFamily: client.deviceFamily ?? "",
  };
}

type AuthMethod = GatewayAuth["mode"] | "device-token" | "invitation" | "tailscale";

function authenticate(attempt: Attempt, device: ProvenDevice | undefined): AuthMethod {
  const { params, role, scopes, dialect, connection, ports } = attempt;
  const { auth, limiter, devices } = ports;
  const source = limitedSource(connection);
  const lockedMs = source ? limiter.lockedForMs(source) : 0;
  if (lockedMs > 0) throw rateLimited(lockedMs);
  const presented = params.auth ?? {};
  if (device && isInvitation(presented)) {
    const problem = ports.invitations.redeem(presented.bootstrapToken!, { ...device, role });
    if (problem === undefined && source) limiter.succeed(source);
    if (problem === "unknown" && source) limiter.fail(source);
    if (problem === undefined) return "invitation";
    throw notInvited(problem, role);
  }
  // A client that shows a secret is judged by that secret, also where Tailscale vouches for the user.
  if (connection.user && device && Object.values(presented).every((each) => !each)) return "tailscale";
  const failure = checkSharedSecret(auth(), presented, dialect.secretInEitherField);
  const token = presented.deviceToken ?? presented.token;
  const method: AuthMethod | undefined = !failure
    ? auth().mode
    : device && token && devices.verifyToken(token, { ...device, role, scopes })
      ? "device-token"
      : undefined;
  if (method) {
    if (source) limiter.succeed(source);
    return method;
  }
  const isTooLittle = device !== undefined && token !== undefined && devices.holdsToken(token, { ...device, role });
  if (source && !isTooLittle && !failure?.endsWith("_missing")) limiter.fail(source);
  const refusal = { failure: failure!, isTooLittle, hasDevice: device !== undefined };
  throw unauthorized(refusal, params);
}

/**
 * The source whose failures are counted; undefined for a direct local program, which is never locked out. Pages are
 * counted apart from programs at the same address, and each origin by itself, so that a hostile page locks out no
 * other. A remote caller can claim any origin, so there only our own origins are told apart, and all others are one
 * source.
 */
function limitedSource({ origin, isLocal, network, peer }: Connection): string | undefined {
  if (origin.kind === "none") return isLocal ? undefined : network;
  const page = new URL(peer.headers.origin!);
  const isToldApart = isLocal || (origin.kind === "own" && !isLoopbackHost(page.host));
  return `browser ${network} ${isToldApart ? page.origin : "elsewhere"}`;
}

/** An invitation decides alone. A client that shows another secret beside it is judged by that secret. */
function isInvitation({ bootstrapToken, ...others }: NonNullable<ConnectParams["auth"]>): boolean {
  return bootstrapToken !== undefined && Object.keys(others).length === 0;
}

const INVITATION_WORDS: Readonly<Record<InvitationProblem, string>> = {
  unknown: "this invitation is not valid",
  expired: "this invitation has expired",
  used: "this invitation has been used",
};

function notInvited(problem: InvitationProblem, role: Role): GatewayError {
  const command = role === "node" ? "moltbot nodes invite" : "moltbot gateway link";
  return invalidRequest(`${INVITATION_WORDS[problem]}; make a new one on the gateway: ${command}`, {
    code: "AUTH_BOOTSTRAP_TOKEN_INVALID",
    authReason: `invitation_${problem}`,
  });
}

function rateLimited(retryAfterMs: number): GatewayError {
  return new GatewayError("INVALID_REQUEST", "unauthorized: too many failed authentication attempts (retry later)", {
    retryable: true,
    retryAfterMs,
    details: { code: "AUTH_RATE_LIMITED" },
  });
}

interface Unauthorized {
  readonly failure: AuthFailure;
  /** The device's token is right, and the scopes are more than it covers: a client must not throw it away. */
  readonly isTooLittle: boolean;
  readonly hasDevice: boolean;
}

function unauthorized({ failure, isTooLittle, hasDevice }: Unauthorized, params: ConnectParams): GatewayError {
  const ofToken = params.auth?.deviceToken ? "AUTH_DEVICE_TOKEN_MISMATCH" : `AUTH_${failure.toUpperCase()}`;
  return invalidRequest(unauthorizedText(failure, params.client), {
    code: isTooLittle ? "AUTH_SCOPE_MISMATCH" : ofToken,
    authReason: failure,
    canRetryWithDeviceToken: hasDevice && failure === "token_mismatch" && params.auth?.deviceToken === undefined,
    recommendedNextStep: failure.endsWith("missing") ? "update_auth_configuration" : "update_auth_credentials",
  });
}

function grantDeviceless(attempt: Attempt, method: AuthMethod): Granted {
  const { params, role, scopes, dialect } = attempt;
  const { mode, id } = params.client;
  const isHelper = mode === "cli" || (id === "gateway-client" && mode === "backend");
  const granted = dialect.devicelessKeepsScopes || isHelper ? scopes : [];
  const session = makeSession(attempt, { scopes: granted, deviceId: undefined, credential: { kind: "shared" } });
  return { session, params, auth: dialect.helloAuth({ role, scopes: granted, method }) };
}

/** What an attempt is granted. */
interface Grant {
  readonly scopes: readonly string[];
  readonly deviceId: string | undefined;
  readonly credential: Credential;
}

function makeSession({ params, role, dialect, connection }: Attempt, { scopes, deviceId, credential }: Grant): Session {
  const caller: Caller = {
    connId: connection.id,
    protocol: dialect.protocol,
    role,
    scopes: new Set(scopes),
    principal: deviceId ? `device:${deviceId}` : "shared",
    deviceId,
    client: shownClient(params.client),
    caps: plainNames(params.caps),
    ...(role === "node" && {
      declared: {
        ...{ commands: plainNames(params.commands), permissions: plainPermissions(params.permissions) },
        pathEnv: params.pathEnv,
      },
    }),
    isLocal: connection.isLocal,
  };
  return { caller, dialect, credential };
}

/** The frames of the handshake and of everything after it, as schemas (protocol: handshake, frames). */
import { Type } from "@sinclair/typebox";
import { Closed, MAX_NUMBER, Millis, NonEmpty, Nullable, OneOf } from "./schema.ts";

/** Who connects: the protocol's fixed names, of every generation of clients. */
export const CLIENT_IDS = [
  "webchat-ui",
  "webchat",
  "cli",
  "gateway-client",
  "node-host",
  "test",
  "fingerprint",
  ...["control-ui", "macos", "ios", "android", "probe"].flatMap((name) => [
    `moltbot-${name}`,
    `clawdbot-${name}`,
    `openclaw-${name}`,
  ]),
  "openclaw-browser-copilot",
  "openclaw-tui",
  "openclaw-linux",
  "openclaw-watchos",
  "openclaw-worker",
  "moltbot-web-node",
] as const;

export const CLIENT_MODES_3 = ["webchat", "cli", "ui", "backend", "node", "probe", "test"] as const;
export const CLIENT_MODES_4 = [...CLIENT_MODES_3, "worker"] as const;

const Names = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 500 });
const Word = Type.String({ minLength: 1, maxLength: 200 });

/** A schema with its line in the manual. */
function described<Schema extends object>(schema: Schema, description: string): Schema {
  return { ...schema, description };
}

const client = {
  id: described(OneOf(...CLIENT_IDS), "The product, by one of the protocol's names."),
  displayName: Type.Optional(described(Word, "Shown in presence and in requests for approval.")),
  version: Word,
  platform: described(Word, "For example `macos 15.2`, `ios 18.1`, `linux`."),
  deviceFamily: Type.Optional(described(Word, "For example `iPhone`.")),
  modelIdentifier: Type.Optional(described(Word, "For example `iPhone17,2`.")),
  instanceId: Type.Optional(described(Word, "Names this installation; it does not change between starts.")),
};

const device = {
  id: described(NonEmpty, "SHA-256 of the raw public key, lower-case hexadecimal."),
  publicKey: described(NonEmpty, "The raw key in base64url."),
  signature: described(NonEmpty, "See “Proving a device”."),
  signedAt: described(Millis, "When the signature was made."),
};

const Nonce = described(NonEmpty, "The nonce of this connection's challenge.");

const connect = {
  minProtocol: Type.Integer({
    minimum: 1,
    maximum: MAX_NUMBER,
    description: "The oldest protocol that the client speaks.",
  }),
  maxProtocol: Type.Integer({ minimum: 1, maximum: MAX_NUMBER, description: "The newest." }),
  caps: Type.Optional(described(Names, "A node's abilities, for example `camera`.")),
  commands: Type.Optional(described(Names, "A node's commands, for example `camera.snap`.")),
  permissions: Type.Optional(
    Type.Record(Type.String(), Type.Boolean(), { description: "What a node's owner has allowed it." }),
  ),
  pathEnv: Type.Optional(Type.String({ description: "A node's search path for programs." })),
  role: Type.Optional(described(NonEmpty, "`operator` or `node`; `operator` when left out.")),
  scopes: Type.Optional(described(Names, "What an operator asks to be allowed.")),
  locale: Type.Optional(Type.String()),
  userAgent: Type.Optional(Type.String()),
};

const Secret = Type.String({ maxLength: 4096 });

const secrets = {
  token: Type.Optional(described(Secret, "The gateway's token, or the token that this device was given.")),
  password: Type.Optional(described(Secret, "The gateway's password, where it uses one.")),
};

/** Params of `connect` as protocol 3 clients send them. */
export const ConnectParams3 = Closed({
  ...connect,
  client: Closed({ ...client, mode: OneOf(...CLIENT_MODES_3) }),
  device: Type.Optional(Closed({ ...device, nonce: Type.Optional(Nonce) })),
  auth: Type.Optional(Closed(secrets)),
});

/** Params of `connect` as protocol 4 clients send them: a nonce is required, and more may be said. */
export const ConnectParams4 = Closed({
  ...connect,
  client: Closed({
    ...client,
    mode: OneOf(...CLIENT_MODES_4),
    buildId: Type.Optional(Type.String({ minLength: 1, maxLength: 96 })),
    timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  }),
  device: Type.Optional(Closed({ ...device, nonce: Nonce })),
  auth: Type.Optional(
    Closed({
      ...secrets,
      bootstrapToken: Type.Optional(Secret),
      deviceToken: Type.Optional(Secret),
      approvalRuntimeToken: Type.Optional(Secret),
      agentRuntimeIdentityToken: Type.Optional(Secret),
    }),
  ),
  computerUse: Type.Optional(Type.Unknown()),
  workerRuns: Type.Optional(Type.Unknown()),
  modelCatalog: Type.Optional(Type.Unknown()),
});

const request = { type: Type.Literal("req"), id: NonEmpty, method: NonEmpty, params: Type.Optional(Type.Unknown()) };

/** A request of a protocol 3 client. */
export const RequestFrame3 = Closed(request);

/** A request of a protocol 4 client, which may carry tracing. */
export const RequestFrame4 = Closed({
  ...request,
  traceparent: Type.Optional(Type.String({ maxLength: 128 })),
  expectedProfileId: Type.Optional(Type.String()),
});

export const ErrorShape = Closed({
  code: NonEmpty,
  message: NonEmpty,
  details: Type.Optional(Type.Unknown()),
  retryable: Type.Optional(Type.Boolean({ description: "Whether the same request may succeed later." })),
  retryAfterMs: Type.Optional(Type.Integer({ minimum: 0, description: "How long to wait first." })),
});

export const ResponseFrame = Closed({
  type: Type.Literal("res"),
  id: NonEmpty,
  ok: Type.Boolean(),
  payload: Type.Optional(Type.Unknown()),
  error: Type.Optional(ErrorShape),
});

export const StateVersion = Closed({ presence: Type.Integer({ minimum: 0 }), health: Type.Integer({ minimum: 0 }) });

export const EventFrame = Closed({
  type: Type.Literal("event"),
  event: described(NonEmpty, "The event's name."),
  payload: Type.Optional(Type.Unknown()),
  seq: Type.Optional(Type.Integer({ minimum: 0, description: "Counts the events of this connection." })),
  stateVersion: Type.Optional(StateVersion),
});

/** One row of who is connected (protocol: presence). */
export const PresenceEntry = Closed({
  host: Type.Optional(described(NonEmpty, "The client's display name, or its id.")),
  ip: Type.Optional(NonEmpty),
  version: Type.Optional(NonEmpty),
  platform: Type.Optional(NonEmpty),
  deviceFamily: Type.Optional(NonEmpty),
  modelIdentifier: Type.Optional(NonEmpty),
  mode: Type.Optional(NonEmpty),
  lastInputSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  reason: Type.Optional(described(NonEmpty, "Why the row was written last, for example `connect` or `disconnect`.")),
  tags: Type.Optional(Type.Array(NonEmpty)),
  text: Type.Optional(Type.String({ description: "The row as one line for people." })),
  ts: described(Millis, "When the row was written last."),
  deviceId: Type.Optional(NonEmpty),
  roles: Type.Optional(Type.Array(NonEmpty)),
  scopes: Type.Optional(Type.Array(NonEmpty)),
  instanceId: Type.Optional(NonEmpty),
});

/** What a client knows at once: refreshed by calls and events afterwards. */
export const Snapshot = Closed({
  presence: Type.Array(PresenceEntry),
  health: Type.Unknown({ description: "What `health` answers, or `{}` before the first time." }),
  stateVersion: StateVersion,
  uptimeMs: described(Millis, "How long the gateway has been running."),
  configPath: Type.Optional(described(NonEmpty, "For holders of `operator.admin`.")),
  stateDir: Type.Optional(described(NonEmpty, "For holders of `operator.admin`.")),
  sessionDefaults: Type.Optional(
    Closed({ defaultAgentId: NonEmpty, mainKey: NonEmpty, mainSessionKey: NonEmpty, scope: Type.Optional(NonEmpty) }),
  ),
});

/** The answer to a successful `connect`. */
export const HelloOk = Closed({
  type: Type.Literal("hello-ok"),
  protocol: Type.Integer({ minimum: 1, description: "The protocol of this connection, 3 or 4." }),
  server: Closed({
    version: NonEmpty,
    commit: Type.Optional(NonEmpty),
    host: Type.Optional(NonEmpty),
    connId: described(NonEmpty, "This connection's id, as the gateway's log calls it."),
  }),
  features: Closed({
    methods: Type.Array(NonEmpty),
    events: Type.Array(NonEmpty),
    capabilities: Type.Optional(Type.Array(NonEmpty)),
  }),
  snapshot: Snapshot,
  canvasHostUrl: Type.Optional(
    described(NonEmpty, "Where the canvas is served for this connection; protocol 3. Append the paths to it."),
  ),
  pluginSurfaceUrls: Type.Optional(
    Closed({ canvas: Type.Optional(NonEmpty) }, { description: "As canvasHostUrl, in protocol 4." }),
  ),
  auth: Type.Optional(
    Closed({
      deviceToken: Type.Optional(described(NonEmpty, "This device's own token; keep it for the next time.")),
      role: NonEmpty,
      scopes: Type.Array(NonEmpty, { description: "What was granted." }),
      issuedAtMs: Type.Optional(Millis),
      method: Type.Optional(described(NonEmpty, "What let the client in. Protocol 4 only.")),
    }),
  ),
  policy: Closed({
    maxPayload: Type.Integer({ minimum: 1, description: "The largest message you may send, bytes." }),
    maxBufferedBytes: Type.Integer({ minimum: 1, description: "How much may wait for you to read it, bytes." }),
    tickIntervalMs: Type.Integer({ minimum: 1, description: "How often `tick` comes." }),
  }),
});

/** What the server says first (protocol: connect.challenge). */
export const ConnectChallenge = Closed({ nonce: NonEmpty, ts: Millis });

export const Tick = Closed({ ts: Millis });

/** The gateway is about to close every connection with 1012. */
export const Shutdown = Closed({
  reason: NonEmpty,
  restartExpectedMs: Type.Optional(Nullable(Type.Integer({ minimum: 0 }))),
});

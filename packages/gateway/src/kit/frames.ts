/** The frames of the handshake and of everything after it, as schemas (protocol: handshake, frames). */
import { Type } from "@sinclair/typebox";
import { Closed, Millis, NonEmpty, Nullable, OneOf } from "./schema.ts";

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
] as const;

export const CLIENT_MODES_3 = ["webchat", "cli", "ui", "backend", "node", "probe", "test"] as const;
export const CLIENT_MODES_4 = [...CLIENT_MODES_3, "worker"] as const;

const Names = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 500 });
const Word = Type.String({ minLength: 1, maxLength: 200 });

const client = {
  id: OneOf(...CLIENT_IDS),
  displayName: Type.Optional(Word),
  version: Word,
  platform: Word,
  deviceFamily: Type.Optional(Word),
  modelIdentifier: Type.Optional(Word),
  instanceId: Type.Optional(Word),
};

const device = {
  id: NonEmpty,
  publicKey: NonEmpty,
  signature: NonEmpty,
  signedAt: Millis,
};

const connect = {
  minProtocol: Type.Integer({ minimum: 1 }),
  maxProtocol: Type.Integer({ minimum: 1 }),
  caps: Type.Optional(Names),
  commands: Type.Optional(Names),
  permissions: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  pathEnv: Type.Optional(Type.String()),
  role: Type.Optional(NonEmpty),
  scopes: Type.Optional(Names),
  locale: Type.Optional(Type.String()),
  userAgent: Type.Optional(Type.String()),
};

const Secret = Type.String({ maxLength: 4096 });

/** Params of `connect` as protocol 3 clients send them. */
export const ConnectParams3 = Closed({
  ...connect,
  client: Closed({ ...client, mode: OneOf(...CLIENT_MODES_3) }),
  device: Type.Optional(Closed({ ...device, nonce: Type.Optional(NonEmpty) })),
  auth: Type.Optional(Closed({ token: Type.Optional(Secret), password: Type.Optional(Secret) })),
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
  device: Type.Optional(Closed({ ...device, nonce: NonEmpty })),
  auth: Type.Optional(
    Closed({
      token: Type.Optional(Secret),
      password: Type.Optional(Secret),
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
  retryable: Type.Optional(Type.Boolean()),
  retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
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
  event: NonEmpty,
  payload: Type.Optional(Type.Unknown()),
  seq: Type.Optional(Type.Integer({ minimum: 0 })),
  stateVersion: Type.Optional(StateVersion),
});

/** One row of who is connected (protocol: presence). */
export const PresenceEntry = Closed({
  host: Type.Optional(NonEmpty),
  ip: Type.Optional(NonEmpty),
  version: Type.Optional(NonEmpty),
  platform: Type.Optional(NonEmpty),
  deviceFamily: Type.Optional(NonEmpty),
  modelIdentifier: Type.Optional(NonEmpty),
  mode: Type.Optional(NonEmpty),
  lastInputSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  reason: Type.Optional(NonEmpty),
  tags: Type.Optional(Type.Array(NonEmpty)),
  text: Type.Optional(Type.String()),
  ts: Millis,
  deviceId: Type.Optional(NonEmpty),
  roles: Type.Optional(Type.Array(NonEmpty)),
  scopes: Type.Optional(Type.Array(NonEmpty)),
  instanceId: Type.Optional(NonEmpty),
});

/** What a client knows at once: refreshed by calls and events afterwards. */
export const Snapshot = Closed({
  presence: Type.Array(PresenceEntry),
  health: Type.Unknown(),
  stateVersion: StateVersion,
  uptimeMs: Millis,
  configPath: Type.Optional(NonEmpty),
  stateDir: Type.Optional(NonEmpty),
  sessionDefaults: Type.Optional(
    Closed({ defaultAgentId: NonEmpty, mainKey: NonEmpty, mainSessionKey: NonEmpty, scope: Type.Optional(NonEmpty) }),
  ),
});

/** The answer to a successful `connect`. */
export const HelloOk = Closed({
  type: Type.Literal("hello-ok"),
  protocol: Type.Integer({ minimum: 1 }),
  server: Closed({
    version: NonEmpty,
    commit: Type.Optional(NonEmpty),
    host: Type.Optional(NonEmpty),
    connId: NonEmpty,
  }),
  features: Closed({
    methods: Type.Array(NonEmpty),
    events: Type.Array(NonEmpty),
    capabilities: Type.Optional(Type.Array(NonEmpty)),
  }),
  snapshot: Snapshot,
  canvasHostUrl: Type.Optional(NonEmpty),
  auth: Type.Optional(
    Closed({
      deviceToken: Type.Optional(NonEmpty),
      role: NonEmpty,
      scopes: Type.Array(NonEmpty),
      issuedAtMs: Type.Optional(Millis),
      method: Type.Optional(NonEmpty),
    }),
  ),
  policy: Closed({
    maxPayload: Type.Integer({ minimum: 1 }),
    maxBufferedBytes: Type.Integer({ minimum: 1 }),
    tickIntervalMs: Type.Integer({ minimum: 1 }),
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

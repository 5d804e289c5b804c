/** What the gateway knows of itself, as the wire says it (protocol: health, status). */
import { Type } from "@sinclair/typebox";
import { Millis, NonEmpty, Nullable } from "../../../kit/schema/schema.ts";
import { BackupHealth } from "../backup/schema.ts";

const HeartbeatState = Type.Object({
  enabled: Type.Boolean(),
  every: Type.String(),
  everyMs: Nullable(Type.Integer()),
});

const RecentSession = Type.Object({ key: NonEmpty, updatedAt: Nullable(Millis), age: Nullable(Type.Integer()) });

export const SessionsSummary = Type.Object({
  path: Type.String(),
  count: Type.Integer(),
  recent: Type.Array(RecentSession, { description: "Up to five, newest first." }),
});

/** One agent in the health snapshot. */
export const AgentHealth = Type.Object({
  agentId: NonEmpty,
  name: Type.Optional(NonEmpty),
  isDefault: Type.Boolean(),
  heartbeat: Type.Intersect([
    HeartbeatState,
    Type.Object({ prompt: Type.String(), target: Type.String(), ackMaxChars: Type.Integer() }),
  ]),
  sessions: SessionsSummary,
});

export const DatabaseHealth = Type.Object(
  {
    ok: Type.Boolean({ description: "False when the database is damaged." }),
    problem: Type.Optional(
      Type.String({ description: "What is wrong with it or with its copies, and the command that mends it." }),
    ),
    checkedAt: Type.Optional(Type.Integer({ minimum: 0, description: "When it was last found whole, epoch ms." })),
    copiedAt: Type.Optional(Type.Integer({ minimum: 0, description: "When its daily copy was made, epoch ms." })),
  },
  { description: "The gateway's database." },
);

/** What is wrong with the machine that the gateway runs on. */
export const MachineHealth = Type.Object({
  trouble: Type.Optional(
    Type.String({ description: "A full disk, no more descriptors …, and what to do; work waits until it has passed." }),
  ),
  clock: Type.Optional(
    Type.Object(
      {
        aheadMs: Type.Integer({ description: "Milliseconds; negative when the clock is behind." }),
        against: Type.Optional(
          Type.String({ description: "The platform whose clock says so; without it the clock has jumped." }),
        ),
      },
      { description: "The clock of the machine is wrong by more than some minutes, as far as that is known." },
    ),
  ),
  disk: Type.Optional(
    Type.Object(
      { freeBytes: Type.Integer({ minimum: 0 }) },
      { description: "The disk of the state folder has less than 1 GiB free." },
    ),
  ),
});

export const HealthSummary = Type.Object({
  ok: Type.Literal(true),
  ts: Millis,
  durationMs: Type.Integer({ minimum: 0 }),
  channels: Type.Record(Type.String(), Type.Unknown()),
  channelOrder: Type.Array(Type.String()),
  channelLabels: Type.Record(Type.String(), Type.String()),
  heartbeatSeconds: Type.Integer({ minimum: 0, description: "0 when heartbeats are off." }),
  defaultAgentId: NonEmpty,
  agents: Type.Array(AgentHealth),
  sessions: SessionsSummary,
  database: DatabaseHealth,
  machine: MachineHealth,
  backup: BackupHealth,
  config: Type.Object(
    { valid: Type.Boolean(), problem: Type.Optional(Type.String()) },
    { description: "Whether the config file on disk is valid; if not, the last good copy is in force." },
  ),
});

/** One session in the answer of `status`. */
export const SessionStatus = Type.Object({
  agentId: Type.Optional(NonEmpty),
  key: NonEmpty,
  kind: Type.String(),
  sessionId: Type.Optional(NonEmpty),
  updatedAt: Nullable(Millis),
  age: Nullable(Type.Integer()),
  thinkingLevel: Type.Optional(Type.String()),
  verboseLevel: Type.Optional(Type.String()),
  reasoningLevel: Type.Optional(Type.String()),
  elevatedLevel: Type.Optional(Type.String()),
  systemSent: Type.Optional(Type.Boolean()),
  abortedLastRun: Type.Optional(Type.Boolean()),
  inputTokens: Type.Optional(Type.Integer()),
  outputTokens: Type.Optional(Type.Integer()),
  totalTokens: Nullable(Type.Integer()),
  remainingTokens: Nullable(Type.Integer()),
  percentUsed: Nullable(Type.Integer({ maximum: 999 })),
  model: Nullable(Type.String()),
  contextTokens: Nullable(Type.Integer()),
  flags: Type.Array(Type.String()),
});

export const StatusSummary = Type.Object({
  linkChannel: Type.Optional(
    Type.Object({ id: NonEmpty, label: NonEmpty, linked: Type.Boolean(), authAgeMs: Nullable(Type.Integer()) }),
  ),
  heartbeat: Type.Object({
    defaultAgentId: NonEmpty,
    agents: Type.Array(Type.Intersect([Type.Object({ agentId: NonEmpty }), HeartbeatState])),
  }),
  channelSummary: Type.Array(Type.String()),
  queuedSystemEvents: Type.Array(Type.String()),
  database: DatabaseHealth,
  sessions: Type.Object({
    paths: Type.Array(Type.String()),
    count: Type.Integer(),
    defaults: Type.Object({ model: Nullable(Type.String()), contextTokens: Nullable(Type.Integer()) }),
    recent: Type.Array(SessionStatus),
    byAgent: Type.Array(
      Type.Object({ agentId: NonEmpty, path: Type.String(), count: Type.Integer(), recent: Type.Array(SessionStatus) }),
    ),
  }),
});

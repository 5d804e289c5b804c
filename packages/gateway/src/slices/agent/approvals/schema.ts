/** The wire shapes of approvals, and the shape of the approvals file (protocol: exec approvals). */
import { type Static, Type } from "@sinclair/typebox";
import { Closed, Millis, NonEmpty, Nullable, OneOf } from "../../../kit/schema/schema.ts";

const Text = Type.Optional(Type.String({ maxLength: 4_096 }));

const levels = {
  security: Type.Optional(Type.String({ maxLength: 32, description: "deny, allowlist or full." })),
  ask: Type.Optional(Type.String({ maxLength: 32, description: "off, on-miss or always." })),
  askFallback: Type.Optional(Type.String({ maxLength: 32, description: "What counts when nobody answers." })),
  autoAllowSkills: Type.Optional(Type.Boolean({ description: "Whether programs that skills need may run." })),
};

const Paths = (description: string) => Type.Array(Type.String({ maxLength: 8_192 }), { maxItems: 1_000, description });

/** One command that was allowed for good, with everything the permission covers. */
export const ExactRule = Closed({
  command: Type.String({ maxLength: 20_000 }),
  cwd: Type.String({ maxLength: 4_096, description: "The folder in which it starts." }),
  background: Type.Boolean(),
  input: Type.Array(OneOf("none", "pipe", "heredoc"), {
    maxItems: 1_000,
    description: "Where each of its programs reads from.",
  }),
  programs: Paths("The files of its programs."),
  code: Type.Array(Closed({ path: Type.String({ maxLength: 8_192 }), sha256: Type.String({ maxLength: 64 }) }), {
    maxItems: 1_000,
    description: "Files of code that it names, with what stood in them.",
  }),
  around: Type.Optional(
    Type.String({ maxLength: 64, description: "Fingerprint of the agents' folders, when code may come from there." }),
  ),
  changes: Paths("What it changes outside of the agents' folders."),
});
export type ExactRule = Static<typeof ExactRule>;

/** One program, or one command, that may run without being asked for. */
export const AllowlistEntry = Closed({
  id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  pattern: Type.String({ maxLength: 4_096, description: "An absolute path; * is part of a name, ** of a path." }),
  args: Type.Optional(
    Type.Array(Type.String({ maxLength: 20_000 }), { maxItems: 1_000, description: "Only with exactly these." }),
  ),
  exact: Type.Optional(ExactRule),
  note: Type.Optional(
    Type.String({ maxLength: 1_000, description: "In words, what it allows; made by the gateway, and not kept." }),
  ),
  lastUsedAt: Type.Optional(Millis),
  lastUsedCommand: Type.Optional(Type.String({ maxLength: 20_000 })),
  lastResolvedPath: Text,
});
export type AllowlistEntryShape = Static<typeof AllowlistEntry>;

/** The approvals file. */
export const ApprovalsFileShape = Closed({
  version: Type.Literal(1),
  socket: Type.Optional(Closed({ path: Text, token: Text })),
  defaults: Type.Optional(Closed(levels)),
  agents: Type.Optional(
    Type.Record(
      Type.String({ maxLength: 256 }),
      Closed({ ...levels, allowlist: Type.Optional(Type.Array(AllowlistEntry, { maxItems: 10_000 })) }),
    ),
  ),
});
export type ApprovalsFileContent = Static<typeof ApprovalsFileShape>;

/** The approvals file as it stands. */
export const ApprovalsSnapshot = Closed({
  path: NonEmpty,
  exists: Type.Boolean(),
  hash: NonEmpty,
  file: ApprovalsFileShape,
});

/** `ApprovalsSnapshot` for protocol 4, with the values that hold where the file says nothing. */
export const LaterApprovalsSnapshot = Closed({
  ...ApprovalsSnapshot.properties,
  resolvedDefaults: Closed({
    security: NonEmpty,
    ask: NonEmpty,
    askFallback: NonEmpty,
    autoAllowSkills: Type.Boolean(),
  }),
});

const NullableText = Nullable(Type.String());

/** A request; it never changes while it waits. */
export const ExecRequest = Type.Object({
  command: Type.String(),
  cwd: NullableText,
  host: NullableText,
  security: NullableText,
  ask: NullableText,
  agentId: NullableText,
  resolvedPath: NullableText,
  sessionKey: NullableText,
  nodeId: Type.Optional(Type.String({ description: "The node that is to run it, when the request is for one." })),
  env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: "What it is given beyond the usual." })),
  why: Type.Optional(Type.Array(Type.String(), { description: "Why it has to be asked for." })),
});
export type ExecRequestShape = Static<typeof ExecRequest>;

/** A command that waits for a decision. */
export const PendingApproval = Type.Object({
  id: NonEmpty,
  code: Type.Optional(Type.String({ description: "Six characters for people: /approve CODE." })),
  request: ExecRequest,
  remembers: Type.Optional(Type.Boolean({ description: "Whether allow-always would last." })),
  always: Type.Optional(Type.String({ description: "In words, what allow-always would do." })),
  createdAtMs: Millis,
  expiresAtMs: Millis,
});
export type PendingApprovalShape = Static<typeof PendingApproval>;

/** A decision; null means that nobody decided in time. */
export const ApprovalDecision = Type.Object({
  id: NonEmpty,
  decision: Nullable(Type.String()),
  createdAtMs: Millis,
  expiresAtMs: Millis,
});

/** A decision of the past. */
export const DecidedApproval = Type.Object({
  id: NonEmpty,
  command: Type.String(),
  agentId: NullableText,
  sessionKey: NullableText,
  decision: Type.String({ description: "allow-once, allow-always, deny, expired or withdrawn." }),
  by: NullableText,
  surface: NullableText,
  decidedAt: Millis,
});
export type DecidedApprovalShape = Static<typeof DecidedApproval>;

/** An entry of the allowlist with its agent. */
export const ListedEntry = Type.Object({ agentId: NonEmpty, entry: AllowlistEntry });

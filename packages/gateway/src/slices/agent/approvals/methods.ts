/** Methods about commands that wait for approval, and about those that need none (protocol: exec approvals). */
import { Type } from "@sinclair/typebox";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import type { Caller } from "../../../kit/access.ts";
import { DurationMs, Id, Millis, NonEmpty, Nullable } from "../../../kit/schema/schema.ts";
import type { Outcome, Waiting } from "./pending.ts";
import {
  AllowlistEntry,
  ApprovalDecision,
  type ApprovalsFileContent,
  ApprovalsFileShape,
  ApprovalsSnapshot,
  DecidedApproval,
  LaterApprovalsSnapshot,
  ListedEntry,
  PendingApproval,
} from "./schema.ts";
import { defineMethod } from "./slice.ts";

const Text = Type.Optional(Nullable(Type.String({ maxLength: 4_096 })));
const ApprovalId = Type.String({ minLength: 1, maxLength: 256, description: "The id, or the code for people." });

export const approvalRequest = defineMethod({
  name: "exec.approval.request",
  summary: "Asks for a command to be allowed; answers when somebody has decided, or nobody in time.",
  access: "operator.approvals",
  params: {
    id: Type.Optional(Id),
    command: Type.String({ minLength: 1, maxLength: 100_000 }),
    cwd: Text,
    host: Text,
    security: Text,
    ask: Text,
    agentId: Text,
    resolvedPath: Text,
    sessionKey: Text,
    timeoutMs: Type.Optional({ ...DurationMs, minimum: 1, description: "How long it waits; 120000 by default." }),
    twoPhase: Type.Optional(
      Type.Boolean({ description: "Protocol 4: answers at once that it waits, then with the decision." }),
    ),
  },
  ack: Type.Object({ status: Type.Literal("accepted"), id: NonEmpty, createdAtMs: Millis, expiresAtMs: Millis }),
  result: ApprovalDecision,
  async handler({ params, gateway, caller, ack, signal }) {
    const { id, timeoutMs, twoPhase = false, command, ...rest } = params;
    const {
      cwd = null,
      host = null,
      security = null,
      ask = null,
      agentId = null,
      resolvedPath = null,
      sessionKey = null,
    } = rest;
    const request = { command, cwd, host, security, ask, agentId, resolvedPath, sessionKey };
    // The caller itself remembers lasting decisions.
    const waiting = gateway.approvals.ask({ request, id, timeoutMs, remembers: true, askedBy: caller.principal });
    const { createdAtMs, expiresAtMs } = waiting;
    const isTwoPhase = caller.protocol === 4 && twoPhase;
    if (isTwoPhase) ack({ status: "accepted", id: waiting.id, createdAtMs, expiresAtMs });
    // The caller has gone and cannot be told, so the decision would allow nothing. In the two-phase form the request
    // can be found again.
    const gone = () => gateway.approvals.pending.withdraw(waiting, "whoever asked has gone");
    if (!isTwoPhase) signal.addEventListener("abort", gone, { once: true });
    const outcome = await waiting.outcome;
    signal.removeEventListener("abort", gone);
    return decisionOf(waiting, outcome);
  },
});

export const approvalWait = defineMethod({
  name: "exec.approval.waitDecision",
  summary: "Waits for the decision about a command; answers at once when it has been made lately.",
  access: "operator.approvals",
  params: { id: ApprovalId },
  result: ApprovalDecision,
  async handler({ params, gateway, caller }) {
    const waiting = gateway.approvals.pending.recall(params.id);
    if (!waiting) throw unknownId(caller);
    return decisionOf(waiting, await waiting.outcome);
  },
});

export const approvalResolve = defineMethod({
  name: "exec.approval.resolve",
  summary: "Allows or denies a command that waits; the first decision counts.",
  access: "operator.approvals",
  params: {
    id: ApprovalId,
    decision: Type.String({ minLength: 1, maxLength: 64, description: "allow-once, allow-always or deny." }),
  },
  result: Type.Object({ ok: Type.Literal(true) }),
  handler({ params, gateway, caller }) {
    try {
      gateway.approvals.resolve(params.id, params.decision, deciderOf(caller));
    } catch (error) {
      throw error instanceof GatewayError && error.message === "unknown approval id" ? unknownId(caller) : error;
    }
    return { ok: true as const };
  },
});

export const approvalList = defineMethod({
  name: "exec.approval.list",
  summary: "The commands that wait for approval, and what was decided lately.",
  access: "operator.approvals",
  params: {
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 500, description: "Past decisions; 20 by default." })),
  },
  result: Type.Object({ pending: Type.Array(PendingApproval), recent: Type.Array(DecidedApproval) }),
  handler: ({ params, gateway: { approvals } }) => ({
    pending: approvals.waiting(),
    recent: approvals.audit.newest(params.limit ?? 20),
  }),
  // Protocol 4 clients read a bare list here; decisions are in approval.history.
  four: { result: Type.Array(PendingApproval), handler: ({ gateway }) => gateway.approvals.waiting() },
});

export const approvalHistory = defineMethod({
  name: "approval.history",
  summary: "What was decided about commands lately, the newest first.",
  access: "operator.approvals",
  params: {
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 500, description: "20 by default." })),
  },
  result: Type.Object({ items: Type.Array(DecidedApproval) }),
  handler: ({ params, gateway: { approvals } }) => ({ items: approvals.audit.newest(params.limit ?? 20) }),
});

export const approvalGet = defineMethod({
  name: "exec.approval.get",
  summary: "One command that waits for approval.",
  access: "operator.approvals",
  params: { id: ApprovalId },
  result: PendingApproval,
  handler({ params, gateway, caller }) {
    const waiting = gateway.approvals.waitingFor(params.id);
    if (!waiting) throw unknownId(caller);
    return waiting;
  },
});

export const approvalsGet = defineMethod({
  name: "exec.approvals.get",
  summary: "The approvals file: levels and allowlists.",
  access: "operator.admin",
  params: {},
  result: ApprovalsSnapshot,
  handler: ({ gateway }) => gateway.approvals.file.snapshot(),
  four: {
    result: LaterApprovalsSnapshot,
    handler({ gateway: { approvals } }) {
      const snapshot = approvals.file.snapshot();
      return { ...snapshot, resolvedDefaults: resolvedDefaults(snapshot.file.defaults) };
    },
  },
});

const BaseHash = Type.Optional(
  Type.String({ minLength: 1, maxLength: 128, description: "The hash that was read; needed when there is a file." }),
);

export const approvalsSet = defineMethod({
  name: "exec.approvals.set",
  summary: "Replaces the approvals file.",
  access: "operator.admin",
  params: { file: ApprovalsFileShape, baseHash: BaseHash },
  result: ApprovalsSnapshot,
  handler({ params, gateway: { approvals } }) {
    approvals.file.set(params.file, params.baseHash);
    return approvals.file.snapshot();
  },
});

const NodeId = Type.String({ minLength: 1, maxLength: 256 });

export const nodeApprovalsGet = defineMethod({
  name: "exec.approvals.node.get",
  summary: "The approvals file of a node.",
  access: "operator.admin",
  params: { nodeId: NodeId },
  result: ApprovalsSnapshot,
  handler: ({ params: { nodeId }, gateway, caller, signal }) =>
    gateway.approvals.rulesOfNode({ nodeId, caller, signal }),
});

export const nodeApprovalsSet = defineMethod({
  name: "exec.approvals.node.set",
  summary: "Replaces the approvals file of a node.",
  access: "operator.admin",
  params: { nodeId: NodeId, file: ApprovalsFileShape, baseHash: BaseHash },
  result: ApprovalsSnapshot,
  handler: ({ params: { nodeId, ...file }, gateway, caller, signal }) =>
    gateway.approvals.rulesOfNode({ nodeId, caller, signal }, file),
});

export const allowlistList = defineMethod({
  name: "exec.allowlist.list",
  summary: "The programs and commands that agents may run without being asked for.",
  access: "operator.admin",
  params: {},
  result: Type.Object({ entries: Type.Array(ListedEntry) }),
  handler: ({ gateway }) => ({ entries: gateway.approvals.file.entries() }),
});

export const allowlistAdd = defineMethod({
  name: "exec.allowlist.add",
  summary: "Lets agents run a harmless program, or one command, without being asked for.",
  access: "operator.admin",
  params: {
    pattern: Type.String({
      minLength: 1,
      maxLength: 4_096,
      description: "A program's name or path. Without args, one that can do no harm.",
    }),
    args: Type.Optional(
      Type.Array(Type.String({ maxLength: 20_000 }), { maxItems: 1_000, description: "Only with exactly these." }),
    ),
    agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: "For one agent; all by default." })),
  },
  result: Type.Object({ added: Type.Array(AllowlistEntry) }),
  async handler({ params, gateway: { approvals, workspace } }) {
    const { agentId, ...entry } = params;
    const added = await approvals.allow({
      ...entry,
      ...(agentId !== undefined && { agentId: workspace.requireAgent(agentId) }),
    });
    return { added };
  },
});

export const allowlistRemove = defineMethod({
  name: "exec.allowlist.remove",
  summary: "Takes a program off the allowlist.",
  access: "operator.admin",
  params: { entry: Type.String({ minLength: 1, maxLength: 4_096, description: "An entry's id or pattern." }) },
  result: Type.Object({ removed: Type.Integer() }),
  handler({ params, gateway }) {
    const removed = gateway.approvals.file.forget(params.entry);
    if (removed === 0) throw invalidRequest("no such entry; exec.allowlist.list shows them");
    return { removed };
  },
});

/** The values that hold where the file says nothing for an agent. */
function resolvedDefaults({
  security = "allowlist",
  ask = "on-miss",
  askFallback = "deny",
  autoAllowSkills = false,
}: NonNullable<ApprovalsFileContent["defaults"]> = {}) {
  return { security, ask, askFallback, autoAllowSkills };
}

function decisionOf({ id, createdAtMs, expiresAtMs }: Waiting, outcome: Outcome) {
  const decision = outcome.kind === "decided" ? outcome.decision : outcome.kind === "withdrawn" ? "deny" : null;
  return { id, decision, createdAtMs, expiresAtMs };
}

/** The error for an unknown id; protocol 4 has a code for it. */
function unknownId({ protocol }: Caller): GatewayError {
  const code = protocol === 4 ? "APPROVAL_NOT_FOUND" : "INVALID_REQUEST";
  return new GatewayError(code, "unknown approval id", protocol === 4 ? { details: { code } } : {});
}

function deciderOf({ client }: Caller) {
  return { name: client.displayName ?? client.id, surface: client.mode };
}

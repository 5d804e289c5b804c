/**
 * Approvals of commands: the rules in force, waiting requests, and decisions. How a command is analysed, asked for and
 * run is in `exec.ts`.
 */

import { basename } from "node:path";
import type { Static } from "@sinclair/typebox";
import { GatewayError, invalidRequest } from "../../../base/errors.ts";
import { newId } from "../../../base/ids.ts";
import { type Caller, hasScope } from "../../../kit/access.ts";
import type { Base } from "../../../kit/base.ts";
import { ManyPort } from "../../../kit/port.ts";
import { type Schema, validationText } from "../../../kit/schema/validate.ts";
import type { ToolResult, ToolRun } from "../../../kit/tool.ts";
import type { Agents } from "../../core/agents/agents.ts";
import type { Nodes } from "../../core/nodes/nodes.ts";
import type { Sessions } from "../../core/sessions/sessions.ts";
import type { Agent } from "../agent/agent.ts";
import type { Question } from "../agent/approving.ts";
import type { Skills } from "../skills/skills.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { askPeople } from "./ask.ts";
import { Audit, type Decider } from "./audit.ts";
import { approvalRequested, approvalResolved } from "./events.ts";
import { NodeGrants } from "./node-grants.ts";
import { type NewApproval, type Outcome, PendingApprovals, pendingView, type Waiting } from "./pending.ts";
import { ApprovalsFile } from "./policy/approvals-file.ts";
import { DEFAULT_SAFE_BINS, isHarmless, isReader } from "./policy/harmless.ts";
import { OwnState } from "./policy/own-state.ts";
import { combine, type Decision, type Rules } from "./policy/policy.ts";
import { findProgram } from "./policy/programs.ts";
import { entriesFor } from "./policy/remember.ts";
import { findShell, type Shell } from "./running/environment.ts";
import type { Host } from "./running/host.ts";
import { type ExecParams, planOf } from "./running/plan.ts";
import { Processes } from "./running/processes.ts";
import { type AllowlistEntryShape, ApprovalsSnapshot, type PendingApprovalShape } from "./schema.ts";

export { visible } from "../../../base/text/visible.ts";
/** Types that slices below use. */
export type { Outcome, Waiting } from "./pending.ts";
export { fenced } from "./text.ts";

/** The services that approvals need. */
export interface ApprovalsServices extends Base {
  readonly agents: Agents;
  readonly nodes: Pick<Nodes, "invoke">;
  readonly sessions: Sessions;
  readonly workspace: Workspace;
  readonly skills: Pick<Skills, "known" | "envFor">;
  readonly agent: Pick<Agent, "toolRules" | "counts">;
}

/** Told of requests, for channels. Called in the call that files or ends a request; must not throw. */
export interface ApprovalObserver {
  asked(waiting: Waiting, run: ToolRun): void;
  ended(waiting: Waiting, outcome: Outcome): void;
}

/** The rules for commands of one run, and where they are to run. */
export interface RunRules extends Rules, Host {
  readonly timeoutSeconds: number;
  readonly approvalMs: number;
}

const DECISIONS: ReadonlySet<string> = new Set(["allow-once", "allow-always", "deny"]);
/** How long a node may take to read or write its rules, ms. */
const NODE_RULES_MS = 10_000;
const TIMEOUT_SECONDS = 120;
const APPROVAL_SECONDS = 120;
const MAX_PATTERN_CHARS = 4_096;
const HOW_TO_NAME = "give its absolute path, or install it first";

export class Approvals implements AsyncDisposable {
  readonly services: ApprovalsServices;
  readonly file: ApprovalsFile;
  readonly audit: Audit;
  readonly processes: Processes;
  readonly pending: PendingApprovals;
  readonly nodeGrants: NodeGrants;
  /** The shell that runs commands. */
  readonly shell: Shell = findShell();
  /** Further listeners of requests. */
  readonly observers = new ManyPort<ApprovalObserver>();

  constructor(services: ApprovalsServices) {
    this.services = services;
    this.file = new ApprovalsFile(services);
    this.audit = new Audit(services);
    this.processes = new Processes(services);
    this.nodeGrants = new NodeGrants(services.clock);
    this.pending = new PendingApprovals({ clock: services.clock, onEnd: (...end) => this.#ended(...end) });
  }

  /** Files a request and tells everybody who may decide. Throws when too many wait. */
  ask(approval: NewApproval, run?: ToolRun): Waiting {
    const waiting = this.pending.add(approval);
    this.services.log.info("a command waits for approval", { code: waiting.code, agent: waiting.request.agentId });
    this.services.bus.publish(approvalRequested, pendingView(waiting));
    if (run) for (const observer of this.observers) observer.asked(waiting, run);
    return waiting;
  }

  /** Decides about a request. Throws `INVALID_REQUEST` "invalid decision" or "unknown approval id". */
  resolve(idOrCode: string, decision: string, by: Decider): Waiting {
    if (!DECISIONS.has(decision)) throw invalidRequest("invalid decision");
    const waiting = this.pending.find(idOrCode);
    if (!waiting || !this.pending.decide(waiting, decision as Decision, by))
      throw invalidRequest("unknown approval id");
    return waiting;
  }

  /** Asks people a question of an external agent; without an answer in time it is a no. */
  askPeople(question: Question, signal: AbortSignal): Promise<Decision> {
    return askPeople(this, question, signal);
  }

  /** The rules of a node for commands; with a file, sets them first. The answer is the node's own. */
  async rulesOfNode(
    { nodeId, caller, signal }: { nodeId: string; caller: Caller; signal: AbortSignal },
    file?: object,
  ): Promise<Static<typeof ApprovalsSnapshot>> {
    const { payload } = await this.services.nodes.invoke({
      ...{ node: nodeId, caller, signal, isAdministration: true, timeoutMs: NODE_RULES_MS, idempotencyKey: newId() },
      ...{ command: `system.execApprovals.${file ? "set" : "get"}`, params: file ?? {} },
    });
    const problem = validationText(ApprovalsSnapshot as Schema, payload);
    if (problem !== undefined) throw new GatewayError("UNAVAILABLE", `the node's rules cannot be read: ${problem}`);
    return payload as Static<typeof ApprovalsSnapshot>;
  }

  /** Runs a command that no model asks for, under the rules of the agent in whose name it runs. See `running/exec.ts`. */
  async exec(params: ExecParams, call: { run: ToolRun; signal: AbortSignal }): Promise<ToolResult> {
    const { exec } = await import("./running/exec.ts");
    const { agent, bus } = this.services;
    return await exec(this, params, { ...call, gateway: { agent, bus }, update() {} });
  }

  /** All waiting requests, oldest first. */
  waiting(): PendingApprovalShape[] {
    return this.pending.list().map(pendingView);
  }

  /** The waiting request of an id or a code. */
  waitingFor(idOrCode: string): PendingApprovalShape | undefined {
    const waiting = this.pending.find(idOrCode);
    return waiting && pendingView(waiting);
  }

  /** The waiting requests of one conversation. */
  waitingIn(sessionKey: string): PendingApprovalShape[] {
    return this.waiting().filter(({ request }) => request.sessionKey?.trim().toLowerCase() === sessionKey);
  }

  /** A text without the secrets that the gateway knows. */
  redact(text: string): string {
    return this.services.host.redact(text);
  }

  /**
   * The rules for a run, from the config, the file and the conversation; none of them can widen what another forbids.
   */
  rulesFor({ agentId, sessionKey, execRules }: Pick<ToolRun, "agentId" | "sessionKey" | "execRules">): RunRules {
    const { agent, sessions, skills } = this.services;
    const config = agent.toolRules.exec ?? {};
    const file = this.file.rulesFor(agentId);
    const levels = sessions.get(sessionKey)?.levels ?? {};
    const session = { security: levels.execSecurity, ask: levels.execAsk } as Parameters<typeof combine>[0][number];
    // Skills that the agent itself can write do not count.
    const trusted = file.autoAllowSkills ? skills.known(agentId).filter(({ source }) => source !== "workspace") : [];
    return {
      // A run that works for another one may do no more than that one.
      ...combine([combine([config, file, session]), ...(execRules ? [execRules] : [])]),
      askFallback: file.askFallback,
      allowlist: file.allowlist,
      safeBins: new Set(config.safeBins ?? DEFAULT_SAFE_BINS),
      skillBins: new Set(trusted.flatMap(({ requires }) => [...requires.bins, ...requires.anyBins])),
      host: (levels.execHost ?? config.host ?? "gateway") as RunRules["host"],
      node: levels.execNode ?? config.node ?? null,
      timeoutSeconds: config.timeoutSeconds ?? TIMEOUT_SECONDS,
      approvalMs: (config.approvalSeconds ?? APPROVAL_SECONDS) * 1_000,
    };
  }

  /** Folders that agents can write to; no program in them can be trusted. */
  writableFolders(): string[] {
    const { agents, workspace } = this.services;
    return agents.ids().map((agentId) => workspace.pathOf(agentId));
  }

  /** The check whether a command names the gateway's own state. */
  ownState(): OwnState {
    const { stateDir, config } = this.services;
    return new OwnState({ stateDir, configPath: config.path, workspaces: this.writableFolders() });
  }

  /**
   * Puts a program that is harmless with any arguments on the allowlist; with `args`, exactly this command of an agent,
   * as “always” does. Throws `INVALID_REQUEST` when there is no such program, or when that would allow too much.
   */
  async allow({
    agentId,
    pattern,
    args,
  }: {
    agentId?: string;
    pattern: string;
    args?: readonly string[];
  }): Promise<AllowlistEntryShape[]> {
    if (pattern.length > MAX_PATTERN_CHARS) throw invalidRequest("the pattern is too long");
    if (args === undefined) return this.file.allow(agentId ?? "*", [{ pattern: this.#harmlessPath(pattern) }]);
    const whose = agentId ?? this.services.workspace.requireAgent();
    const command = [pattern, ...args].map(quoted).join(" ");
    const plan = await planOf(this, { command }, { agentId: whose, sessionKey: "", id: "" });
    if (plan.own !== undefined) throw invalidRequest(`it cannot be allowed for good: ${plan.own}`);
    const [program] = plan.parts;
    if (program?.program.kind === "problem") throw invalidRequest(`${program.program.why}; ${HOW_TO_NAME}`);
    const always = plan.always();
    if (always.kind === "nothing") throw invalidRequest(`it cannot be allowed for good: ${always.why}`);
    return this.file.allow(
      agentId ?? (always.kind === "exact" ? whose : "*"),
      entriesFor(always, plan.parts[0]?.command.argv),
    );
  }

  /** The program of a name or path, when it may be allowed with any arguments. */
  #harmlessPath(name: string): string {
    const { env } = this.services;
    const path = (env.PATH ?? "/usr/local/bin:/usr/bin:/bin").split(":").filter((folder) => folder.startsWith("/"));
    const isPattern = /[*?]/.test(name);
    const program = findProgram(name, { path, writable: this.writableFolders() });
    if (program.kind === "problem" && !isPattern) throw invalidRequest(`${program.why}; ${HOW_TO_NAME}`);
    if (program.kind === "found" && program.isSystem && (isHarmless(basename(name)) || isReader(basename(name))))
      return program.path;
    throw invalidRequest(
      `${name} with any arguments is too much to allow: with the right ones it can do harm. Let the agent run what it ` +
        "needs, and answer “always” when it is asked for: that keeps the exact command",
    );
  }

  /** Withdraws waiting requests and ends commands in the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const waiting of this.pending.list()) this.pending.withdraw(waiting, "the gateway stops");
    await this.processes[Symbol.asyncDispose]();
  }

  #ended(waiting: Waiting, outcome: Outcome): void {
    const { bus, clock, log } = this.services;
    const { id, request, code } = waiting;
    const decision = outcome.kind === "decided" ? outcome.decision : outcome.kind;
    const by = outcome.kind === "decided" ? outcome.by : undefined;
    log.info("an approval has ended", { code, decision, by: by?.name, surface: by?.surface });
    // An expired request is not announced (protocol: events); a withdrawn one counts as denied.
    if (outcome.kind !== "expired")
      bus.publish(approvalResolved, {
        id,
        decision: outcome.kind === "decided" ? outcome.decision : "deny",
        ...(by && { resolvedBy: by.name }),
        ts: clock.now(),
      });
    for (const observer of this.observers) observer.ended(waiting, outcome);
    this.nodeGrants.ended(waiting, outcome);
    this.audit.note(id, request, decision, by);
  }
}

/** Whether a holder of these scopes may decide about commands. */
export function mayDecide(scopes: Iterable<string>): boolean {
  return hasScope(new Set(scopes), "operator.approvals");
}

/** A word as the shell reads it again. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

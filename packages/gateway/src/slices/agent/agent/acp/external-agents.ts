/**
 * Runs external agents: each is started when a run needs it, and kept while it is used. There is one program for each
 * agent.
 */

import { GatewayError, ignore, messageOf } from "../../../../base/errors.ts";
import { childEnv } from "../../../../base/process/child.ts";
import type { Port } from "../../../../kit/port.ts";
import type { ToolAudience, ToolRun } from "../../../../kit/tool.ts";
import type { Approving, Question } from "../approving.ts";
import type { Run } from "../run/run.ts";
import type { RunRecord } from "../run/run-store.ts";
import type { AgentServices } from "../services.ts";
import type { Toolbox } from "../toolbox/toolbox.ts";
import type { RunStep } from "../turn/loop.ts";
import { TurnLog } from "../turn/turn-log.ts";
import { AcpSessions } from "./acp-sessions.ts";
import { AcpLink } from "./link.ts";
import type { Decision } from "./permissions.ts";
import type { AcpBackend } from "./settings.ts";
import { runAcpTurn, type TurnPorts } from "./turn.ts";

const IDLE_MS = 10 * 60_000;
const RANK: Readonly<Record<ToolAudience, number>> = { anyone: 0, trusted: 1, owner: 2 };

interface Running {
  readonly key: string;
  readonly link: Promise<AcpLink>;
  busy: number;
  idle: Disposable | undefined;
}

export interface ExternalAgentsOptions {
  readonly toolbox: Toolbox;
  readonly approvals: Port<Approving>;
  /** The stored record of a run; undefined when there is none. */
  readonly record: (runId: string) => RunRecord | undefined;
}

export class ExternalAgents implements AsyncDisposable {
  readonly #services: AgentServices;
  readonly #toolbox: Toolbox;
  readonly #approvals: Port<Approving>;
  readonly #record: ExternalAgentsOptions["record"];
  readonly #sessions: AcpSessions;
  readonly #running = new Map<string, Running>();
  readonly #ending = new Set<Promise<void>>();

  constructor(services: AgentServices, { toolbox, approvals, record }: ExternalAgentsOptions) {
    this.#services = services;
    this.#toolbox = toolbox;
    this.#approvals = approvals;
    this.#record = record;
    this.#sessions = new AcpSessions(services);
  }

  /** Answers a run. Throws `UNAVAILABLE` with a sentence when the agent cannot, or when it ends during the run. */
  async *answer(run: Run, toolRun: ToolRun, backend: AcpBackend): AsyncGenerator<RunStep> {
    const { agentId, audience } = toolRun;
    if (RANK[audience] < RANK[backend.audience ?? "owner"]) {
      throw new GatewayError("UNAVAILABLE", "this agent works for the owner of the gateway only");
    }
    const running = this.#ensure(agentId, backend);
    running.idle?.[Symbol.dispose]();
    running.busy++;
    try {
      const link = await running.link;
      const ports = await this.#ports(run, toolRun, backend, link);
      const session = await ports.session();
      // A stopped run may still be ending in the program. If it does not end, the program is ended.
      await link.whenQuiet(session.id);
      if (this.#running.get(agentId) !== running) return yield* this.answer(run, toolRun, backend);
      yield* runAcpTurn(run, session, ports);
    } catch (error) {
      run.signal.throwIfAborted();
      const name = backend.command.split(/[/\\]/).at(-1);
      throw new GatewayError("UNAVAILABLE", `${name} cannot answer: ${messageOf(error)}`, { cause: error });
    } finally {
      running.busy--;
      if (running.busy === 0) this.#rest(agentId, running);
    }
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [agentId, running] of this.#running) this.#end(agentId, running);
    await Promise.all(this.#ending);
  }

  /** The agent's program. A new one is started when its settings have changed or it has ended. */
  #ensure(agentId: string, backend: AcpBackend): Running {
    const { env, clock, version, workspace, log } = this.#services;
    const key = JSON.stringify(backend);
    const known = this.#running.get(agentId);
    if (known?.key === key) return known;
    if (known) this.#end(agentId, known);
    const { command, args, cwd = workspace.folderOf(agentId) } = backend;
    const link = AcpLink.start({ command, args, cwd, env: childEnv(env, backend.env), clock, log, version });
    const running: Running = { key, link, busy: 0, idle: undefined };
    this.#running.set(agentId, running);
    const forget = (how: string) => {
      if (this.#running.get(agentId) !== running) return;
      this.#running.delete(agentId);
      log.warn("an external agent has ended", { agentId, how });
    };
    link.then(
      (started) => {
        log.info("an external agent has been started", { agentId, agent: started.abilities.agentInfo?.name });
        void started.ended.then(forget);
      },
      (error: unknown) => forget(messageOf(error)),
    );
    return running;
  }

  async #ports(run: Run, toolRun: ToolRun, backend: AcpBackend, link: AcpLink): Promise<TurnPorts> {
    const { workspace, sessions, clock } = this.#services;
    const { agentId } = toolRun;
    const cwd = backend.cwd ?? workspace.folderOf(agentId);
    const tools = await this.#toolbox.toolsFor(toolRun, run.signal);
    const files = workspace.filesFor(toolRun);
    return {
      ...{ link, clock, sessions, files, root: workspace.folderOf(agentId) },
      mayRead: tools.some(({ name }) => name === "read"),
      mayWrite: tools.some(({ name }) => name === "write"),
      log: new TurnLog(this.#services, toolRun),
      by: { provider: "acp", model: agentId },
      record: this.#record,
      session: () => this.#sessions.open(link, { sessionId: toolRun.sessionId, agentId, cwd }),
      decide: (text, signal) => this.#decide(backend, { run: toolRun, text, cwd }, signal),
      stop: () => {
        const running = this.#running.get(agentId);
        if (running) this.#end(agentId, running);
      },
    };
  }

  async #decide({ permissions = "ask" }: AcpBackend, question: Question, signal: AbortSignal): Promise<Decision> {
    if (permissions === "deny") return "deny";
    if (permissions === "allow" && question.run.audience === "owner") return "allow-once";
    return await this.#approvals.now.askPeople(question, signal);
  }

  #rest(agentId: string, running: Running): void {
    running.idle = this.#services.clock.after(IDLE_MS, () => this.#end(agentId, running));
  }

  #end(agentId: string, running: Running): void {
    if (this.#running.get(agentId) === running) this.#running.delete(agentId);
    running.idle?.[Symbol.dispose]();
    const ending: Promise<void> = running.link
      .then(
        (link) => link[Symbol.asyncDispose](),
        (error: unknown) => ignore(error, "it never started; there is nothing to end"),
      )
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

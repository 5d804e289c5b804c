/**
 * Answers one run: by a command, by the connected model with its tools, or by the built-in agent, which says how to
 * connect one.
 */

import { invalidRequest } from "../../../../base/errors.ts";
import type { Tool, ToolRun } from "../../../../kit/tool.ts";
import type { ModelMessage, ModelRequest, ModelStep } from "../../models/port.ts";
import type { Model } from "../../models/providers/providers.ts";
import type { Agent } from "../agent.ts";
import { type Invocation, runCommand, unknownAnswer } from "../commands/builtin.ts";
import { toolWords } from "../prompt/history.ts";
import { promptParts } from "../prompt/prompt.ts";
import { sectionsOf } from "../prompt/prompt-of-run.ts";
import { RunContext } from "../prompt/run-context.ts";
import type { Run } from "../run/run.ts";
import type { Answer, RunAnswerer } from "../run/run-executor.ts";
import { BUILTIN, type RunRecord } from "../run/run-store.ts";
import type { AgentServices } from "../services.ts";
import { audienceOf, rulesForSender, sendersOf } from "../toolbox/tool-policy.ts";
import { toolSpec } from "../toolbox/tool-spec.ts";
import { hasSpoken, type LoopPorts, loop, type RunStep } from "./loop.ts";
import { decorateReply } from "./reply-decoration.ts";
import { TurnLog } from "./turn-log.ts";

export class AnswerRouter implements RunAnswerer {
  readonly #services: AgentServices;
  readonly #agent: Agent;

  constructor(services: AgentServices, agent: Agent) {
    this.#services = services;
    this.#agent = agent;
  }

  /** Whether a run need not wait: slash commands such as `/stop` and `/status` are meant for use during a reply. */
  isImmediate(record: Pick<RunRecord, "source" | "request">): boolean {
    return this.#slash(record) !== undefined;
  }

  /** See `RunAnswerer`. */
  hasOwnRules({ principal, request: { starter } }: RunRecord): boolean {
    return rulesForSender(this.#agent.toolRules, sendersOf({ principal, ids: starter.ids })).length > 0;
  }

  /** Whether a message is a command. Without a model or an external agent, every message is one. */
  isCommand({ sessionKey }: Pick<RunRecord, "sessionKey">): boolean {
    const { agents, models, sessions } = this.#services;
    const isProgram = agents.of(sessions.agentOf(sessionKey))?.backend !== undefined;
    return !isProgram && models.chosen.modelNameOf(sessionKey) === undefined;
  }

  async answer(run: Run): Promise<Answer> {
    const { sessionKey, request } = run.record;
    const slash = this.#slash(run.record);
    if (slash) return { ...BUILTIN, stopReason: "injected", isOnce: true, steps: this.#command(run, slash) };
    this.#requireAgent(sessionKey);
    const meant = await this.#meant(run.record);
    if (meant) return { ...BUILTIN, isOnce: true, steps: this.#command(run, meant) };
    const external = this.#external(run);
    if (external) {
      run.decorate = (text) => this.#decorated(run, text);
      return external;
    }
    const { models } = this.#services;
    const model = request.model === undefined ? models.chosen.modelOf(sessionKey) : models.require(request.model);
    if (!model) {
      const loose = isTyped(run.record) ? this.#agent.looseCommand(request.message) : undefined;
      return { ...BUILTIN, isOnce: true, steps: this.#command(run, loose) };
    }
    run.decorate = (text) => this.#decorated(run, text);
    return { provider: model.provider.id, model: model.id, steps: this.#converse(run, model) };
  }

  #slash(record: Pick<RunRecord, "source" | "request">): Invocation | undefined {
    return isTyped(record) ? this.#agent.slashCommand(record.request.message) : undefined;
  }

  async #meant(record: RunRecord): Promise<Invocation | undefined> {
    const { message, starter } = record.request;
    if (!isTyped(record)) return undefined;
    return await this.#agent.meantCommand(message, { starter, isAlone: this.isCommand(record) });
  }

  /** Throws when the agent was removed: what its settings forbade is no longer known. */
  #requireAgent(sessionKey: string): void {
    const { agents, sessions } = this.#services;
    const agentId = sessions.agentOf(sessionKey);
    if (!agents.ids().includes(agentId))
      throw invalidRequest(`there is no agent "${agentId}"; there are ${agents.ids().join(", ")}`);
  }

  /** The answer of an external agent. */
  #external(run: Run): Answer | undefined {
    const toolRun = this.#toolRun(run);
    const backend = this.#services.agents.of(toolRun.agentId)?.backend;
    if (!backend) return undefined;
    return {
      provider: "acp",
      model: toolRun.agentId,
      isOnce: true,
      steps: this.#agent.external.answer(run, toolRun, backend),
    };
  }

  /** The reply with the additions that the conversation shows. */
  #decorated(run: Run, text: string): string {
    const { sessions, usage } = this.#services;
    const { sessionKey, request } = run.record;
    const { reasoningLevel, responseUsage } = sessions.get(sessionKey)?.levels ?? {};
    return decorateReply(text, {
      // Clients on the wire see the reasoning in another way.
      reasoning: reasoningLevel === "on" && request.deliver ? run.reasoning : undefined,
      usageLevel: responseUsage,
      usage: responseUsage === undefined ? undefined : usage.run(run.id),
      model: run.by && `${run.by.provider}/${run.by.model}`,
    });
  }

  async *#command(run: Run, invocation: Invocation | undefined): AsyncGenerator<RunStep> {
    const { sessionKey, principal, request } = run.record;
    const call = {
      runId: run.id,
      sessionKey,
      starter: { ...request.starter, principal },
      gateway: this.#agent.gateway,
      signal: run.signal,
    };
    if (!invocation) await this.#services.models.lookAround();
    const text = invocation
      ? await runCommand(invocation, call)
      : unknownAnswer(this.#services, run.record.request.message);
    yield { kind: "text", delta: text };
    yield { kind: "usage", usage: { input: 0, output: 0, totalTokens: 0 } };
  }

  async *#converse(run: Run, model: Model): AsyncGenerator<RunStep> {
    const { clock } = this.#services;
    const { toolbox } = this.#agent;
    const toolRun = this.#toolRun(run);
    const tools = await toolbox.toolsFor(toolRun, run.signal);
    // Read the skills now; the prompt lists them.
    await this.#services.skills.usable(toolRun.agentId);
    const find = (name: string) => tools.find((tool) => tool.name === name);
    const changes = (name: string) => find(name)?.changes ?? true;
    const log = new TurnLog(this.#services, toolRun);
    const persist = (work: () => void) => this.#services.machine.persist(work, run.signal);
    const { pending, texts } = log.takeUp((name) => !(find(name)?.isRepeatable ?? !changes(name)));
    run.restore(texts);
    const ports: LoopPorts = {
      signal: run.signal,
      maxTurns: this.#services.agents.settings.defaults.maxTurns,
      ask: (messages) => this.#ask(run, model, tools, messages),
      shrink: (error) => context.shrink(error),
      nameCall: (callId) => log.nameCall(callId),
      changes: ({ name }) => changes(name),
      call: async (call, update) => {
        if (changes(call.name)) await persist(() => log.begin(call));
        return await toolbox.call(call, { run: toolRun, tools, signal: run.signal, update });
      },
      keepTurn: (turn) => persist(() => log.keepTurn(turn, run.by ?? { provider: model.provider.id, model: model.id })),
      keepResult: (call, result, durationMs) => persist(() => log.keepResult(call, result, durationMs)),
      isSteered: () => run.isSteered,
      told: ({ name }, text) => toolWords(run.mark, name, text),
      steered: () => run.takeSteered().map(({ content }) => ({ role: "user", content: context.told(content) })),
      now: () => clock.monotonic(),
    };
    const open = new Set(pending.map(({ callId }) => callId));
    const context = new RunContext(this.#services, { agent: this.#agent, run, model });
    yield* context.makeRoom();
    const messages = context.messages(open);
    const watched = this.#agent.recorder.now.watch(run, ports, { messages, pending });
    yield* loop(watched, messages, pending);
  }

  #toolRun(run: Run): ToolRun {
    const { id, sessionKey, sessionId, principal, request } = run.record;
    const starter = { ...request.starter, principal };
    return {
      id,
      agentId: this.#services.sessions.agentOf(sessionKey),
      sessionKey,
      sessionId,
      starter,
      audience: audienceOf(starter),
      limits: request.limits,
      execRules: request.execRules,
      isOverheard: request.isOverheard,
      deliver: request.deliver,
    };
  }

  #ask(run: Run, model: Model, tools: readonly Tool[], messages: readonly ModelMessage[]): AsyncIterable<ModelStep> {
    const { models } = this.#services;
    const { sessionKey, request } = run.record;
    const question: ModelRequest = {
      model,
      fallbacks: models.chosen.fallbacksOf(sessionKey, request.fallbacks),
      ...this.#prompt(run, tools),
      messages,
      tools: tools.map((tool) => toolSpec(run.mark, tool)),
      hasSpoken: hasSpoken(messages),
      thinking: request.thinking ?? models.chosen.thinkingOf(sessionKey),
      signal: run.signal,
      runId: run.id,
      sessionKey,
    };
    this.#agent.recorder.now.asked(question);
    return models.stream(question);
  }

  /** The system prompt. It does not change between the turns of a run, so that providers can cache it. */
  #prompt(run: Run, tools: readonly Tool[]): NonNullable<Run["prompt"]> {
    const parts = { tools, extra: run.record.request.extraSystemPrompt, mark: run.mark };
    run.prompt ??= promptParts(sectionsOf(this.#services, this.#toolRun(run), parts));
    return run.prompt;
  }
}

/**
 * Whether a person typed the message. A message of one agent to another is no command, or agents could approve their
 * own requests; nor is one of another program or of a page, which may hold anybody's words, nor a heartbeat.
 */
function isTyped({ source }: Pick<RunRecord, "source">): boolean {
  return source !== "tool" && source !== "hook" && source !== "heartbeat" && source !== "cron" && source !== "canvas";
}

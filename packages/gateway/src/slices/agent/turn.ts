/** One turn: a command answers, or the connected model, or the built-in agent says how to connect one. */

import type { Agent } from "./agent.ts";
import { type Invocation, looseCommand, runCommand, slashCommand, unknownAnswer } from "./builtin.ts";
import { HISTORY_MESSAGES, modelMessages } from "./history.ts";
import type { ModelPort, ModelStep } from "./models.ts";
import { systemPrompt } from "./prompt.ts";
import type { Model } from "./providers.ts";
import type { Run } from "./run.ts";
import { BUILTIN, type RunRecord } from "./run-store.ts";
import type { Answer, Answering } from "./runs.ts";
import type { AgentServices } from "./services.ts";

export class Turns implements Answering {
  readonly #services: AgentServices;
  readonly #agent: Agent;
  readonly #models: ModelPort;

  constructor(services: AgentServices, agent: Agent, models: ModelPort) {
    this.#services = services;
    this.#agent = agent;
    this.#models = models;
  }

  /** Slash commands do not wait: `/stop` and `/status` are for when something is under way. */
  isImmediate({ request }: RunRecord): boolean {
    return slashCommand(request.message) !== undefined;
  }

  async answer(run: Run): Promise<Answer> {
    const { sessionKey, request } = run.record;
    const slash = slashCommand(request.message);
    if (slash) return { ...BUILTIN, stopReason: "injected", steps: this.#command(run, slash) };
    const model = this.#agent.modelOf(sessionKey);
    if (!model) return { ...BUILTIN, steps: this.#command(run, looseCommand(request.message)) };
    return { provider: model.provider.id, model: model.id, steps: this.#ask(run, model) };
  }

  async *#command(run: Run, invocation: Invocation | undefined): AsyncGenerator<ModelStep> {
    const { sessionKey, principal, request } = run.record;
    const call = {
      runId: run.id,
      sessionKey,
      starter: { ...request.starter, principal },
      services: this.#services,
      agent: this.#agent,
      signal: run.signal,
    };
    if (!invocation) await this.#agent.lookAround();
    const text = invocation ? await runCommand(invocation, call) : unknownAnswer(call);
    yield { kind: "text", delta: text };
    yield { kind: "usage", usage: { input: 0, output: 0, totalTokens: 0 } };
  }

  #ask(run: Run, model: Model): AsyncIterable<ModelStep> {
    const { sessions, system, clock } = this.#services;
    const { sessionId, sessionKey, request } = run.record;
    const agentId = sessions.agentOf(sessionKey);
    const openRuns = new Set(this.#agent.runs.open().map(({ id }) => id));
    const messages = modelMessages(sessions.transcript.last(sessionId, HISTORY_MESSAGES), {
      runId: run.id,
      openRuns,
      contextWindow: model.contextWindow,
      image: (part) => sessions.transcript.image(part),
    });
    const prompt = systemPrompt({
      name: this.#agent.identity(agentId).name,
      agentId,
      sessionKey,
      now: clock.now(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      extra: request.extraSystemPrompt,
      events: system.takeEvents(sessionKey),
    });
    const thinking = request.thinking ?? this.#agent.thinkingOf(sessionKey);
    return this.#models.stream({ model, system: prompt, messages, thinking, signal: run.signal });
  }
}

/** Makes spans of what happens: the message, the policy, the run, its models and tools, and what is sent. */
import { messageTraceId, runTraceId, spanIdOf } from "../../../base/trace-id.ts";
import { agent as agentEvent } from "../../agent/agent/events.ts";
import type { RunObserver } from "../../agent/agent/runs.ts";
import type { CountedCall } from "../../agent/usage/usage.ts";
import type { DecidedMessage, SettledMessage } from "../../surfaces/messaging/watchers.ts";
import type { Exporter } from "./exporter.ts";
import { type JoinedTraces, ownTraceOf, runSpanId } from "./joined.ts";
import type { TracesServices } from "./traces.ts";

/** Calls of tools whose end is waited for. */
const MAX_OPEN_CALLS = 1_000;

/** The run's span, and that of the message before it. */
const RUN = "run";
const MESSAGE = "message";

type Ended = Parameters<RunObserver["ended"]>;

export class Tracer implements AsyncDisposable {
  readonly #services: TracesServices;
  readonly #exporter: Exporter;
  readonly #joined: JoinedTraces;
  readonly #stack = new DisposableStack();
  readonly #openCalls = new Map<string, number>();
  #calls = 0;

  constructor(services: TracesServices, { exporter, joined }: { exporter: Exporter; joined: JoinedTraces }) {
    const { agent, bus, messaging, usage } = services;
    this.#services = services;
    this.#exporter = exporter;
    this.#joined = joined;
    this.#stack.use(
      messaging.watchers.add({
        decided: (message) => this.#message(message),
        settled: (message) => this.#sent(message),
      }),
    );
    this.#stack.use(agent.runs.observers.add({ ended: (...ended) => this.#run(...ended) }));
    this.#stack.use(usage.watchers.add({ called: (call) => this.#model(call) }));
    this.#stack.use(
      bus.on(agentEvent, ({ runId, stream, ts, data }) => {
        if (stream === "tool") this.#tool(runId, ts, data);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stack.dispose();
    await this.#exporter[Symbol.asyncDispose]();
  }

  #message({ id, channel, account, receivedAt, decidedAt, outcome, rule, runId }: DecidedMessage): void {
    const traceId = messageTraceId({ id, channel, account, receivedAt });
    const isError = outcome === "failed" || outcome === "expired";
    const attributes = {
      "moltbot.channel": channel,
      "moltbot.outcome": outcome,
      "moltbot.rule": rule,
      "moltbot.run_id": runId,
    };
    const root = spanIdOf(traceId, MESSAGE);
    const times = { startAt: receivedAt, endAt: decidedAt };
    this.#exporter.add({
      traceId,
      spanId: root,
      name: `message ${channel}`,
      kind: "consumer",
      ...times,
      isError,
      attributes,
    });
  }

  #run({ id, source, acceptedAt, attempts }: Ended[0], { kind, provider, model }: Ended[1]): void {
    const { clock, messaging } = this.#services;
    const [first] = messaging.inbox.ofRun(id);
    const traceId = this.#traceOf(id);
    const parentSpanId = first ? spanIdOf(traceId, MESSAGE) : this.#joined.of(id)?.parentSpanId;
    if (first)
      this.#exporter.add({
        ...{ traceId, spanId: spanIdOf(traceId, "policy"), parentSpanId, name: "policy", kind: "internal" },
        ...{ startAt: first.receivedAt, endAt: acceptedAt, attributes: { "moltbot.channel": first.channel } },
      });
    this.#exporter.add({
      ...{ traceId, spanId: runSpanId(traceId, id), parentSpanId, name: RUN, kind: "internal" },
      ...{ startAt: acceptedAt, endAt: clock.now(), isError: kind === "error" },
      attributes: {
        ...{ "moltbot.run_id": id, "moltbot.source": source, "moltbot.outcome": kind, "moltbot.attempts": attempts },
        ...{ "gen_ai.provider.name": provider, "gen_ai.response.model": model },
      },
    });
  }

  #model({
    runId,
    provider,
    model,
    input,
    output,
    cacheRead,
    cacheWrite,
    isEstimate,
    startedAt,
    endedAt,
  }: CountedCall): void {
    const traceId = runId === undefined ? runTraceId(`${startedAt} ${++this.#calls}`) : this.#traceOf(runId);
    this.#exporter.add({
      ...{
        traceId,
        spanId: spanIdOf(traceId, `model ${startedAt} ${++this.#calls}`),
        name: `chat ${model}`,
        kind: "client",
      },
      parentSpanId: runId === undefined ? undefined : runSpanId(traceId, runId),
      ...{ startAt: startedAt, endAt: endedAt },
      attributes: {
        ...{ "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model },
        ...{ "gen_ai.usage.input_tokens": input + cacheRead + cacheWrite, "gen_ai.usage.output_tokens": output },
        "moltbot.usage_is_estimate": isEstimate,
      },
    });
  }

  #tool(runId: string, at: number, data: Readonly<Record<string, unknown>>): void {
    const { phase, name, toolCallId, isError } = data;
    const call = `${runId} ${toolCallId}`;
    if (phase === "start" && this.#openCalls.size < MAX_OPEN_CALLS) this.#openCalls.set(call, at);
    if (phase !== "result") return;
    const startAt = this.#openCalls.get(call) ?? at;
    this.#openCalls.delete(call);
    const traceId = this.#traceOf(runId);
    this.#exporter.add({
      ...{ traceId, spanId: spanIdOf(traceId, `tool ${call}`), parentSpanId: runSpanId(traceId, runId) },
      ...{ name: `execute_tool ${name}`, kind: "internal", startAt, endAt: at, isError: isError === true },
      attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": String(name) },
    });
  }

  #sent({ id, channel, origin, state, attempts, queuedAt }: SettledMessage): void {
    const runId = /^run:(.+)$/.exec(origin)?.[1];
    const traceId = runId === undefined ? runTraceId(origin) : this.#traceOf(runId);
    this.#exporter.add({
      ...{ traceId, spanId: spanIdOf(traceId, `send ${id}`), name: `send ${channel}`, kind: "producer" },
      parentSpanId: runId === undefined ? undefined : runSpanId(traceId, runId),
      ...{ startAt: queuedAt, endAt: this.#services.clock.now(), isError: state !== "sent" },
      attributes: { "moltbot.channel": channel, "moltbot.outcome": state, "moltbot.attempts": attempts },
    });
  }

  /** The trace that a run belongs to: that of its caller, that of the message which began it, or its own. */
  #traceOf(runId: string): string {
    return this.#joined.of(runId)?.traceId ?? ownTraceOf(this.#services.messaging, runId);
  }
}

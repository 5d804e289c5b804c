/** A recording in progress. A run that is too long for it is not kept. */
import type { Clock } from "../../../base/time/clock.ts";
import type { Beginning } from "../agent/recorder.ts";
import type { Run } from "../agent/run/run.ts";
import type { RunOutcome, RunRecord } from "../agent/run/run-store.ts";
import type { LoopPorts } from "../agent/turn/loop.ts";
import type { ModelMessage, ModelRequest, ModelStep } from "../models/port.ts";
import type { Model } from "../models/providers/providers.ts";
import type { ExchangeSink } from "./exchange-recorder.ts";
import {
  type Exchange,
  type Heard,
  type KeptEvent,
  type KeptModel,
  type Question,
  type Recording,
  VERSION,
} from "./recording.ts";

/** Characters of one recording, roughly. */
const MAX_CHARS = 8_000_000;

export class Draft implements ExchangeSink {
  readonly #record: RunRecord;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #began: number;
  readonly #names: string[] = [];
  readonly #changing = new Set<string>();
  readonly #heard: Heard[] = [];
  readonly #wasSteered: boolean[] = [];
  readonly #steered: (readonly ModelMessage[])[] = [];
  readonly #shrunk: (readonly ModelMessage[] | null)[] = [];
  readonly #exchanges: Exchange[] = [];
  readonly #events: KeptEvent[] = [];
  #question: Question | undefined;
  #beginning: Beginning | undefined;
  #restored = "";
  #mark: string | undefined;
  #maxTurns = 1;
  #chars = 0;
  #asking = 0;
  outcome: RunOutcome | undefined;

  constructor(record: RunRecord, clock: Clock) {
    this.#record = record;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#began = clock.monotonic();
  }

  get elapsedMs(): number {
    return Math.round(this.#clock.monotonic() - this.#began);
  }

  get isTooLong(): boolean {
    return this.#chars > MAX_CHARS;
  }

  take(chars: number): boolean {
    this.#chars += chars;
    return !this.isTooLong;
  }

  add(exchange: Exchange): void {
    if (this.#asking === 0) exchange.aside = true;
    if (!this.isTooLong) this.#exchanges.push(exchange);
  }

  event(event: KeptEvent): void {
    // Every delta repeats the text before it; keep only the last one.
    if (event.stream === "assistant" && this.#events.at(-1)?.stream === "assistant") this.#events.pop();
    else if (!this.take(sizeOf(event))) return;
    this.#events.push(event);
  }

  asked({ model, fallbacks = [], system, systemTail, tools = [], thinking }: ModelRequest): void {
    if (this.#question) return;
    this.take(system.length + sizeOf(systemTail) + sizeOf(tools));
    this.#question = { model: bare(model), fallbacks: fallbacks.map(bare), system, systemTail, tools, thinking };
  }

  /** Wraps the ports of a turn loop so that what they answer is noted. */
  watch(ports: LoopPorts, beginning: Beginning, { text, mark }: Pick<Run, "text" | "mark">): LoopPorts {
    this.#beginning = beginning;
    this.#restored = text;
    this.#mark = mark;
    this.#maxTurns = ports.maxTurns;
    this.take(sizeOf(beginning));
    const hear = (heard: Heard) => {
      if (this.take(sizeOf(heard))) this.#heard.push(heard);
    };
    return {
      ...ports,
      ask: (messages) => this.#attended(ports.ask(messages)),
      nameCall: (callId) => {
        const name = ports.nameCall(callId);
        this.#names.push(name);
        return name;
      },
      changes: (call) => {
        const changes = ports.changes(call);
        if (changes) this.#changing.add(call.name);
        return changes;
      },
      call: async (call, update) => {
        const { callId, name } = call;
        const result = await ports.call(call, (text) => {
          hear({ kind: "update", callId, text });
          update(text);
        });
        hear({ kind: "result", callId, name, result });
        return result;
      },
      isSteered: () => {
        const isSteered = ports.isSteered();
        this.#wasSteered.push(isSteered);
        return isSteered;
      },
      steered: () => {
        const messages = ports.steered();
        this.#steered.push(messages);
        return messages;
      },
      shrink: async (error) => {
        const messages = await ports.shrink(error);
        this.#shrunk.push(messages ?? null);
        return messages;
      },
    };
  }

  /** Passes the steps on; requests that are made while they come count as the loop's own. */
  async *#attended(steps: AsyncIterable<ModelStep>): AsyncGenerator<ModelStep> {
    this.#asking++;
    try {
      yield* steps;
    } finally {
      this.#asking--;
    }
  }

  /** The whole, once the run is over; undefined when it never asked a model, or is too long. */
  finish(): Recording | undefined {
    if (!this.#question || !this.#beginning || !this.outcome || this.isTooLong) return undefined;
    const { id, source, sessionKey, sessionId, acceptedAt, request } = this.#record;
    return {
      version: VERSION,
      run: {
        ...{ id, source, sessionKey, sessionId, acceptedAt },
        ...{ message: request.message, startedAt: this.#startedAt, endedAt: this.#clock.now() },
      },
      outcome: this.outcome,
      question: this.#question,
      beginning: this.#beginning,
      restored: this.#restored,
      maxTurns: this.#maxTurns,
      mark: this.#mark,
      names: this.#names,
      changing: [...this.#changing],
      heard: this.#heard,
      wasSteered: this.#wasSteered,
      steered: this.#steered,
      shrunk: this.#shrunk,
      exchanges: this.#exchanges,
      events: this.#events,
    };
  }
}

function bare({ provider, ...model }: Model): KeptModel {
  const { id, label, api, baseUrl } = provider;
  return { ...model, provider: { id, label, api, baseUrl } };
}

/** Roughly how long something is as text; pictures count with their bytes. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return Math.ceil((value.byteLength * 4) / 3);
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce((sum: number, each) => sum + sizeOf(each) + 8, 0);
}

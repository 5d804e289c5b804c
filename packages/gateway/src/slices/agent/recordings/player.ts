/** Plays a recording to the loop: models and tools answer what they answered then, in the recorded order. */

import { jsonOr } from "../../../base/json.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { hasSpoken, toolWords } from "../agent/agent.ts";
import type { LoopPorts } from "../agent/turn/loop.ts";
import type { ModelPort, ModelRequest } from "../models/port.ts";
import type { Model } from "../models/providers/providers.ts";
import type { Traffic } from "../models/traffic.ts";
import { type Difference, differenceOf } from "./difference.ts";
import type { Exchange, Heard, KeptModel, Recording } from "./recording.ts";

/** The time for readers to read what came before an answer breaks off, ms. */
const BREAK_MS = 150;

/** Why a replay stops where the run was stopped. */
export class ReplayStopped extends Error {}

export class Player implements Traffic {
  readonly differences: Difference[] = [];
  readonly #recording: Recording;
  readonly #clock: Clock;
  readonly #redact: (text: string) => string;
  readonly #abort = new AbortController();
  readonly #unheard: Set<Heard>;
  readonly #exchanges: readonly Exchange[];
  readonly #calling = new Set<string>();
  #moved = Promise.withResolvers<void>();
  #requests = 0;

  constructor(recording: Recording, options: { clock: Clock; redact: (text: string) => string }) {
    this.#recording = recording;
    this.#clock = options.clock;
    this.#redact = options.redact;
    this.#unheard = new Set(recording.heard);
    this.#exchanges = recording.exchanges.filter(({ aside }) => !aside);
  }

  /** Aborts where the run was stopped. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Requests that were made then and have not been made yet. */
  get unasked(): readonly Exchange[] {
    return this.#exchanges.slice(this.#requests);
  }

  /** How many requests were made. */
  get requests(): number {
    return this.#requests;
  }

  /** What the loop rests on; the models are asked through `models`, whose traffic this plays. */
  ports(models: ModelPort): LoopPorts {
    const { names, wasSteered, steered, shrunk, changing, maxTurns, question, mark } = this.#recording;
    const [name, wasSaid, said, shorter] = [names.values(), wasSteered.values(), steered.values(), shrunk.values()];
    const signal = this.#abort.signal;
    const request: Omit<ModelRequest, "messages"> = {
      model: whole(question.model),
      fallbacks: question.fallbacks.map(whole),
      system: question.system,
      systemTail: question.systemTail,
      tools: question.tools,
      thinking: question.thinking,
      ...{ signal, runId: "replay" },
    };
    return {
      signal,
      maxTurns,
      ask: (messages) => models.stream({ ...request, messages, hasSpoken: hasSpoken(messages) }),
      shrink: async () => shorter.next().value ?? undefined,
      nameCall: (callId) => name.next().value ?? callId,
      changes: (call) => changing.includes(call.name),
      call: async ({ callId, name: tool }, update) => await this.#call(callId, tool, update),
      told: ({ name: tool }, text) => (mark === undefined ? text : toolWords(mark, tool, text)),
      keepTurn: () => {},
      keepResult: () => {},
      isSteered: () => wasSaid.next().value ?? false,
      steered: () => said.next().value ?? [],
      now: () => this.#clock.monotonic(),
    };
  }

  fetchFor(): typeof fetch {
    return async (input, init) => {
      const exchange = this.#exchanges[this.#requests++];
      const at = `request ${this.#requests}`;
      if (!exchange) {
        this.differences.push({ at, recorded: "none", replayed: `${init?.method ?? "GET"} ${String(input)}` });
        return Response.json({ error: { message: "The recording has no answer to this request." } }, { status: 400 });
      }
      const sent = this.#redact(typeof init?.body === "string" ? init.body : "");
      const difference = differenceOf(at, jsonOr(exchange.requestBody, exchange.requestBody), jsonOr(sent, sent));
      if (difference) this.differences.push(difference);
      return this.#answer(exchange);
    };
  }

  #answer(exchange: Exchange): Response {
    const { status, responseHeaders = {}, responseBody, error } = exchange;
    const problem = error && Object.assign(new TypeError(error.message), { cause: { code: error.code } });
    if (status === undefined) throw problem ?? this.#stop();
    const isWhole = exchange.durationMs !== undefined && !error;
    const text = new TextEncoder().encode(responseBody);
    let isSent = text.byteLength === 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (!isSent) {
            isSent = true;
            return controller.enqueue(text);
          }
          if (isWhole) return controller.close();
          await this.#clock.sleep(BREAK_MS, this.#abort.signal);
          if (this.#recording.outcome.kind === "aborted") this.#stop();
          else controller.error(problem ?? new TypeError("terminated"));
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { status, headers: responseHeaders });
  }

  /** What a call heard, each in its turn among the calls that run beside it. */
  async #call(callId: string, tool: string, update: (text: string) => void) {
    this.#calling.add(callId);
    this.#move();
    // Neighbouring calls begin in one moment.
    await this.#clock.sleep(0, this.#abort.signal);
    for (;;) {
      const next = [...this.#unheard].find((heard) => this.#calling.has(heard.callId));
      const isOurs = next?.callId === callId;
      const isKnown = [...this.#unheard].some((heard) => heard.callId === callId);
      if (!isKnown) return this.#unknown(callId, tool);
      if (!next || !isOurs) {
        await this.#moved.promise;
        continue;
      }
      this.#unheard.delete(next);
      if (next.kind === "result") {
        this.#calling.delete(callId);
        this.#move();
        return next.result;
      }
      update(next.text);
      this.#move();
    }
  }

  /** A call without an answer: the run was stopped in it, or it was not made when the run was recorded. */
  #unknown(callId: string, tool: string) {
    this.#calling.delete(callId);
    this.#move();
    if (this.#recording.outcome.kind === "aborted") throw this.#stop();
    this.differences.push({ at: `call of ${tool}`, recorded: "none", replayed: callId });
    return { text: "The recording has no answer to this call.", isError: true };
  }

  #move(): void {
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }

  #stop(): Error {
    const error = new ReplayStopped("the run was stopped here");
    this.#abort.abort(error);
    return error;
  }
}

/** The model as it is asked: its provider answers from the recording, so any key will do. */
function whole({ provider, ...model }: KeptModel): Model {
  return { ...model, provider: { ...provider, apiKey: "replayed", headers: {}, models: [], origin: "config" } };
}

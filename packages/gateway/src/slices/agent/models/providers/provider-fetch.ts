/**
 * The `fetch` for models. It names failures, also those with status 200, gives up on a silent provider, thins out
 * streams, and lets a run's traffic be recorded.
 */
import type { Clock } from "../../../../base/time/clock.ts";
import { ModelError } from "../model-error.ts";
import { jsonIn, readBody } from "../sdk/body-reading.ts";
import { type ChunkReader, coalesceEvents, type EventReading } from "../sdk/event-stream.ts";
import type { Traffic } from "../traffic.ts";
import { objectsIn } from "../wire/json.ts";
import { normalizerFor, problemIn } from "../wire/normalizer.ts";
import {
  errorInAnswer,
  errorInStream,
  errorOfBody,
  errorOfConnection,
  errorOfCut,
  errorOfResponse,
} from "./provider-errors.ts";
import type { Model, Provider } from "./providers.ts";

/**
 * The header that names the run of a request; it is removed before the request is sent. The SDK's objects outlive runs.
 */
export const RUN_HEADER = "x-moltbot-run";

const STALL_MS = 120_000;

export interface FetchOptions {
  readonly clock: Clock;
  traffic(): Traffic | undefined;
}

/** The `fetch` for one model. What it throws, and what its bodies throw, is a `ModelError` or the signal's reason. */
export function fetchFor({ id, provider }: Model, { clock, traffic }: FetchOptions): typeof fetch {
  const stallMs = provider.stallMs ?? STALL_MS;
  return async (url, init = {}) => {
    const { runId, headers } = withoutRun(init.headers);
    const stalled = new AbortController();
    const stall = new StallTimer(stallMs, clock, () => stalled.abort(silence(provider, stallMs)));
    const signal = init.signal ? AbortSignal.any([init.signal, stalled.signal]) : stalled.signal;
    const recordingFetch = runId === undefined ? undefined : traffic()?.fetchFor(runId, fetch);
    const request = { ...init, headers, signal, redirect: "manual" } as const;
    const response = await respond(recordingFetch ?? fetch, url, request, { stall, provider });
    if (!response.ok) throw await errorOfResponse(response, provider, id);
    const bytes = response.body?.getReader();
    if (!bytes) throw errorOfBody("", provider);
    const nextChunk = async () => {
      using _watch = stall.watch();
      return (await bytes.read()).value;
    };
    const normalizer = normalizerFor(provider.api);
    const reading: EventReading = {
      normalizer,
      onContent: () => stall.renew(),
      problem: (problem, said) => errorInAnswer(problem, { said, provider, modelId: id }),
      cut: (said) => errorOfCut(provider, said),
      failed: (error) => void (init.signal && failures.set(init.signal, error)),
      unreadable: () => errorInStream(undefined, provider),
    };
    const body = await readBody(nextChunk);
    const chunks = body.kind === "events" ? body.chunks : eventsOf(body.text, reading, provider);
    const events = { "content-type": "text/event-stream" };
    return new Response(streamOf(coalesceEvents(chunks, clock, reading)), { status: 200, headers: events });
  };
}

/** Reasons of incomplete answers, by the signals of their requests. */
const failures = new WeakMap<AbortSignal, Error>();

/** Why the answer to the request with this signal is not whole; undefined when nothing is known against it. */
export function failureOf(signal: AbortSignal): Error | undefined {
  return failures.get(signal);
}

/** An answer in one piece as the events that it would have been. Throws what a body without one means. */
function eventsOf(text: string, { normalizer, problem }: EventReading, provider: Provider): ChunkReader {
  const body = jsonIn(text);
  const trouble =
    body === undefined
      ? undefined
      : objectsIn(body)
          .map(problemIn)
          .find((each) => each !== undefined);
  if (trouble !== undefined) throw problem(trouble, false);
  const events = Array.isArray(body) && normalizer.whole(body) === undefined ? objectsIn(body) : normalizer.whole(body);
  if (body === undefined || events === undefined || events.length === 0) throw errorOfBody(text, provider);
  const lines = [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), "data: [DONE]\n\n"];
  const left = [new TextEncoder().encode(lines.join(""))];
  return async () => left.shift();
}

/** Ends a request whose provider has sent nothing for too long. Only parts of an answer renew it; keep-alive data does not. */
class StallTimer {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #end: () => void;
  #spentMs = 0;

  constructor(ms: number, clock: Clock, end: () => void) {
    this.#ms = ms;
    this.#clock = clock;
    this.#end = end;
  }

  renew(): void {
    this.#spentMs = 0;
  }

  /** Runs while somebody waits for the provider; a slow reader does not count against it. */
  watch(): Disposable {
    const since = this.#clock.monotonic();
    const timer = this.#clock.after(Math.max(0, this.#ms - this.#spentMs), this.#end);
    return {
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        this.#spentMs += this.#clock.monotonic() - since;
      },
    };
  }
}

async function respond(
  send: typeof fetch,
  url: FetchInput,
  init: RequestInit,
  { stall, provider }: { stall: StallTimer; provider: Provider },
): Promise<Response> {
  using _watch = stall.watch();
  try {
    return await send(url, init);
  } catch (error) {
    throw errorOfConnection(error, provider);
  }
}

function withoutRun(given: RequestInit["headers"]): { runId: string | undefined; headers: Headers } {
  const headers = new Headers(given);
  const runId = headers.get(RUN_HEADER);
  headers.delete(RUN_HEADER);
  return { runId: runId === null ? undefined : decodeURIComponent(runId), headers };
}

/** The error for silence. It is not tried again, because the wait was long enough. */
function silence({ label }: Provider, ms: number): ModelError {
  return new ModelError("temporary", `${label} has sent nothing for ${ms / 1000} s; try again.`, { isFinal: true });
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

type FetchInput = Parameters<typeof fetch>[0];

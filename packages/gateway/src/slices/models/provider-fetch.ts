/**
 * The `fetch` that models are asked with: names what went wrong, gives up on a provider that says nothing, thins the
 * stream out, and lets a run's traffic be kept.
 */
import type { Clock } from "../../base/clock.ts";
import { thinOut } from "./event-stream.ts";
import { ModelError } from "./model-error.ts";
import { errorOfConnection, errorOfResponse } from "./provider-errors.ts";
import type { Model, Provider } from "./providers.ts";
import type { Traffic } from "./traffic.ts";

/** Names the run that a request belongs to; taken off before it leaves. The SDK's objects outlive runs. */
export const RUN_HEADER = "x-moltbot-run";

const STALL_MS = 120_000;

export interface FetchOptions {
  readonly clock: Clock;
  traffic(): Traffic | undefined;
}

/** The `fetch` for one model. What it throws, and what its bodies throw, is a `ModelError` or the signal's reason. */
export function fetchFor({ id, provider }: Model, { clock, traffic }: FetchOptions): typeof fetch {
  const patienceMs = provider.patienceMs ?? STALL_MS;
  return async (url, init = {}) => {
    const { runId, headers } = withoutRun(init.headers);
    const stalled = new AbortController();
    const watch = () => clock.after(patienceMs, () => stalled.abort(silence(provider, patienceMs)));
    const signal = init.signal ? AbortSignal.any([init.signal, stalled.signal]) : stalled.signal;
    const keeper = runId === undefined ? undefined : traffic()?.fetchFor(runId, fetch);
    const request = { ...init, headers, signal, redirect: "manual" } as const;
    const response = await respond(keeper ?? fetch, url, request, { watch, provider });
    if (!response.ok) throw await errorOfResponse(response, provider, id);
    const { body } = response;
    if (!body || !/event-stream/.test(response.headers.get("content-type") ?? "")) return response;
    const bytes = body.getReader();
    const nextChunk = async () => {
      using _watch = watch();
      return (await bytes.read()).value;
    };
    return new Response(streamOf(thinOut(nextChunk, clock)), { status: 200, headers: response.headers });
  };
}

async function respond(
  send: typeof fetch,
  url: FetchInput,
  init: RequestInit,
  { watch, provider }: { watch: () => Disposable; provider: Provider },
): Promise<Response> {
  using _watch = watch();
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

/** Not asked again: whoever waited this long has waited enough. */
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

/** Watches the HTTP between a run and its providers and keeps it, without a credential. */

import { defined } from "../../../base/defined.ts";
import { codeOf, ignore, messageOf } from "../../../base/errors.ts";
import type { Clock } from "../../../base/time/clock.ts";
import type { Exchange } from "./recording.ts";

/** Headers that say what was sent, never by whom. */
const KEPT_HEADERS: ReadonlySet<string> = new Set([
  "content-type",
  "anthropic-version",
  "anthropic-beta",
  "openai-beta",
  "retry-after",
  "retry-after-ms",
  "request-id",
  "x-request-id",
]);

/** Where exchanges are kept. */
export interface ExchangeSink {
  /** Milliseconds since the run began. */
  readonly elapsedMs: number;
  add(exchange: Exchange): void;
  /** Whether there is room for so many characters more; the exchange is left as it is when there is not. */
  take(chars: number): boolean;
}

/** Wraps `fetch` so that each request and its answer are kept in the sink. */
export function recordingFetch(fetch: typeof globalThis.fetch, sink: ExchangeSink, clock: Clock): typeof fetch {
  return async (input, init) => {
    const startedAt = clock.monotonic();
    const requestBody = typeof init?.body === "string" ? init.body : "";
    sink.take(requestBody.length);
    const exchange: Exchange = {
      at: sink.elapsedMs,
      method: init?.method ?? "GET",
      url: bareUrl(input),
      requestHeaders: kept(new Headers(init?.headers)),
      requestBody,
      responseBody: "",
    };
    sink.add(exchange);
    const ended = () => {
      exchange.durationMs = Math.round(clock.monotonic() - startedAt);
    };
    try {
      const response = await fetch(input, init);
      exchange.status = response.status;
      exchange.responseHeaders = kept(response.headers);
      return response.body ? watched(response, exchange, sink, ended) : response;
    } catch (error) {
      exchange.error = problemOf(error);
      ended();
      throw error;
    }
  };
}

/** Wraps an answer so that its body is kept while it is read. */
function watched(response: Response, exchange: Exchange, sink: ExchangeSink, ended: () => void): Response {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const keep = (text: string) => {
    if (sink.take(text.length)) exchange.responseBody += text;
  };
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (isCancelled) return;
        keep(decoder.decode(value, { stream: !done }));
        if (!done) return controller.enqueue(value);
        ended();
        controller.close();
      } catch (error) {
        exchange.error = problemOf(error);
        ended();
        controller.error(error);
      }
    },
    async cancel(reason) {
      isCancelled = true;
      if (exchange.durationMs === undefined) exchange.error = { message: "the reader went away" };
      ended();
      await reader.cancel(reason).catch((error: unknown) => ignore(error, "the stream has ended"));
    },
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

function problemOf(error: unknown): { message: string; code?: string | undefined } {
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | undefined)?.cause);
  return { message: messageOf(error), ...defined({ code }) };
}

function kept(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => KEPT_HEADERS.has(name)));
}

/** Without user, password and query: some providers take their key there. */
function bareUrl(input: Parameters<typeof fetch>[0]): string {
  const url = new URL(input instanceof Request ? input.url : input);
  return `${url.origin}${url.pathname}`;
}

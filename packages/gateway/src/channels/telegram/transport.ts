/**
 * Runs the client library over Node's HTTP clients. The library's own does not notice an answer that is cut off, and cannot
 * tell a connection that was never made from one that was lost.
 */
import type { Api, ApiClientOptions } from "grammy/web";
import { jsonOr } from "../../base/json.ts";
import { postText, type TextAnswer } from "../../base/net/post-text.ts";
import { type ChannelContext, retryAfterIn, withTimeHeard } from "../../kit/channel.ts";

type ApiSignal = NonNullable<Parameters<Api["getMe"]>[0]>;

/** The signal under the library's type, which names a package from before Node had its own. */
export function forApi(signal: AbortSignal): ApiSignal {
  return signal as unknown as ApiSignal;
}

type ApiFetch = NonNullable<ApiClientOptions["fetch"]>;

/** An answer as the library reads it. */
type Answer = Response | TextAnswer;

/** For the library's options; the time that Telegram's answers name is told on to `timeListener`. */
export function nodeFetch(timeListener?: Pick<ChannelContext, "heardTime">): ApiFetch {
  const heard = async (url: string, request: ApiRequest) => {
    const answer = await asApi(await requestForApi(url, request));
    return timeListener ? withTimeHeard(answer, timeListener) : answer;
  };
  // The library's types name the fetch of a package from before Node had its own.
  return heard as unknown as ApiFetch;
}

/** A proxy before the Bot API says in a form of its own that it takes no more; the library would not tell that apart. */
async function asApi(answer: Answer): Promise<Answer> {
  if (answer.status !== 429) return answer;
  const text = await answer.text();
  const said = (jsonOr(text) ?? {}) as { error_code?: unknown };
  const seconds = retryAfterIn(answer) / 1000;
  const own = { ok: false, error_code: 429, description: "Too Many Requests", parameters: { retry_after: seconds } };
  const { headers, status } = answer;
  return new Response(said.error_code === undefined ? JSON.stringify(own) : text, {
    status,
    headers: { date: headers.get("date") ?? "" },
  });
}

interface ApiRequest extends Omit<RequestInit, "signal" | "headers"> {
  readonly signal: AbortSignal;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent?: unknown;
  readonly compress?: unknown;
}

async function requestForApi(url: string, request: ApiRequest): Promise<Answer> {
  const { headers, body, signal } = request;
  if (typeof body !== "string") return await fetchForApi(url, request);
  const answer = await postText(url, { headers, body, signal });
  // A server of one's own may have moved.
  return answer.status >= 300 && answer.status < 400 ? await fetchForApi(url, request) : answer;
}

/** Node's fetch insists on a signal of Node's, and knows no agents. */
async function fetchForApi(url: string, request: ApiRequest): Promise<Response> {
  const { signal, agent: _, compress: __, ...rest } = request;
  const aborted = new AbortController();
  const abort = () => aborted.abort();
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  // A streamed body can only be sent with this (fetch standard).
  return await fetch(url, { ...rest, duplex: "half", signal: aborted.signal } as RequestInit);
}

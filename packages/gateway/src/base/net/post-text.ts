/**
 * POSTs a text with Node's HTTP client and reads the answer whole. A request takes half the CPU of one by `fetch`, which
 * channels notice: each message is a request. Proxies of the environment hold for both.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { TLSSocket } from "node:tls";
import { TellableError } from "../errors.ts";

const CONNECT_LIMIT_MS = 10_000;

export interface PostOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: Pick<AbortSignal, "aborted" | "reason" | "addEventListener" | "removeEventListener">;
  /** The most time for a connection, TLS included, ms; 10,000 when not given, as for `fetch`. */
  readonly connectLimitMs?: number;
}

/** An answer that was read whole. */
export interface TextAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  /** Rejects with a `SyntaxError` when the text is no JSON. */
  json(): Promise<unknown>;
}

/**
 * Rejects with the system's error, whose code says whether anything reached the other side (`NEVER_REACHED`), also when the
 * answer breaks off; with the signal's reason when it aborts. Follows no redirect.
 */
export async function postText(
  url: string,
  { headers, body, signal, connectLimitMs = CONNECT_LIMIT_MS }: PostOptions,
): Promise<TextAnswer> {
  if (signal.aborted) throw signal.reason;
  const { promise, resolve, reject } = Promise.withResolvers<TextAnswer>();
  const begin = url.startsWith("https:") ? requestHttps : requestHttp;
  const request = begin(url, {
    method: "POST",
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)) },
  });
  const abort = () => {
    reject(signal.reason);
    request.destroy();
  };
  signal.addEventListener("abort", abort);
  limitConnecting(request, connectLimitMs, reject);
  request.on("error", reject);
  request.once("response", (response) => read(response).then(resolve, reject));
  request.end(body);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function read(response: IncomingMessage): Promise<TextAnswer> {
  let text = "";
  response.setEncoding("utf8");
  for await (const part of response) text += part;
  return {
    status: response.statusCode!,
    headers: {
      get: (name) => {
        const value = response.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      },
    },
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  };
}

/** A connection that is not made in time, also through a proxy, is one that was never made: its error says so. */
function limitConnecting(request: ClientRequest, limitMs: number, fail: (error: Error) => void): void {
  const timer = setTimeout(() => {
    fail(Object.assign(new TellableError("the other side does not answer"), { code: "UND_ERR_CONNECT_TIMEOUT" }));
    request.destroy();
  }, limitMs);
  const end = () => clearTimeout(timer);
  request.once("close", end);
  request.once("socket", (socket) => {
    if (!socket.connecting) return end();
    socket.once((socket as TLSSocket).encrypted ? "secureConnect" : "connect", end);
  });
}

/**
 * Small requests to model servers on this machine. `fetch` would do, but loading it costs an idle gateway several
 * megabytes.
 */
import http, { type IncomingMessage } from "node:http";

const MAX_BODY_CHARS = 1_000_000;

/** The JSON of a 200 answer; with `body` it is a POST. Throws when there is none within the signal's time. */
export async function askServer(
  url: string,
  { signal, body }: { signal: AbortSignal; body?: unknown },
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { request: open } = url.startsWith("https:") ? await import("node:https") : http;
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const method = body === undefined ? "GET" : "POST";
  const request = open(url, { method, headers, signal, agent: false }, resolve);
  request.on("error", reject);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const response = await promise;
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP ${response.statusCode}`);
  }
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > MAX_BODY_CHARS) throw new Error("more than a model server has to say of itself");
  }
  return JSON.parse(text);
}

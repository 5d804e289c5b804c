// A collector of traces: what it was sent over OTLP/HTTP with JSON.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { LIMIT_MS } from "../support/time-limit.ts";

export interface Seen {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
}

/** A collector that keeps what it is sent, and refuses the first requests when told to. */
export class Collector implements AsyncDisposable {
  readonly spans: Seen[] = [];
  readonly bodies: string[] = [];
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[] = [];
  refusals = 0;
  readonly #server = createServer(async (request, response) => {
    const body = await text(request);
    this.requests.push({ path: request.url ?? "", authorization: request.headers.authorization });
    if (this.refusals-- > 0) return void response.writeHead(503).end();
    this.bodies.push(body);
    for (const { scopeSpans } of JSON.parse(body).resourceSpans)
      for (const { spans } of scopeSpans) this.spans.push(...spans);
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  });

  static async start(): Promise<Collector> {
    const collector = new Collector();
    collector.#server.listen(0, "127.0.0.1");
    await once(collector.#server, "listening");
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async until(what: (spans: readonly Seen[]) => boolean): Promise<void> {
    for (const limit = AbortSignal.timeout(LIMIT_MS); !what(this.spans); limit.throwIfAborted())
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Serves POST requests of platforms under a path for each account. Each is authorised before its body is read. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { ignore } from "../../../../base/errors.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { Webhook } from "../../../../kit/channel.ts";
import type { AccountKey } from "../in/inbox/inbox-rows.ts";

const PREFIX = "/channels/";
const MAX_BODY_BYTES = 1024 * 1024;
const BODY_LIMIT_MS = 15_000;

export class Webhooks {
  readonly #clock: Clock;
  readonly #webhooks = new Map<string, Webhook>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Serves a path until disposed. */
  serve({ channel, account }: AccountKey, webhook: Webhook): Disposable & { readonly path: string } {
    const path = `${PREFIX}${channel}/${account}`;
    this.#webhooks.set(path, webhook);
    return {
      path,
      [Symbol.dispose]: () => {
        if (this.#webhooks.get(path) === webhook) this.#webhooks.delete(path);
      },
    };
  }

  /** As a route of the gateway's HTTP port. */
  matches(path: string): boolean {
    return path.startsWith(PREFIX);
  }

  async handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const webhook = this.#webhooks.get(path);
    if (!webhook) return end(response, 404);
    if (request.method !== "POST") return end(response.setHeader("Allow", "POST"), 405);
    const { headers } = request;
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    if (!webhook.authorized({ query, headers })) return end(response, 401);
    const body = await this.#readBody(request);
    if (typeof body === "number") return end(response, body);
    end(response, await webhook.handle(body, { query, headers }));
  }

  /** The body, or the HTTP status that refuses it. */
  async #readBody(request: IncomingMessage): Promise<Buffer | number> {
    using _limit = this.#clock.after(BODY_LIMIT_MS, () => request.destroy());
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) return 413;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } catch (error) {
      ignore(error, "the caller has gone, or was too slow");
      return 408;
    }
  }
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" }).end();
}

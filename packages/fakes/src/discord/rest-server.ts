/** The REST API on the wire: who may call, the trouble that was ordered, the headers of rate limits, and files. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { SendTroubles } from "../send-troubles.ts";
import { Refusal, readBody, tooMany } from "./request.ts";
import type { Api } from "./routes.ts";
import type { World } from "./world.ts";

const ID = /\d{17,}/g;

/** What the server answers from. */
export interface RestServerOptions {
  readonly world: World;
  readonly api: Api;
  readonly access: Access;
}

/** Who may use the API. */
export interface Access {
  readonly token: string;
  isRevoked: boolean;
}

export class RestServer {
  /** How many requests there were, by method and path pattern. */
  readonly requests = new Map<string, number>();
  readonly troubles = new SendTroubles();
  /** The next request is refused for so long, whatever its route. */
  globalLimitMs: number | undefined;
  readonly #world: World;
  readonly #api: Api;
  readonly #access: Access;

  constructor({ world, api, access }: RestServerOptions) {
    this.#world = world;
    this.#api = api;
    this.#access = access;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    try {
      if (url.pathname.startsWith("/attachments/")) return this.#serveFile(url, response);
      const answer = await this.#call(request, url);
      reply(response, answer === undefined ? 204 : 200, answer, { "x-ratelimit-bucket": bucketOf(request) });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 0, `the fake is broken: ${String(error)}`);
      const headers = { "x-ratelimit-bucket": bucketOf(request), ...refusal.headers };
      reply(response, refusal.status, refusal.body, headers);
    }
  }

  async #call(request: IncomingMessage, url: URL): Promise<unknown> {
    const method = request.method ?? "GET";
    const path = decodeURIComponent(url.pathname.replace(/^\/api(?:\/v10)?/, ""));
    const name = `${method} ${path.replaceAll(ID, ":id")}`;
    this.requests.set(name, (this.requests.get(name) ?? 0) + 1);
    const body = await readBody(request);
    const found = this.#api.find(method, path);
    // The tokens of interactions are in their addresses; everything else needs the bot's.
    const isByToken = /^\/(?:interactions|webhooks)\//.test(path);
    if (!isByToken && request.headers.authorization !== `Bot ${this.#access.token}`) throw unauthorized();
    if (this.#access.isRevoked) throw unauthorized();
    if (this.globalLimitMs !== undefined) {
      const limit = this.globalLimitMs;
      this.globalLimitMs = undefined;
      throw tooMany(limit, true);
    }
    const trouble = found.route.isSend ? this.troubles.take() : undefined;
    if (trouble?.kind === "rate-limit") throw tooMany(trouble.retryAfterMs, false);
    if (trouble?.kind === "refuse") throw new Refusal(403, 50013, "Missing Permissions");
    if (trouble?.kind === "slow") await sleep(trouble.ms);
    const answer = found.route.answer({ path: found.path, query: url.searchParams, body });
    if (trouble?.kind === "accept-then-fail") throw new Refusal(500, 0, "500: Internal Server Error");
    return answer;
  }

  #serveFile(url: URL, response: ServerResponse): void {
    const [, , , id] = url.pathname.split("/");
    const made = Number.parseInt(url.searchParams.get("is") ?? "0", 16);
    const attachments = [...this.#world.messages.values()].flatMap((message) => message.attachments);
    const file = attachments.find((each) => each.id === id)?.file;
    if (!file || made < this.#world.linksValidFrom) {
      response.writeHead(404, { "content-type": "text/plain" }).end("This content is no longer available.");
      return;
    }
    response.writeHead(200, { "content-type": file.mimeType, "content-length": file.bytes.length }).end(file.bytes);
  }
}

/** Each route has a bucket, whatever the ids in it. */
function bucketOf({ method = "GET", url = "" }: IncomingMessage): string {
  const route = `${method} ${url
    .split("?")[0]
    ?.replaceAll(ID, ":id")
    .replace(/reactions\/.*/, "reactions")}`;
  return Buffer.from(route).toString("hex").slice(-24);
}

function unauthorized(): Refusal {
  return new Refusal(401, 0, "401: Unauthorized");
}

/** Every answer carries the headers of its rate limit. 204 has no content type: the client would try to read it. */
function reply(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    "x-ratelimit-limit": "50",
    "x-ratelimit-remaining": "49",
    "x-ratelimit-reset-after": "1",
    ...(status !== 204 && { "content-type": "application/json" }),
    ...headers,
  });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

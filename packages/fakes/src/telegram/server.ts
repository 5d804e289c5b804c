/** The Bot API over HTTP: routes calls, makes the trouble that was ordered, and answers in the API's envelope. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Loopback } from "../loopback.ts";
import type { FakeFile } from "../platform.ts";
import { type SendTrouble, SendTroubles } from "../send-troubles.ts";
import { isSend, METHODS } from "./methods.ts";
import { type Parameters, Refusal, readParameters } from "./request.ts";
import type { Updates } from "./updates.ts";
import type { World } from "./world.ts";

/** Bots are also told that the markup of a text is wrong. */
type BotTrouble = SendTrouble<"rate-limit" | "accept-then-fail" | "refuse" | "slow" | "refuse-markup">;

export class BotApi implements AsyncDisposable {
  readonly loopback = new Loopback((request, response) => void this.#serve(request, response));
  /** Methods that were called, oldest first, without the polls. */
  readonly calls: string[] = [];
  readonly troubles = new SendTroubles<BotTrouble>();
  readonly #world: World;
  readonly #updates: Updates;
  readonly #token: string;
  #isRevoked = false;
  #failures = 0;

  constructor(world: World, updates: Updates, token: string) {
    this.#world = world;
    this.#updates = updates;
    this.#token = token;
  }

  revoke(): void {
    this.#isRevoked = true;
    this.#updates.fail(unauthorized());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.loopback[Symbol.asyncDispose]();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (error instanceof Refusal) refuse(response, error);
      else if (!response.destroyed) response.destroy(error as Error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.loopback.url);
    const [, isFile, token, rest = ""] = /^(\/file)?\/bot([^/]+)\/(.*)$/.exec(url.pathname) ?? [];
    if (token === undefined) throw new Refusal(404, "Not Found");
    if (decodeURIComponent(token) !== this.#token || this.#isRevoked) throw unauthorized();
    if (isFile) return this.#download(rest, response);
    const parameters = await readParameters(request, url);
    if (rest === "getUpdates") return this.#poll(parameters, response);
    this.calls.push(rest);
    await this.#call(rest, parameters, response);
  }

  async #call(name: string, parameters: Parameters, response: ServerResponse): Promise<void> {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (!method) throw new Refusal(404, "Not Found");
    const wrong = isSend(name) ? this.troubles.take((kind) => kind !== "refuse-markup") : undefined;
    if (wrong?.kind === "rate-limit") {
      const retry_after = Math.ceil(wrong.retryAfterMs / 1000);
      throw new Refusal(429, `Too Many Requests: retry after ${retry_after}`, { retry_after });
    }
    if (wrong?.kind === "refuse") throw new Refusal(403, "Forbidden: bot was blocked by the user");
    const usesMarkup = isSend(name) && parameters.text("parse_mode") !== undefined;
    const refusesMarkup = usesMarkup && this.troubles.take((kind) => kind === "refuse-markup") !== undefined;
    const result = await method({ world: this.#world, parameters, refusesMarkup });
    if (wrong?.kind === "accept-then-fail") return this.#fail(response);
    if (wrong?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, wrong.ms));
    answer(response, 200, { ok: true, result });
  }

  /** The three ways in which a taken message is not confirmed, in turn: an error, a proxy's page, nothing. */
  #fail(response: ServerResponse): void {
    const way = this.#failures++ % 3;
    if (way === 0) answer(response, 500, { ok: false, error_code: 500, description: "Internal Server Error" });
    else if (way === 1) response.writeHead(502, { "content-type": "text/html" }).end("<h1>502 Bad Gateway</h1>");
    else response.destroy();
  }

  #poll(parameters: Parameters, response: ServerResponse): void {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const poll = {
      answer: (result: unknown) => answer(response, 200, { ok: true, result }),
      fail: (refusal: Refusal) => refuse(response, refusal),
      cut: () => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
        response.write('{"ok":true,"result":[{"update_id":7', () => response.destroy());
      },
    };
    this.#updates.get(parameters, poll, gone.signal);
  }

  #download(path: string, response: ServerResponse): void {
    const file: FakeFile | undefined = this.#world.files.get(decodeURIComponent(path.split("/").at(-1) ?? ""));
    if (!file) throw new Refusal(404, "Not Found");
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.bytes.length });
    response.end(file.bytes);
  }
}

function unauthorized(): Refusal {
  return new Refusal(401, "Unauthorized");
}

function refuse(response: ServerResponse, { status, message, parameters }: Refusal): void {
  answer(response, status, { ok: false, error_code: status, description: message, ...(parameters && { parameters }) });
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.writableEnded) return;
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

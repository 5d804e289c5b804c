/** A proxy between a gateway and a fake platform: it gives answers that no fake would give. */
import { request as ask, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { FakePlatform } from "../../packages/fakes/src/index.ts";
import { Loopback } from "../../packages/fakes/src/loopback.ts";

/** An answer as it goes over the wire; `cut` ends the connection in the middle of the body. */
export interface OddAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly cut?: boolean;
}

export class AlteringProxy implements AsyncDisposable {
  readonly #loopback: Loopback;
  readonly #target: URL;
  readonly #path: RegExp;
  readonly #odd: OddAnswer[] = [];
  #alter: ((body: unknown) => unknown) | undefined;
  /** How many requests met an odd answer. */
  met = 0;
  /** How many requests to `path` came. */
  asked = 0;

  private constructor(target: string, path: RegExp) {
    this.#target = new URL(target);
    this.#path = path;
    const serve: RequestListener = (request, response) => this.#serve(request, response);
    this.#loopback = new Loopback(serve);
  }

  /** Requests whose path matches `path` get the odd answers that were ordered; all others reach the fake. */
  static async before(fake: FakePlatform, path: RegExp): Promise<AlteringProxy> {
    const address = Object.values(fake.settings).find((value) => /^http:/.test(String(value)));
    const proxy = new AlteringProxy(String(address), path);
    await proxy.#loopback.up();
    return proxy;
  }

  /** The fake's settings with this in place of its address. */
  settings(fake: FakePlatform): Record<string, unknown> {
    const own = new URL(this.#loopback.url);
    return Object.fromEntries(
      Object.entries(fake.settings).map(([name, value]) => [
        name,
        /^http:/.test(String(value)) ? String(value).replace(this.#target.host, own.host) : value,
      ]),
    );
  }

  /** The next request to `path` is answered so. */
  answers(odd: OddAnswer): void {
    this.#odd.push(odd);
  }

  /** From now on the platform's own answers to `path` are altered; without a function they are left alone. */
  alters(alter: ((body: unknown) => unknown) | undefined): void {
    this.#alter = alter;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loopback[Symbol.asyncDispose]();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const isMeant = this.#path.test(request.url ?? "");
    if (isMeant) this.asked += 1;
    const odd = isMeant ? this.#odd.shift() : undefined;
    if (!odd) return this.#pass(request, response, isMeant ? this.#alter : undefined);
    this.met += 1;
    request.resume().on("end", () => {
      const { status = 200, headers = {}, body = "", cut = false } = odd;
      const type = { "content-type": "application/json", ...headers };
      response.writeHead(status, cut ? { ...type, "content-length": String(body.length + 50) } : type);
      if (cut) response.write(body, () => response.destroy());
      else response.end(body);
    });
  }

  #pass(request: IncomingMessage, response: ServerResponse, alter: ((body: unknown) => unknown) | undefined): void {
    const { method, headers, url } = request;
    const { "accept-encoding": _, ...plain } = headers;
    const options = { method, headers: alter ? plain : headers };
    const forwarded = ask(new URL(url ?? "/", this.#target), options, (answer) => {
      if (alter) return void this.#answerAltered(answer, response, alter);
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    response.on("close", () => forwarded.destroy());
    request.pipe(forwarded);
  }

  async #answerAltered(
    answer: IncomingMessage,
    response: ServerResponse,
    alter: (body: unknown) => unknown,
  ): Promise<void> {
    const body = JSON.stringify(alter(JSON.parse(await text(answer))));
    this.met += 1;
    const { "content-length": _, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 500, headers);
    response.end(body);
  }
}

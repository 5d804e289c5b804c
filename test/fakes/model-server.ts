/** What the fake model providers share: a real HTTP server on a free loopback port that follows a script and records. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server does with one request. `after` is text that is sent first. */
export type Script =
  | {
      readonly kind: "text";
      readonly text: string | readonly string[];
      readonly gapMs?: number;
      readonly hold?: Promise<unknown>;
    }
  | { readonly kind: "tokens"; readonly count: number; readonly gapMs?: number }
  | { readonly kind: "tool-call"; readonly name: string; readonly arguments: unknown }
  | TurnScript
  | { readonly kind: "refusal"; readonly text: string }
  | { readonly kind: "too-long" }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** The whole body, in place of the provider's usual one. */
      readonly body?: unknown;
    }
  | { readonly kind: "error"; readonly after: string; readonly message: string }
  | { readonly kind: "cut"; readonly after: string }
  | { readonly kind: "hang"; readonly after?: string }
  /** The answer as it is, each piece in a packet of its own; the connection ends with the last one. */
  | {
      readonly kind: "bytes";
      readonly body: string | readonly string[];
      /** That of an event stream by default. */
      readonly contentType?: string;
      /** The connection stays open until this resolves. */
      readonly hold?: Promise<unknown>;
    }
  | { readonly kind: "trickle"; readonly text: string; readonly gapMs: number };

/** One whole reply: reasoning, then text, then calls side by side. It ends for the calls' sake when there are any. */
export interface TurnScript {
  readonly kind: "turn";
  readonly reasoning?: string;
  /** What the provider wants to see again with the reasoning. */
  readonly signature?: string;
  readonly text?: string;
  /** Ids are "call_1", "call_2" … by default; `raw` is what the model wrote in place of JSON. */
  readonly calls?: readonly CallScript[];
  readonly usage?: Partial<FakeUsage>;
  /** The answer was as long as it may be; understood by the fake of chat completions. */
  readonly isCutOff?: boolean;
  /** The reply comes when this resolves. */
  readonly hold?: Promise<unknown>;
}

export interface CallScript {
  readonly id?: string;
  readonly name: string;
  readonly arguments?: unknown;
  readonly raw?: string;
}

/** `input` counts what was read from the cache and written to it, too. */
export interface FakeUsage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** A turn with nothing left to say. */
export interface Turn {
  readonly reasoning: string;
  readonly signature: string | undefined;
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly raw: string }[];
  readonly usage: FakeUsage;
  readonly isCutOff: boolean;
}

/** One request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** The parsed JSON body. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Resolves when the connection closes: true when the client left before the answer was complete. */
  readonly left: Promise<boolean>;
}

/** How a provider writes its stream. Each function returns the text of whole server-sent events. */
export interface Encoding {
  start(): string;
  token(text: string): string;
  toolCall(name: string, args: unknown): string;
  /** A whole reply, from its start to its end. */
  turn(turn: Turn): string;
  refusal(text: string): string;
  error(message: string): string;
  end(tokens: number): string;
  /** The body of an error response. */
  failure(status: number, message: string): unknown;
  /** Status and body of the error for a conversation that is longer than the model's window. */
  tooLong(): { readonly status: number; readonly body: unknown };
}

/** A running fake. Scripts are used up in order; without one a request is answered with "Hello from the model." */
export class ModelServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly #encoding: Encoding;
  readonly #scripts: Script[] = [];
  readonly #waiting: ((request: SeenRequest) => void)[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;
  /** The ids that `GET …/models` lists. */
  models: readonly string[] = ["fake-model"];
  /** What the server says of itself, by path: read by whoever looks around, not counted as questions. */
  pages: Readonly<Record<string, unknown>> = {};
  /** Used when no script is left. */
  usual: Script = { kind: "text", text: ["Hello ", "from ", "the ", "model."] };

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  /** Listens on `port`, or on a free one. */
  async listen(port = 0): Promise<this> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** The base URL to configure, with its version. */
  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** Adds what the next requests get. */
  script(...scripts: readonly Script[]): void {
    this.#scripts.push(...scripts);
  }

  /** The next question that has not been waited for, as soon as it is there. */
  async next(): Promise<SeenRequest> {
    const { promise, resolve } = Promise.withResolvers<SeenRequest>();
    this.#waiting.push(resolve);
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = this.pages[request.url ?? ""];
    if (page !== undefined) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(page));
      return;
    }
    if (request.method === "GET") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", data: this.models.map((id) => ({ id, object: "model" })) }));
      return;
    }
    const seen = await see(request, response);
    this.requests.push(seen);
    this.#waiting.shift()?.(seen);
    await this.#follow(this.#scripts.shift() ?? this.usual, response);
  }

  async #follow(script: Script, response: ServerResponse): Promise<void> {
    const { start, token, toolCall, refusal, error, end, failure } = this.#encoding;
    if (script.kind === "status") {
      response.writeHead(script.status, { "content-type": "application/json", ...script.headers });
      response.end(JSON.stringify(script.body ?? failure(script.status, script.message)));
      return;
    }
    if (script.kind === "too-long") {
      const { status, body } = this.#encoding.tooLong();
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
      return;
    }
    if (script.kind === "hang" && script.after === undefined) return;
    if (script.kind === "bytes") return await sendBytes(script, response);
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (script.kind === "turn") {
      await script.hold;
      response.end(this.#encoding.turn(turnOf(script)));
      return;
    }
    response.write(start());
    if (script.kind === "trickle") {
      while (!response.destroyed) {
        response.write(token(script.text));
        await new Promise((resolve) => setTimeout(resolve, script.gapMs));
      }
      return;
    }
    if (script.kind === "text" || script.kind === "tokens") {
      const tokens = tokensOf(script);
      for (const [index, text] of tokens.entries()) {
        if (script.kind === "text" && script.hold && index === tokens.length - 1) await script.hold;
        if (script.gapMs) await new Promise((resolve) => setTimeout(resolve, script.gapMs));
        if (response.destroyed) return;
        if (!response.write(token(text))) await Promise.race([once(response, "drain"), once(response, "close")]);
      }
      response.end(end(tokens.length));
      return;
    }
    if (script.kind === "tool-call") response.end(toolCall(script.name, script.arguments));
    else if (script.kind === "refusal") response.end(refusal(script.text));
    else if (script.kind === "error") response.end(token(script.after) + error(script.message));
    else if (script.kind === "cut") response.write(token(script.after), () => response.destroy());
    else response.write(token(script.after ?? ""));
  }
}

async function sendBytes(
  { body, contentType = "text/event-stream", hold }: Extract<Script, { kind: "bytes" }>,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(200, { "content-type": contentType });
  response.flushHeaders();
  for (const piece of typeof body === "string" ? [body] : body) {
    if (response.destroyed) return;
    await new Promise<void>((resolve) => response.write(piece, () => setImmediate(resolve)));
  }
  await hold;
  response.end();
}

function tokensOf(script: Extract<Script, { kind: "text" | "tokens" }>): readonly string[] {
  if (script.kind === "tokens") return Array.from({ length: script.count }, (_, index) => `token${index} `);
  return typeof script.text === "string" ? [script.text] : script.text;
}

function turnOf({ reasoning = "", signature, text = "", calls = [], usage, isCutOff = false }: TurnScript): Turn {
  return {
    reasoning,
    signature,
    text,
    isCutOff,
    calls: calls.map(({ id, name, arguments: args = {}, raw }, index) => ({
      id: id ?? `call_${index + 1}`,
      name,
      raw: raw ?? JSON.stringify(args),
    })),
    usage: { input: 7, output: 5, cacheRead: 0, cacheWrite: 0, ...usage },
  };
}

/** A text in two parts, as providers send the arguments of a call. */
export function halves(text: string): [string, string] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

async function see(request: IncomingMessage, response: ServerResponse): Promise<SeenRequest> {
  const left = new Promise<boolean>((resolve) => response.on("close", () => resolve(!response.writableFinished)));
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    left,
  };
}

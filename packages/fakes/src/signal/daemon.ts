/**
 * Signal's server and signal-cli's HTTP daemon in one, with `--receive-mode=on-connection`: while nobody listens to events they stay with Signal's
 * server, here in a queue. What has been written to a listener is gone, as with the real one. A daemon that runs as a program of
 * its own, `signal-cli.ts`, asks the server for events, and acknowledges them.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Loopback } from "../loopback.ts";
import { type Params, type Rpc, RpcError } from "./rpc.ts";

interface Options {
  readonly rpc: Rpc;
  readonly onChange: () => void;
  /** Comes before a call; may throw `RpcError`, or `"cut"` for no answer at all once the call was made. */
  before(method: string): Promise<"answer" | "cut">;
}

const jsonrpc = "2.0";
/** How long it takes until a closed connection is known as such. */
const NOTICE_MS = 20;

export class Daemon implements AsyncDisposable {
  readonly loopback: Loopback;
  readonly #options: Options;
  readonly #listeners = new Set<ServerResponse>();
  /** Programs that wait for events. */
  readonly #programs = new Set<ServerResponse>();
  readonly #queue: { readonly place: number; readonly event: unknown }[] = [];
  #places = 0;

  constructor(options: Options) {
    this.#options = options;
    this.loopback = new Loopback((request, response) => void this.#answer(request, response));
  }

  get isListenedTo(): boolean {
    return this.#listeners.size > 0 || this.#programs.size > 0;
  }

  /** Hands an event to who listens, or keeps it. */
  emit(event: unknown): void {
    this.#queue.push({ place: ++this.#places, event });
    // A listener that has just gone is noticed before anything is written to it.
    setImmediate(() => setTimeout(() => this.#flush(), NOTICE_MS));
  }

  /** Writes to listeners what is not an event of signal-cli's. */
  writeRaw(text: string): void {
    for (const listener of this.#listeners) listener.write(text);
  }

  /** Ends the streams, in the middle of an event. */
  cut(): void {
    for (const listener of this.#listeners) {
      listener.write('event:receive\ndata:{"envelope":{"sour');
      listener.destroy();
    }
    this.#listeners.clear();
    this.#options.onChange();
  }

  async down(): Promise<void> {
    for (const waiting of [...this.#listeners, ...this.#programs]) waiting.destroy();
    this.#listeners.clear();
    this.#programs.clear();
    await this.loopback.down();
    this.#options.onChange();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.loopback.url);
    if (url.pathname === "/api/v1/check") return void response.end();
    if (url.pathname === "/server/receive") return this.#receive(url, response);
    if (url.pathname === "/api/v1/events") return this.#listen(url, request, response);
    if (url.pathname !== "/api/v1/rpc" || request.method !== "POST") return void response.writeHead(404).end();
    if (!request.headers["content-type"]?.startsWith("application/json")) return void response.writeHead(415).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    await this.#call(Buffer.concat(chunks).toString(), request, response);
  }

  #listen(url: URL, request: IncomingMessage, response: ServerResponse): void {
    const account = url.searchParams.get("account");
    if (account === null || !this.#options.rpc.linked.has(account)) return void response.writeHead(400).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(":\n");
    this.#listeners.add(response);
    request.on("close", () => {
      this.#listeners.delete(response);
      this.#options.onChange();
    });
    this.#flush();
    this.#options.onChange();
  }

  /** What a program has received is dropped; the rest is its next answer, when there is any. */
  #receive(url: URL, response: ServerResponse): void {
    const after = Number(url.searchParams.get("after"));
    while (this.#queue[0] && this.#queue[0].place <= after) this.#queue.shift();
    this.#programs.add(response);
    response.on("close", () => {
      this.#programs.delete(response);
      this.#options.onChange();
    });
    this.#flush();
    this.#options.onChange();
  }

  async #call(body: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let call: { method: string; params?: Params; id?: unknown };
    try {
      call = JSON.parse(body);
    } catch {
      return reply(response, { jsonrpc, error: { code: -32700, message: "parse error", data: null }, id: null });
    }
    try {
      const how = await this.#options.before(call.method);
      const result = await this.#options.rpc.call(call.method, call.params ?? {});
      if (how === "cut") return void request.socket.destroy();
      if (call.id === undefined) return void response.writeHead(201).end();
      reply(response, { jsonrpc, result, id: call.id });
    } catch (error) {
      const { code, message, data } = error instanceof RpcError ? error : new RpcError(-32603, String(error));
      reply(response, { jsonrpc, error: { code, message, data }, id: call.id ?? null });
    }
  }

  #flush(): void {
    if (this.#queue.length === 0) return;
    for (const program of this.#programs) reply(program, this.#queue);
    this.#programs.clear();
    if (this.#listeners.size === 0) return;
    for (const { event } of this.#queue.splice(0)) {
      this.writeRaw(`event:receive\ndata:${JSON.stringify(event)}\n\n`);
    }
  }
}

function reply(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

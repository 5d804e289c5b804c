/** Slack over HTTP: the Web API, uploads and downloads, answers to commands; and the way to Socket Mode. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Loopback } from "../loopback.ts";
import { kindOfFile } from "../platform.ts";
import { SendTroubles } from "../send-troubles.ts";
import { type Call, SlackError } from "./arguments.ts";
import { isSend, METHODS } from "./methods.ts";
import type { SocketMode } from "./socket.ts";
import type { Conversation, World } from "./world.ts";

/** What the app is allowed to do. */
export interface Credentials {
  readonly botToken: string;
  readonly appToken: string;
  readonly scopes: readonly string[];
}

export class WebApi implements AsyncDisposable {
  readonly loopback = new Loopback((request, response) => void this.#serve(request, response));
  /** Methods that were called, oldest first. */
  readonly calls: string[] = [];
  /** Answers to commands: id of the address → where it was used. */
  readonly responses = new Map<string, Conversation>();
  readonly troubles = new SendTroubles();
  readonly #world: World;
  readonly #socket: SocketMode;
  readonly #credentials: Credentials;
  #isRevoked = false;
  #failures = 0;

  constructor(world: World, socket: SocketMode, credentials: Credentials) {
    this.#world = world;
    this.#socket = socket;
    this.#credentials = credentials;
    this.loopback.server.on("upgrade", (request, connection, head) => socket.accept(request, connection, head));
  }

  revoke(): void {
    this.#isRevoked = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.loopback[Symbol.asyncDispose]();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (error instanceof SlackError) answer(response, 200, { ok: false, error: error.message });
      else if (!response.destroyed) response.destroy(error as Error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.loopback.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const [, area = "", rest = ""] = /^\/(\w[\w-]*)\/(.*)$/.exec(url.pathname) ?? [];
    if (area === "upload") return await this.#upload(rest, body, request, response);
    if (area === "files-pri") return this.#download(rest, request, response);
    if (area === "response") return this.#respond(rest, body, response);
    if (area !== "api") return void response.writeHead(404).end();
    await this.#call(
      rest,
      { ...Object.fromEntries(url.searchParams), ...readArguments(body, request) },
      request,
      response,
    );
  }

  async #call(
    name: string,
    given: Readonly<Record<string, unknown>>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    this.calls.push(name);
    const token = request.headers.authorization?.replace("Bearer ", "") ?? given.token;
    const { botToken, appToken, scopes } = this.#credentials;
    if (this.#isRevoked || (token !== botToken && token !== appToken)) throw new SlackError("invalid_auth");
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (!method) throw new SlackError("unknown_method");
    const wrong = isSend(name) ? this.troubles.take() : undefined;
    if (wrong?.kind === "rate-limit") return limited(response, wrong.retryAfterMs);
    if (wrong?.kind === "refuse") throw new SlackError("restricted_action");
    const call: Call = {
      world: this.#world,
      baseUrl: this.loopback.url,
      scopes,
      isAppToken: token === appToken,
      arguments: given,
      event: (event) => this.#socket.event(event),
    };
    const result = method(call);
    if (wrong?.kind === "accept-then-fail") return this.#fail(response);
    if (wrong?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, wrong.ms));
    answer(response, 200, { ok: true, ...result }, { "x-oauth-scopes": scopes.join(",") });
  }

  /** The ways in which a taken message is not confirmed, in turn: an error, a proxy's page, nothing. */
  #fail(response: ServerResponse): void {
    const way = this.#failures++ % 3;
    if (way === 0) answer(response, 500, { ok: false, error: "internal_error" });
    else if (way === 1) response.writeHead(502, { "content-type": "text/html" }).end("<h1>502 Bad Gateway</h1>");
    else response.destroy();
  }

  /** Bytes as they are, or as a form's file. */
  async #upload(path: string, body: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = path.split("/").at(-1) ?? "";
    const stored = this.#world.files.get(id);
    if (!stored) return void response.writeHead(404).end();
    const contentType = request.headers["content-type"] ?? "application/octet-stream";
    const upload = await uploadOf(body, contentType);
    const mimeType = upload.mimeType || "application/octet-stream";
    this.#world.files.set(id, {
      ...stored,
      file: { ...stored.file, bytes: upload.bytes, mimeType, kind: kindOfFile(mimeType) },
    });
    response.writeHead(200, { "content-type": "text/plain" }).end(`OK - ${upload.bytes.length}`);
  }

  /** Without the token Slack shows its login page, as if all were well. */
  #download(path: string, request: IncomingMessage, response: ServerResponse): void {
    const isAllowed = request.headers.authorization === `Bearer ${this.#credentials.botToken}` && !this.#isRevoked;
    const id = /^[^-]+-(\w+)\//.exec(path)?.[1] ?? "";
    const stored = this.#world.files.get(id);
    if (!isAllowed) response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in to Slack</html>");
    else if (!stored) response.writeHead(404).end();
    else {
      const { bytes, mimeType } = stored.file;
      response.writeHead(200, { "content-type": mimeType, "content-length": bytes.length }).end(bytes);
    }
  }

  #respond(id: string, body: Buffer, response: ServerResponse): void {
    const channel = this.responses.get(id);
    if (!channel) return void response.writeHead(404).end("expired_url");
    const wrong = this.troubles.take();
    if (wrong?.kind === "rate-limit") return limited(response, wrong.retryAfterMs);
    const { text = "", response_type } = JSON.parse(body.toString()) as { text?: string; response_type?: string };
    if (wrong?.kind === "refuse") return void response.writeHead(403).end("restricted_action");
    this.#world.add({ channel, user: this.#world.bot, text, isEphemeral: response_type !== "in_channel" });
    if (wrong?.kind === "accept-then-fail") return this.#fail(response);
    response.writeHead(200, { "content-type": "text/plain" }).end("ok");
  }
}

function readArguments(body: Buffer, request: IncomingMessage): Record<string, unknown> {
  if (body.length === 0) return {};
  const isJson = request.headers["content-type"]?.includes("json");
  return isJson ? JSON.parse(body.toString()) : Object.fromEntries(new URLSearchParams(body.toString()));
}

async function uploadOf(body: Buffer, contentType: string): Promise<{ bytes: Uint8Array; mimeType: string }> {
  if (!contentType.startsWith("multipart/")) return { bytes: new Uint8Array(body), mimeType: contentType };
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  const file = [...form.values()].find((value) => typeof value !== "string");
  if (!file) throw new SlackError("no_file_data");
  return { bytes: new Uint8Array(await file.arrayBuffer()), mimeType: file.type };
}

function limited(response: ServerResponse, ms: number): void {
  answer(response, 429, { ok: false, error: "ratelimited" }, { "retry-after": String(Math.ceil(ms / 1000)) });
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  if (response.destroyed || response.writableEnded) return;
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

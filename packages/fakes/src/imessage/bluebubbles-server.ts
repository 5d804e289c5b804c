/** The REST interface of a BlueBubbles server, and its calls to webhooks: one try each, as the real one. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type FakeFile, kindOfFile } from "../platform.ts";
import { type SendTrouble, SendTroubles } from "../send-troubles.ts";
import { type Mac, type MacChat, type MacMessage, OWNER } from "./mac.ts";
import { chatOnWire, type Fields, onWire, TAPBACKS } from "./on-wire.ts";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly json: Fields;
  readonly form: FormData | undefined;
}

interface Hook {
  readonly id: number;
  readonly url: string;
  readonly events: readonly string[];
}

/** An answer other than 200. */
class Refusal extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

export class BlueBubblesServer {
  readonly troubles = new SendTroubles<SendTrouble<"accept-then-fail" | "refuse" | "slow">>();
  readonly hooks: Hook[] = [];
  password = "fake-password";
  /** Whether the helper for replies, tapbacks, edits, typing and read receipts is there. */
  hasHelper = true;
  /** When messages were asked for last, epoch ms. */
  askedAt = 0;
  /** Calls, as "POST /message/text". */
  readonly calls: string[] = [];
  readonly #mac: Mac;

  constructor(mac: Mac) {
    this.#mac = mac;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const data = await this.#answer(await read(request));
      if (data === CUT) request.socket.destroy();
      else if (data instanceof Uint8Array)
        response.writeHead(200, { "Content-Type": "application/octet-stream" }).end(data);
      else end(response, 200, { status: 200, message: "Success", data });
    } catch (error) {
      const { status, type, message } =
        error instanceof Refusal ? error : new Refusal(500, "Server Error", String(error));
      end(response, status, { status, message, error: { type, message } });
    }
  }

  /** Calls the webhooks. Nobody hears of it when they do not answer. */
  async tell(type: string, data: unknown): Promise<void> {
    this.#mac.changes.tell();
    const body = typeof data === "string" ? data : JSON.stringify({ type, data });
    const called = this.hooks
      .filter(({ events }) => events.includes("*") || events.includes(type) || type === "")
      .map(({ url }) => fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body }));
    for (const result of await Promise.allSettled(called))
      if (result.status === "fulfilled") await result.value.body?.cancel();
  }

  async #answer(call: Call): Promise<unknown> {
    const { method, path, query, json } = call;
    if (query.get("password") !== this.password)
      throw new Refusal(401, "Authentication Error", "You are not authorized to access this resource");
    this.calls.push(`${method} ${path}`);
    const [, kind, id = "", action] = path.split("/").map(decodeURIComponent);
    if (path === "/ping") return "pong";
    if (path === "/server/info") return this.#info();
    if (path === "/message/query") return this.#query(json);
    if (path === "/message/text") return await this.#send(json, undefined);
    if (path === "/message/attachment" && call.form) return await this.#sendFile(call.form);
    if (path === "/message/react") return this.#react(json);
    if (path === "/chat/new") return await this.#newChat(json);
    if (kind === "webhook") return this.#webhook(method, id, json);
    if (kind === "message" && action === "edit") return this.#edit(id, json);
    if (kind === "message" && action === "unsend") return this.#unsend(id);
    if (kind === "chat" && action === "typing") return this.#typing(id, method === "POST");
    if (kind === "chat" && action === "read") return this.#read(id);
    if (kind === "attachment" && action === "download") return this.#download(id);
    throw new Refusal(404, "Not Found", `${path} does not exist`);
  }

  #info(): unknown {
    return {
      os_version: "15.6",
      server_version: "1.9.9",
      private_api: this.hasHelper,
      helper_connected: this.hasHelper,
      detected_icloud: OWNER,
      detected_imessage: OWNER,
    };
  }

  #query({ after = 0, before, chatGuid, limit = 100, offset = 0, sort = "DESC" }: Fields): unknown {
    this.askedAt = Date.now();
    this.#mac.changes.tell();
    const found = this.#mac.messages
      .filter(
        ({ at, chat }) =>
          at >= Number(after) &&
          (before === undefined || at <= Number(before)) &&
          (!chatGuid || chat.guid === chatGuid),
      )
      .toSorted((one, other) => (sort === "ASC" ? one.at - other.at : other.at - one.at));
    return found.slice(Number(offset), Number(offset) + Number(limit)).map((message) => onWire(message));
  }

  async #sendFile(form: FormData): Promise<unknown> {
    const sent = form.get("attachment");
    if (!(sent instanceof File)) throw new Refusal(400, "Validation Error", "An attachment is required");
    const kind = form.get("isAudioMessage") === "true" ? "voice" : kindOfFile(sent.type);
    const file = { bytes: await sent.bytes(), mimeType: sent.type, fileName: sent.name, kind } as const;
    return await this.#send(Object.fromEntries(form.entries()), file);
  }

  async #newChat({ addresses, message, tempGuid, service = "iMessage" }: Fields): Promise<unknown> {
    const [address] = Array.isArray(addresses) ? addresses : [];
    if (typeof address !== "string") throw new Refusal(400, "Validation Error", "The addresses field is mandatory");
    if (service !== "iMessage" && service !== "SMS") throw new Refusal(400, "Validation Error", "Invalid service");
    const chat = this.#mac.directChat(address, service);
    await this.#send({ chatGuid: chat.guid, message, tempGuid }, undefined);
    return chatOnWire(chat);
  }

  async #send(json: Fields, file: FakeFile | undefined): Promise<unknown> {
    const { chatGuid, tempGuid, message = "", selectedMessageGuid, method } = json;
    const chat = this.#mac.chatByGuid(String(chatGuid));
    if (!chat) throw new Refusal(404, "Database Error", "Chat does not exist!");
    if (typeof tempGuid !== "string") throw new Refusal(400, "Validation Error", "A tempGuid is required");
    if (method === "private-api" && !this.hasHelper)
      throw new Refusal(400, "iMessage Error", "iMessage Private API is not enabled!");
    if (this.#mac.left.has(chat.name)) throw new Refusal(400, "iMessage Error", "You are not a member of this chat");
    const trouble = this.troubles.take();
    if (trouble?.kind === "refuse") throw new Refusal(400, "iMessage Error", "The message cannot be sent");
    const added = this.#mac.add({
      chat,
      sender: undefined,
      text: file ? "" : String(message),
      files: file ? [file] : [],
      replyTo: typeof selectedMessageGuid === "string" ? selectedMessageGuid : undefined,
      clientId: tempGuid,
    });
    this.#mac.typingIn.delete(chat.guid);
    void this.tell("new-message", onWire(added));
    if (trouble?.kind === "accept-then-fail") return CUT;
    if (trouble?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, trouble.ms));
    return onWire(added);
  }

  #react({ selectedMessageGuid, reaction }: Fields): unknown {
    this.#helper();
    const name = String(reaction).replace(/^-/, "");
    const emoji = TAPBACKS[name];
    if (!emoji) throw new Refusal(400, "Validation Error", "Invalid reaction");
    const target = this.#message(String(selectedMessageGuid));
    const added = this.#mac.tapback(target.guid, emoji, undefined, String(reaction).startsWith("-"));
    void this.tell("new-message", onWire(added));
    return onWire(added);
  }

  #edit(guid: string, { editedMessage }: Fields): unknown {
    this.#helper();
    return onWire(this.change(this.#message(guid), String(editedMessage)));
  }

  #unsend(guid: string): unknown {
    this.#helper();
    return onWire(this.change(this.#message(guid), undefined));
  }

  /** Changes a message, or takes it back when there is no text. */
  change(message: MacMessage, text: string | undefined): MacMessage {
    message.text = text ?? "";
    if (text === undefined) message.unsentAt = Date.now();
    else {
      message.edits += 1;
      message.editedAt = Date.now();
    }
    void this.tell("updated-message", onWire(message));
    return message;
  }

  #typing(guid: string, isTyping: boolean): unknown {
    this.#helper();
    const chat = this.#chat(guid);
    if (isTyping) {
      this.#mac.typingIn.add(chat.guid);
      this.#mac.typingCount += 1;
    } else this.#mac.typingIn.delete(chat.guid);
    this.#mac.changes.tell();
    return null;
  }

  #read(guid: string): unknown {
    this.#helper();
    const chat = this.#chat(guid);
    const received = this.#mac.messages.filter((message) => message.chat === chat && message.sender !== undefined);
    for (const { guid: id } of received) if (!this.#mac.read.includes(id)) this.#mac.read.push(id);
    this.#mac.changes.tell();
    return null;
  }

  #download(id: string): Uint8Array {
    const [, guid = "", index] = /^(.+)-(\d+)$/.exec(id) ?? [];
    const file = this.#mac.message(guid)?.files[Number(index)];
    if (!file) throw new Refusal(404, "Database Error", "Attachment does not exist!");
    return file.bytes;
  }

  #webhook(method: string, id: string, { url, events }: Fields): unknown {
    const at = this.hooks.findIndex((hook) => (method === "DELETE" ? String(hook.id) === id : hook.url === url));
    if (method === "GET") return this.hooks;
    if (method === "DELETE") return void this.hooks.splice(at, at < 0 ? 0 : 1);
    if (at >= 0) throw new Refusal(400, "Validation Error", "Webhook already exists");
    const hook = { id: this.hooks.length + 1, url: String(url), events: (events ?? []) as string[] };
    this.hooks.push(hook);
    this.#mac.changes.tell();
    return hook;
  }

  #helper(): void {
    if (!this.hasHelper) throw new Refusal(500, "iMessage Error", "iMessage Private API is not enabled!");
  }

  #message(guid: string): MacMessage {
    const found = this.#mac.message(guid);
    if (!found) throw new Refusal(400, "Database Error", "Message does not exist!");
    return found;
  }

  #chat(guid: string): MacChat {
    const found = this.#mac.chatByGuid(guid);
    if (!found) throw new Refusal(404, "Database Error", "Chat does not exist!");
    return found;
  }
}

/** The answer is lost, although what was asked for was done. */
const CUT = Symbol("cut");

async function read(request: IncomingMessage): Promise<Call> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const bytes = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
  const type = request.headers["content-type"] ?? "";
  const isForm = type.startsWith("multipart/");
  return {
    method: request.method ?? "GET",
    path: pathname.replace(/^\/api\/v1/, ""),
    query: searchParams,
    json: type.includes("json") && bytes.length > 0 ? (JSON.parse(bytes.toString("utf8")) as Fields) : {},
    form: isForm ? await new Response(bytes, { headers: { "Content-Type": type } }).formData() : undefined,
  };
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

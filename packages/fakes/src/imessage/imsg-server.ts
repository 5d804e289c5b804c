/** What `imsg rpc` answers: JSON-RPC 2.0, one object a line, for each child process that is connected. */
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { kindOfFile } from "../platform.ts";
import { type SendTrouble, SendTroubles } from "../send-troubles.ts";
import { type Mac, type MacChat, type MacMessage, OWNER } from "./mac.ts";

/** What the server tells the child process to do. */
export type Told =
  | { readonly kind: "out" | "err"; readonly text: string }
  | { readonly kind: "exit"; readonly code: number };

interface Request {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

interface Subscription {
  readonly id: number;
  readonly socket: Socket;
  readonly withReactions: boolean;
  since: number;
}

/** An error as `imsg` words it. */
class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export class ImsgServer implements AsyncDisposable {
  readonly troubles = new SendTroubles<SendTrouble<"accept-then-fail" | "refuse" | "slow">>();
  /** What every child says before it ends, while something is not permitted. */
  complaint: string | undefined;
  /** What AppleScript says to a send, while something is not permitted. */
  sendComplaint: string | undefined;
  /** Methods that were called, with their parameters. */
  readonly calls: { readonly method: string; readonly params: Readonly<Record<string, unknown>> }[] = [];
  /** Whether sends show up in the watch. */
  isEchoing = true;
  readonly #mac: Mac;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #attachmentPath: (message: MacMessage, index: number) => string;
  #subscriptions: Subscription[] = [];
  #lastSubscription = 0;

  constructor(mac: Mac, attachmentPath: (message: MacMessage, index: number) => string) {
    this.#mac = mac;
    this.#attachmentPath = attachmentPath;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens on a free port of loopback, for as long as the fake lives. */
  async listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject).listen(0, "127.0.0.1", resolve);
    await promise;
    return (this.#server.address() as AddressInfo).port;
  }

  get isWatched(): boolean {
    return this.#subscriptions.length > 0;
  }

  /** Tells every watch what it has not seen. */
  pump(): void {
    for (const subscription of this.#subscriptions) {
      const unseen = this.#mac.messages.filter(({ id }) => id > subscription.since);
      for (const message of unseen) {
        subscription.since = message.id;
        if (message.sender === undefined && !this.isEchoing) continue;
        if (message.tapback && !subscription.withReactions) continue;
        this.notify(subscription, this.onWire(message));
      }
    }
    this.#mac.changes.tell();
  }

  /** Tells one message to every watch, seen or not. */
  repeat(message: MacMessage): void {
    for (const subscription of this.#subscriptions) this.notify(subscription, this.onWire(message));
  }

  /** Says anything to every child. */
  say(told: Told): void {
    for (const socket of this.#sockets) tell(socket, told);
  }

  /** Ends every child, the last line half said. */
  crash(lastWords = ""): void {
    this.say({ kind: "out", text: '{"jsonrpc":"2.0","method":"message","params":{"subscr' });
    if (lastWords) this.say({ kind: "err", text: `${lastWords}\n` });
    this.say({ kind: "exit", code: 1 });
    this.#subscriptions = [];
    this.#mac.changes.tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#subscriptions = this.#subscriptions.filter((each) => each.socket !== socket);
      this.#mac.changes.tell();
    });
    if (this.complaint !== undefined) {
      tell(socket, { kind: "err", text: `${this.complaint}\n` });
      tell(socket, { kind: "exit", code: 1 });
      return;
    }
    // A reader of lines passes errors of its input on.
    createInterface({ input: socket })
      .on("line", (line) => void this.#request(socket, line))
      .on("error", () => socket.destroy());
  }

  async #request(socket: Socket, line: string): Promise<void> {
    const { id, method = "", params = {} } = JSON.parse(line) as Request;
    this.calls.push({ method, params });
    try {
      const result = await this.#call(method, params, socket);
      if (result !== NO_ANSWER) write(socket, { id, result });
      if (method === "watch.subscribe") this.pump();
    } catch (error) {
      const code = error instanceof Refusal ? error.code : -32603;
      write(socket, { id, error: { code, message: TITLES[code] ?? "Internal error", data: (error as Error).message } });
    }
  }

  async #call(method: string, params: Readonly<Record<string, unknown>>, socket: Socket): Promise<unknown> {
    switch (method) {
      case "chats.list":
        return { chats: this.#newestChats().slice(0, Number(params.limit ?? 20)) };
      case "messages.history":
        return { messages: this.#history(params) };
      case "watch.subscribe":
        return this.#subscribe(params, socket);
      case "watch.unsubscribe":
        this.#subscriptions = this.#subscriptions.filter(({ id }) => id !== params.subscription);
        return { ok: true };
      case "send":
        return await this.#send(params, socket);
      default:
        throw new Refusal(-32601, method);
    }
  }

  #newestChats(): unknown[] {
    const lastAt = (chat: MacChat) => this.#mac.messages.findLast((message) => message.chat === chat)?.at ?? 0;
    return this.#mac.chats
      .toSorted((one, other) => lastAt(other) - lastAt(one))
      .map((chat) => ({ ...chatOnWire(chat), last_message_at: new Date(lastAt(chat)).toISOString() }));
  }

  #history(params: Readonly<Record<string, unknown>>): unknown[] {
    if (params.chat_id === undefined) throw new Refusal(-32602, "chat_id is required");
    const start = params.start === undefined ? 0 : Date.parse(String(params.start));
    return this.#mac.messages
      .filter(({ chat, at, tapback }) => chat.id === params.chat_id && at >= start && !tapback)
      .toReversed()
      .slice(0, Number(params.limit ?? 50))
      .map((message) => this.onWire(message));
  }

  #subscribe(params: Readonly<Record<string, unknown>>, socket: Socket): unknown {
    this.#lastSubscription += 1;
    const since = params.since_rowid === undefined ? this.#mac.messages.length : Number(params.since_rowid);
    const withReactions = params.include_reactions === true;
    this.#subscriptions.push({ id: this.#lastSubscription, socket, since, withReactions });
    return { subscription: this.#lastSubscription };
  }

  async #send(params: Readonly<Record<string, unknown>>, socket: Socket): Promise<unknown> {
    const chat = this.#chatOf(params);
    if (typeof params.text !== "string" && typeof params.file !== "string")
      throw new Refusal(-32602, "text or file is required");
    if (this.sendComplaint) throw new Refusal(-32603, this.sendComplaint);
    if (this.#mac.left.has(chat.name)) throw new Refusal(-32603, "AppleScript error: Can’t get chat id");
    const trouble = this.troubles.take();
    if (trouble?.kind === "refuse") throw new Refusal(-32603, "AppleScript error: Can’t get buddy id");
    if (typeof params.file === "string")
      this.#mac.add({ chat, sender: undefined, text: "", files: [readFile(params.file)] });
    if (typeof params.text === "string" && params.text !== "")
      this.#mac.add({ chat, sender: undefined, text: params.text });
    if (trouble?.kind === "accept-then-fail") {
      tell(socket, { kind: "exit", code: 1 });
      this.#mac.changes.tell();
      return NO_ANSWER;
    }
    if (trouble?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, trouble.ms));
    queueMicrotask(() => this.pump());
    return { ok: true };
  }

  #chatOf({ to, service, chat_id, chat_guid, chat_identifier }: Readonly<Record<string, unknown>>): MacChat {
    if (typeof to === "string") return this.#mac.directChat(to, service === "sms" ? "SMS" : undefined);
    const found = this.#mac.chats.find(
      ({ id, guid, identifier }) => id === chat_id || guid === chat_guid || identifier === chat_identifier,
    );
    if (!found) throw new Refusal(-32602, "to or a known chat is required");
    return found;
  }

  notify(subscription: Subscription, message: unknown): void {
    write(subscription.socket, { method: "message", params: { subscription: subscription.id, message } });
  }

  /** A message as `imsg` prints it. */
  onWire(message: MacMessage): Readonly<Record<string, unknown>> {
    const { id, guid, chat, sender, text, at, files, replyTo, tapback } = message;
    return {
      id,
      guid,
      chat_id: chat.id,
      chat_guid: chat.guid,
      chat_identifier: chat.identifier,
      chat_name: chat.name,
      participants: chat.participants,
      is_group: chat.isGroup,
      sender: sender ?? OWNER,
      is_from_me: sender === undefined,
      text: files.length > 0 ? `${"\ufffc".repeat(files.length)}${text}` : text,
      created_at: new Date(at).toISOString(),
      ...(replyTo !== undefined && { reply_to_guid: replyTo }),
      attachments: files.map((file, index) => ({
        filename: this.#attachmentPath(message, index),
        original_path: this.#attachmentPath(message, index),
        transfer_name: file.kind === "voice" ? "Audio Message.caf" : file.fileName,
        mime_type: file.mimeType,
        uti: file.kind === "voice" ? "com.apple.coreaudio-format" : "public.data",
        total_bytes: file.bytes.length,
        is_sticker: file.kind === "sticker",
        missing: false,
      })),
      reactions: [],
      ...message.fields,
      ...(tapback && {
        is_reaction: true,
        reaction_emoji: tapback.emoji,
        is_reaction_add: !tapback.isRemoved,
        reacted_to_guid: tapback.target,
      }),
    };
  }
}

const NO_ANSWER = Symbol("no answer");

const TITLES: Readonly<Record<number, string>> = {
  [-32601]: "Method not found",
  [-32602]: "Invalid params",
  [-32603]: "Internal error",
};

function chatOnWire({ id, guid, identifier, name, isGroup, participants, service }: MacChat) {
  return { id, guid, identifier, name, is_group: isGroup, participants, service };
}

function readFile(path: string) {
  const mimeType = MIME_TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
  return { bytes: new Uint8Array(readFileSync(path)), fileName: basename(path), mimeType, kind: kindOfFile(mimeType) };
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  mp4: "video/mp4",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  m4a: "audio/mp4",
  pdf: "application/pdf",
  txt: "text/plain",
};

function write(socket: Socket, message: Readonly<Record<string, unknown>>): void {
  tell(socket, { kind: "out", text: `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n` });
}

function tell(socket: Socket, told: Told): void {
  if (socket.writable) socket.write(`${JSON.stringify(told)}\n`);
}

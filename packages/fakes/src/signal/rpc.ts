/** signal-cli's commands, as its JSON-RPC takes them: one entry a method. */
import type { FakeFile, GivenReaction } from "../platform.ts";
import type { Message, Person, World } from "./world.ts";

export type Params = Readonly<Record<string, unknown>>;

/** signal-cli's own error codes. */
export const CODE = { user: -1, io: -3, untrusted: -4, rateLimit: -5, method: -32601, params: -32602 } as const;

/** What signal-cli answers instead of a result. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data: unknown = null) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Whether a recipient got it, and if not, why. */
export type ResultType = "SUCCESS" | "UNREGISTERED_FAILURE" | "IDENTITY_FAILURE" | "NETWORK_FAILURE";

interface Options {
  readonly world: World;
  readonly onChange: () => void;
  /** What becomes of the next send: of one of its recipients, or of all of it. */
  nextResult(): ResultType;
  /** Waits for a phone that scans the code, and names the account. */
  finishLink(uri: string): Promise<string>;
}

export class Rpc {
  readonly linked = new Set<string>();
  readonly reactions: GivenReaction[] = [];
  readonly read: string[] = [];
  readonly typingIn = new Set<string>();
  typingCount = 0;
  readonly #options: Options;
  #links = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The result of a call. Throws `RpcError`. */
  async call(method: string, params: Params): Promise<unknown> {
    switch (method) {
      case "version":
        return { version: "0.13.19" };
      case "listAccounts":
        return [...this.linked].map((number) => ({ number }));
      case "startLink":
        return { deviceLinkUri: `sgnl://linkdevice?uuid=fake-${++this.#links}&pub_key=${"A".repeat(43)}` };
      case "finishLink":
        return await this.#finishLink(String(params.deviceLinkUri));
      default:
        return this.#forAccount(method, params);
    }
  }

  #forAccount(method: string, params: Params): unknown {
    if (!this.linked.has(String(params.account))) {
      throw new RpcError(CODE.params, "Method requires valid account parameter");
    }
    switch (method) {
      case "getUserStatus":
        return list(params.recipient).map((recipient) => this.#status(recipient));
      case "listGroups":
        return [...this.#world.groups.values()].map(({ id, name, isMember }) => ({ id, name, isMember }));
      case "send":
        return params.editTimestamp === undefined ? this.#send(params) : this.#edit(params);
      case "sendReaction":
        return this.#react(params);
      case "remoteDelete":
        return this.#delete(params);
      case "sendTyping":
        return this.#type(params);
      case "sendReceipt":
        return this.#receipt(params);
      case "getAttachment":
        return this.#attachment(String(params.id));
      case "deleteLocalAccountData":
        this.linked.delete(String(params.account));
        return {};
      default:
        throw new RpcError(CODE.method, "Method not implemented");
    }
  }

  get #world(): World {
    return this.#options.world;
  }

  async #finishLink(uri: string): Promise<unknown> {
    const number = await this.#options.finishLink(uri);
    this.linked.add(number);
    this.#options.onChange();
    return { number };
  }

  #status(recipient: string): unknown {
    const person = this.#world.whoIs(recipient);
    return { recipient, number: recipient, uuid: person?.uuid ?? null, isRegistered: person !== undefined };
  }

  #send(params: Params): unknown {
    const to = this.#addressed(params);
    const type = this.#options.nextResult();
    const timestamp = this.#world.timestamp();
    if (type === "SUCCESS") {
      this.#world.keep({
        timestamp,
        chatId: to.chatId,
        author: this.#world.self,
        text: String(params.message ?? ""),
        quoteTimestamp: params.quoteTimestamp === undefined ? undefined : Number(params.quoteTimestamp),
        files: list(params.attachments ?? params.attachment).map(fileOf),
        textStyles: list(params.textStyle),
      });
      this.typingIn.delete(to.chatId);
      this.#options.onChange();
    }
    return { timestamp, results: to.people.map((person) => result(person, type)) };
  }

  #edit(params: Params): unknown {
    const to = this.#addressed(params);
    const message = this.#own(params.editTimestamp);
    message.text = String(params.message ?? "");
    message.edits += 1;
    this.#options.onChange();
    return { timestamp: this.#world.timestamp(), results: to.people.map((person) => result(person, "SUCCESS")) };
  }

  #delete(params: Params): unknown {
    const to = this.#addressed(params);
    this.#own(params.targetTimestamp).isUnsent = true;
    this.#options.onChange();
    return { timestamp: this.#world.timestamp(), results: to.people.map((person) => result(person, "SUCCESS")) };
  }

  #react(params: Params): unknown {
    const to = this.#addressed(params);
    const messageId = String(params.targetTimestamp);
    const target = this.#world.messages.get(Number(messageId));
    const author = this.#world.whoIs(String(params.targetAuthor));
    if (!target || target.author.uuid !== author?.uuid) throw new RpcError(CODE.user, "There is no such message.");
    const emoji = String(params.emoji);
    const at = this.reactions.findIndex((given) => given.messageId === messageId);
    if (at >= 0) this.reactions.splice(at, 1);
    if (params.remove !== true) this.reactions.push({ messageId, emoji });
    this.#options.onChange();
    return { timestamp: this.#world.timestamp(), results: to.people.map((person) => result(person, "SUCCESS")) };
  }

  #type(params: Params): unknown {
    const { chatId } = this.#addressed(params);
    if (params.stop === true) this.typingIn.delete(chatId);
    else {
      this.typingIn.add(chatId);
      this.typingCount += 1;
    }
    this.#options.onChange();
    return {};
  }

  #receipt(params: Params): unknown {
    this.#addressed(params);
    if (params.type === "read") this.read.push(...list(params.targetTimestamp));
    this.#options.onChange();
    return {};
  }

  #attachment(id: string): unknown {
    const file = this.#world.attachments.get(id);
    if (!file) throw new RpcError(CODE.io, `Could not find attachment with ID: ${id}`);
    return { data: Buffer.from(file.bytes).toString("base64") };
  }

  #own(timestamp: unknown): Message {
    const message = this.#world.messages.get(Number(timestamp));
    if (message?.author === this.#world.self) return message;
    throw new RpcError(CODE.user, "There is no such message of this account.");
  }

  /** Whom a call is for: a group, oneself, or people. */
  #addressed(params: Params): { readonly chatId: string; readonly people: readonly Person[] } {
    const { groupId, noteToSelf } = params;
    if (noteToSelf === true) return { chatId: this.#world.self.number, people: [this.#world.self] };
    if (typeof groupId === "string") {
      const group = this.#world.groups.get(groupId);
      if (!group) throw new RpcError(CODE.user, `Failed to find group: ${groupId}`);
      if (!group.isMember) throw new RpcError(CODE.user, `User is not a member of the group: ${group.name}`);
      return { chatId: `group:${groupId}`, people: [this.#world.person("alice")] };
    }
    const people = list(params.recipient).map((address) => this.#world.whoIs(address) ?? unknownPerson(address));
    if (people.length === 0) throw new RpcError(CODE.user, "No recipients given");
    return { chatId: people[0]!.number, people };
  }
}

function unknownPerson(address: string): Person {
  if (!/^\+\d{5,15}$/.test(address)) throw new RpcError(CODE.user, `Invalid recipient: ${address}`);
  return { number: address, uuid: "", name: address };
}

function result({ number, uuid }: Person, type: ResultType): unknown {
  return { recipientAddress: { uuid, number, username: null }, type: uuid === "" ? "UNREGISTERED_FAILURE" : type };
}

/** A value or a list of values. */
function list(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** Reads "data:image/png;filename=a.png;base64,…". */
function fileOf(address: string): FakeFile {
  const match = /^data:([^;,]+)(?:;filename=([^;,]*))?;base64,(.*)$/s.exec(address);
  if (!match) throw new RpcError(CODE.user, "Failed to add attachment: only data addresses reach another machine");
  const [, mimeType = "", fileName = "", data = ""] = match;
  const kind = /^(image|video|audio)\//.exec(mimeType)?.[1] as FakeFile["kind"] | undefined;
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  return { bytes, mimeType, fileName: decodeURIComponent(fileName), kind: kind ?? "document" };
}

/** What signal-cli answers when the server wants a pause. */
export function rateLimited(retryAfterMs: number): RpcError {
  const retryAfterSeconds = Math.ceil(retryAfterMs / 1000);
  const results = [{ type: "RATE_LIMIT_FAILURE", token: "a-challenge", retryAfterSeconds }];
  return new RpcError(CODE.rateLimit, "Failed to send message due to rate limiting", { response: { results } });
}

/**
 * The method by which today's command line acts on channels (protocol: message.action). It reads the flags and calls
 * the functions behind `send`, `poll`, `message.edit`, `message.react` and `message.delete`.
 */
import { defined } from "../../../../base/defined.ts";
import { invalidRequest } from "../../../../base/errors.ts";
import type { Caller } from "../../../../kit/access.ts";
import type { Capability } from "../../../../kit/channel.ts";
import type { KnownChannels, Target } from "../accounts/known-channels.ts";
import type { Inbox } from "../in/inbox/inbox.ts";
import type { Outbox } from "./outbox/outbox.ts";
import type { Outgoing } from "./outgoing.ts";

export interface ActionParams {
  readonly channel?: string;
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly accountId?: string;
  readonly sessionKey?: string;
  readonly idempotencyKey: string;
}

interface Ports {
  readonly channels: KnownChannels;
  readonly outgoing: Outgoing;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
}

interface Action {
  /** The capability that the channel must have; absent for what every channel can do. */
  readonly needs?: Capability;
  run(said: Said, ports: Ports, call: ActionCall): Promise<Record<string, unknown>> | Record<string, unknown>;
}

interface ActionCall {
  readonly target: Target & { channel: string };
  readonly request: ActionParams;
  readonly caller: Pick<Caller, "principal">;
  readonly signal: AbortSignal;
}

const MAX_READ = 100;
/** The most rows that are searched for the messages of one chat. */
const MAX_LOOKED_AT = 500;

const ACTIONS = new Map<string, Action>([
  [
    "send",
    {
      async run(said, { outgoing }, { target, request, caller, signal }) {
        const sessionKey = request.sessionKey ?? said.text("__sessionKey");
        const replyToId = said.text("replyTo") ?? said.text("replyToId");
        const media = said.list("media") ?? said.list("mediaUrl") ?? said.list("mediaUrls");
        if (said.flag("pin")) throw unsupported(target.channel, "pin");
        return await outgoing.send(
          {
            ...target,
            message: said.text("message") ?? said.text("text") ?? "",
            ...(media && { mediaUrls: media }),
            ...defined({ sessionKey, replyToId }),
            ...(said.flag("silent") && { silent: true }),
            idempotencyKey: request.idempotencyKey,
          },
          caller,
          signal,
        );
      },
    },
  ],
  [
    "poll",
    {
      needs: "polls",
      async run(said, { outgoing }, { target, request, caller, signal }) {
        const options = said.list("pollOption") ?? said.list("pollOptions") ?? [];
        if (options.length < 2 || options.length > 12) throw wrong("pollOption must be given 2 to 12 times");
        const durationHours = said.count("pollDurationHours");
        return await outgoing.poll(
          {
            ...target,
            question: said.required("pollQuestion", 300),
            options: options.map((option) => option.slice(0, 100)),
            ...(said.flag("pollMulti") && { maxSelections: options.length }),
            ...defined({ durationHours }),
            idempotencyKey: request.idempotencyKey,
          },
          caller,
          signal,
        );
      },
    },
  ],
  [
    "edit",
    {
      needs: "editOut",
      async run(said, { outgoing }, { target, signal }) {
        const messageId = said.required("messageId", 256);
        await outgoing.edit({ ...target, messageId, message: said.required("message", 100_000) }, signal);
        return { messageId };
      },
    },
  ],
  [
    "react",
    {
      needs: "reactionOut",
      async run(said, { outgoing }, { target, signal }) {
        const messageId = said.required("messageId", 256);
        const emoji = said.required("emoji", 64);
        await outgoing.react({ ...target, messageId, emoji, remove: said.flag("remove") }, signal);
        return { messageId };
      },
    },
  ],
  [
    "delete",
    {
      needs: "unsendOut",
      async run(said, { outgoing }, { target, signal }) {
        const messageId = said.required("messageId", 256);
        await outgoing.unsend({ ...target, messageId }, signal);
        return { messageId };
      },
    },
  ],
  ["read", { run: (said, ports, { target }) => ({ messages: messagesOf(ports, target, said.count("limit") ?? 20) }) }],
]);

/** Does the action. Throws as the methods behind it do, and `INVALID_REQUEST` for an unknown one. */
export async function messageAction(
  ports: Ports,
  request: ActionParams,
  caller: Pick<Caller, "principal">,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const said = new Said(request.params);
  const channel = ports.outgoing.channelOf(request.channel ?? said.text("channel"));
  const { capabilities } = ports.channels.definition(channel);
  const name = request.action.trim().toLowerCase();
  const action = ACTIONS.get(name);
  if (!action || (action.needs && !capabilities.includes(action.needs))) throw unsupported(channel, name.slice(0, 64));
  const to = said.text("to") ?? said.text("target");
  if (to === undefined || to.trim() === "")
    throw wrong("target is missing: a person or chat as the channel writes them");
  const accountId = request.accountId ?? said.text("accountId") ?? said.text("account");
  const threadId = said.text("threadId");
  const target = {
    channel,
    to: withoutChannel(to, channel),
    ...defined({ accountId, threadId }),
  };
  if (said.flag("dryRun")) {
    const { chat, account } = ports.channels.route(target);
    return { ok: true, dryRun: true, action: name, channel, accountId: account, chatId: chat.id };
  }
  const result = await action.run(said, ports, { target, request, caller, signal });
  return { ok: true, ...result };
}

/** The last messages of a chat that the gateway has received or sent, newest first. */
function messagesOf({ channels, inbox, outbox }: Ports, target: Target & { channel: string }, limit: number) {
  const { channel, account, chat } = channels.route(target);
  const where = { channel, accountId: account, limit: MAX_LOOKED_AT };
  const isHere = (entry: { chatId: string; threadId?: string }) =>
    entry.chatId === chat.id && (chat.threadId === undefined || entry.threadId === chat.threadId);
  const heard = inbox.entries
    .list(where)
    .filter((entry) => entry.kind === "message" && isHere(entry))
    .map(({ messageId, sender, senderName, text, receivedAt }) => ({
      // Use the gateway's own clock for both sides: platforms round, and their clocks differ from ours.
      ...{ messageId, chatId: chat.id, fromMe: false, sender, text, at: receivedAt },
      ...defined({ senderName }),
    }));
  const said = outbox.entries
    .list({ ...where, state: "sent" })
    .filter(isHere)
    .map(({ providerId = "", text, sentAt, queuedAt }) => ({
      ...{ messageId: providerId, chatId: chat.id, fromMe: true, sender: "", text, at: sentAt ?? queuedAt },
    }));
  return [...heard, ...said].sort((a, b) => b.at - a.at).slice(0, Math.min(Math.max(1, limit), MAX_READ));
}

/** Clients write "telegram:123" for a chat that they have looked up. */
function withoutChannel(to: string, channel: string): string {
  const prefix = `${channel}:`;
  return to.toLowerCase().startsWith(prefix) ? to.slice(prefix.length) : to;
}

function wrong(what: string) {
  return invalidRequest(`invalid message.action params: ${what}`);
}

function unsupported(channel: string, action: string) {
  return invalidRequest(`Channel ${channel} does not support action ${action}.`);
}

/** Reads `params`. They are flags of a command line, so a number or a single value may stand for a text or a list. */
class Said {
  readonly #params: Readonly<Record<string, unknown>>;

  constructor(params: Readonly<Record<string, unknown>>) {
    this.#params = params;
  }

  text(name: string): string | undefined {
    const value = this.#own(name);
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string") return value;
    if (typeof value === "number" && Number.isFinite(value)) return String(value);
    throw wrong(`at /params/${name}: must be string`);
  }

  required(name: string, maxLength: number): string {
    const value = this.text(name);
    if (value === undefined || value.trim() === "") throw wrong(`${name} is missing`);
    if (value.length > maxLength) throw wrong(`${name} must not be longer than ${maxLength} characters`);
    return value;
  }

  list(name: string): string[] | undefined {
    const value = this.#own(name);
    if (value === undefined || value === null || value === "") return undefined;
    const items = Array.isArray(value) ? value : [value];
    if (!items.every((item) => typeof item === "string")) throw wrong(`at /params/${name}: must be strings`);
    return items.length === 0 ? undefined : items;
  }

  flag(name: string): boolean {
    const value = this.#own(name);
    return value === true || value === "true";
  }

  count(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined || value.trim() === "") return undefined;
    const number = Number(value);
    if (!Number.isInteger(number) || number < 1 || number > 10_000)
      throw wrong(`${name} must be a whole number from 1`);
    return number;
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#params, name) ? this.#params[name] : undefined;
  }
}

/** The link to an app's workspace. */
import { WebClient } from "@slack/web-api";
import { ignore, TellableError } from "../../base/errors.ts";
import { within } from "../../base/time/deadline.ts";
import {
  type Capability,
  type ChannelContext,
  ChannelError,
  type Connection,
  type ProbeContext,
} from "../../kit/channel.ts";
import type { MediaRef, Outbound, Sent } from "../../kit/channel-message.ts";
import { accountId, type ChatRef, chosenName, type MessageRef, type Peer } from "../../kit/party.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { clientOptions, type Settings } from "./api.ts";
import { catchUp } from "./catch-up.ts";
import { emojiName } from "./emoji.ts";
import { linkError, sendError, slackCode } from "./errors.ts";
import { Intake } from "./intake.ts";
import { SocketLink } from "./link.ts";
import { openFile } from "./media.ts";
import { Names } from "./names.ts";
import { bodyOf, Outbox } from "./outbound.ts";
import { initReadPositions } from "./read-positions.ts";

/** What an app may do only with a scope, and what it lacks without. */
const SCOPED: readonly (readonly [Capability, scope: string])[] = [
  ["typing", "assistant:write"],
  ["reactionOut", "reactions:write"],
  ["reactionIn", "reactions:read"],
  ["mediaOut", "files:write"],
  ["mediaIn", "files:read"],
  ["commands", "commands"],
];

/** How long what is new waits for what was missed. */
const CATCH_UP_FIRST_MS = 2000;

/** Connects; resolves when events flow. Throws `ChannelError`. */
export async function connect(context: ChannelContext<Settings>): Promise<Connection> {
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  const api = new WebClient(context.settings.botToken, clientOptions(context.settings, context.log, signal, context));
  const me = await identify(api);
  initReadPositions(context);
  const names = new Names(api, context.clock);
  const commands = new Set(context.commands.map(({ name }) => name));
  const reader = { userId: me.self.id, botId: me.botId, teamId: me.teamId, commands };
  const intake = new Intake(context, names, reader, (reason) => link.end(reason));
  const link: SocketLink = new SocketLink(context, signal, (envelope) => intake.take(envelope));
  // Envelopes wait in line while the histories are read, but not for long: Slack wants its acks.
  const { promise: isOpen, resolve: opened } = Promise.withResolvers<boolean>();
  void intake.inTurn(async () => {
    if (!(await isOpen)) return;
    const missed = catchUp({ api, context: context as ChannelContext, intake, signal });
    const limit = context.clock.sleep(CATCH_UP_FIRST_MS, signal);
    await Promise.race([missed, limit]).catch((error: unknown) => {
      context.log.debug("slack catch-up interrupted", { why: sendError(error, "").message });
    });
    missed.catch((error: unknown) => ignore(error, "it was logged, or the link has ended"));
    limit.catch((error: unknown) => ignore(error, "the link has ended"));
  });
  try {
    await link.open();
  } catch (error) {
    end.abort(new TellableError("the connection was not made"));
    opened(false);
    throw error;
  }
  opened(true);
  return new SlackConnection({ api, context, me, link, intake, end });
}

/** Who the tokens belong to; both are tried. Throws `ChannelError`. */
export async function probe({ settings, signal, log }: ProbeContext<Settings>): Promise<Peer> {
  const { self } = await identify(new WebClient(settings.botToken, clientOptions(settings, log, signal)));
  const app = new WebClient(settings.appToken, clientOptions(settings, log, signal));
  await app.apps.connections.open({}).catch((error: unknown) => {
    throw linkError(error, "appToken");
  });
  return self;
}

interface Identity {
  readonly self: Peer;
  readonly botId: string | undefined;
  readonly teamId: string;
  /** Undefined when Slack did not say. */
  readonly scopes: readonly string[] | undefined;
}

async function identify(api: WebClient): Promise<Identity> {
  const answer = await api.auth.test().catch((error: unknown) => {
    throw linkError(error, "botToken");
  });
  const { user_id, user, bot_id, team_id = "", response_metadata } = answer;
  if (!user_id)
    throw new ChannelError(
      "bad-credentials",
      "Slack's bot token belongs to nobody; use the one that begins with xoxb-.",
    );
  const name = chosenName(user);
  const self = { id: accountId(user_id), isBot: true, ...(name && { name, username: name }) };
  return { self, botId: bot_id, teamId: team_id, scopes: response_metadata?.scopes };
}

interface Parts {
  readonly api: WebClient;
  readonly context: ChannelContext<Settings>;
  readonly me: Identity;
  readonly link: SocketLink;
  readonly intake: Intake;
  readonly end: AbortController;
}

class SlackConnection implements Connection {
  readonly self: Peer;
  readonly closed: Promise<ChannelError>;
  readonly absent: Partial<Record<Capability, string>>;
  readonly #parts: Parts;
  readonly #outbox: Outbox;

  constructor(parts: Parts) {
    const { me, api, context, link } = parts;
    this.self = me.self;
    this.closed = link.ended;
    this.absent = absentWithout(me.scopes);
    this.#parts = parts;
    this.#outbox = new Outbox(api, context as ChannelContext, me.self.id);
  }

  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    return await answered(this.#outbox.send(message, signal), message.chat.id, signal);
  }

  async findSent(message: Outbound, signal: AbortSignal): Promise<Sent | "absent" | "unknown"> {
    return await this.#outbox.find(message, signal);
  }

  async edit(target: MessageRef, text: Rendered, signal: AbortSignal): Promise<void> {
    if (!/^\d+\.\d+$/.test(target.id))
      throw new ChannelError("rejected", "Slack cannot change the answer to a command; it is sent as a new message.");
    const channel = await this.#outbox.channelOf(target.chat.id);
    const update = this.#parts.api.chat.update({
      ...{ channel, ts: target.id, text: bodyOf(text), blocks: [] },
      ...this.#outbox.previews,
    });
    await answered(update, channel, signal);
  }

  async unsend(target: MessageRef, signal: AbortSignal): Promise<void> {
    const channel = await this.#outbox.channelOf(target.chat.id);
    const removal = this.#parts.api.chat.delete({ channel, ts: target.id });
    await answered(unless(removal, "message_not_found"), channel, signal);
  }

  async react(target: MessageRef, emoji: string, { remove }: { remove: boolean }, signal: AbortSignal): Promise<void> {
    const channel = await this.#outbox.channelOf(target.chat.id);
    const { reactions } = this.#parts.api;
    const reaction = { channel, timestamp: target.id, name: emojiName(emoji) };
    const change = remove
      ? unless(reactions.remove(reaction), "no_reaction")
      : unless(reactions.add(reaction), "already_reacted");
    await answered(change, channel, signal);
  }

  /** Slack has no typing of apps but a status, in the thread of a message. */
  async typing(chat: ChatRef, isTyping: boolean): Promise<void> {
    if (this.absent.typing !== undefined) return;
    const thread_ts = chat.threadId ?? this.#parts.intake.newest.get(chat.id);
    if (thread_ts === undefined) return;
    const status = isTyping ? "is typing…" : "";
    await this.#parts.api.assistant.threads
      .setStatus({ channel_id: chat.id, thread_ts, status })
      .catch((error: unknown) => ignore(error, "a status is a courtesy"));
  }

  async fetchMedia(media: MediaRef, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { botToken = "", apiUrl = "https://slack.com/api/" } = this.#parts.context.settings;
    return await openFile(this.#parts.api, media.ref, { token: botToken, apiUrl }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { link, end } = this.#parts;
    const closing = link.close();
    end.abort(new TellableError("the connection was closed"));
    await closing;
  }
}

/** The answer, or the `ChannelError` that its failure is. The library cannot be told to stop, so nobody waits for it. */
async function answered<T>(answer: Promise<T>, chatId: string, signal: AbortSignal): Promise<T> {
  try {
    return await within(answer, { signal });
  } catch (error) {
    if (!signal.aborted) throw sendError(error, chatId);
    throw new ChannelError("unknown", "Slack did not answer in time; whether it took the message cannot be told.");
  }
}

/** Awaits a call, and takes the refusal `code` for success: it says that things are so already. */
async function unless(call: Promise<unknown>, code: string): Promise<void> {
  await call.catch((error: unknown) => {
    if (slackCode(error) !== code) throw error;
  });
}

function absentWithout(scopes: readonly string[] | undefined): Partial<Record<Capability, string>> {
  if (scopes === undefined || scopes.length === 0) return {};
  const lacking = SCOPED.filter(([, scope]) => !scopes.includes(scope));
  return Object.fromEntries(
    lacking.map(([capability, scope]) => [
      capability,
      `The app lacks ${scope}; add it under OAuth & Permissions and install the app again.`,
    ]),
  );
}

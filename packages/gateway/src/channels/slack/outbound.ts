/** What goes out: messages with our id in their metadata, files, answers to commands. */

import type { WebClient } from "@slack/web-api";
import { defined } from "../../base/defined.ts";
import { type ChannelContext, ChannelError, retryAfterIn } from "../../kit/channel.ts";
import type { Outbound, Sent } from "../../kit/channel-message.ts";
import type { Rendered } from "../../kit/text/dialect.ts";
import { sendError, slackCode } from "./errors.ts";
import { escaped } from "./format.ts";
import { share, sharedAt, upload } from "./media.ts";
import { rememberPlace } from "./read-positions.ts";

/** The name of our metadata. */
const EVENT_TYPE = "moltbot_message";
/** The longest text of a section (Slack: section block). */
const SECTION_CHARS = 3000;
/** The delay until a sent message is in the history, ms. */
const SETTLE_MS = 1000;
/** Clocks differ; a message is looked for from this long before it was queued. */
const MARGIN_MS = 60_000;
const MOST_PAGES = 5;

export class Outbox {
  readonly #api: WebClient;
  readonly #context: ChannelContext;
  readonly #selfId: string;
  /** Person → their direct conversation. */
  readonly #direct = new Map<string, string>();

  constructor(api: WebClient, context: ChannelContext, selfId: string) {
    this.#api = api;
    this.#context = context;
    this.#selfId = selfId;
  }

  /** A preview would have Slack fetch whatever address the model wrote. */
  get previews() {
    const isOn = (this.#context.settings as { linkPreviews?: boolean }).linkPreviews ?? false;
    return { unfurl_links: isOn, unfurl_media: isOn };
  }

  /** The conversation that an id stands for: a person's is the direct one. Throws what the library throws. */
  async channelOf(id: string): Promise<string> {
    if (!/^[UW]/.test(id)) return id;
    const known = this.#direct.get(id);
    if (known !== undefined) return known;
    const { channel } = await this.#api.conversations.open({ users: id }).catch((error: unknown) => {
      const problem = sendError(error, id);
      throw problem.kind === "unknown" ? new ChannelError("not-sent", problem.message) : problem;
    });
    if (!channel?.id) throw new ChannelError("rejected", `Slack opened no conversation with ${id}.`);
    this.#direct.set(id, channel.id);
    return channel.id;
  }

  /** Sends a message. Throws `ChannelError`, or what the library throws. */
  async send(message: Outbound, signal: AbortSignal): Promise<Sent> {
    const channel = await this.channelOf(message.chat.id);
    if (message.via !== undefined && !message.media && !channel.startsWith("D"))
      return await this.#respond(message, signal);
    try {
      const sent = message.media ? await this.#sendFile(message, channel, signal) : await this.#post(message, channel);
      if (/^\d+\.\d+$/.test(sent.id)) rememberPlace({ ...message.chat, id: channel }, sent.id, this.#context);
      return { ...sent, ...(channel !== message.chat.id && { chatId: channel }) };
    } catch (error) {
      // A command may be given where the app is not: in the direct conversation of two people.
      const isElsewhere = /^(channel_not_found|not_in_channel)$/.test(slackCode(error) ?? "");
      if (message.via === undefined || message.media || !isElsewhere) throw error;
      return await this.#respond(message, signal);
    }
  }

  /** Looks for a message by the id that we gave it. */
  async find(message: Outbound, signal: AbortSignal): Promise<Sent | "absent" | "unknown"> {
    const channel = await this.channelOf(message.chat.id);
    if (message.via !== undefined && !channel.startsWith("D")) return "unknown";
    await this.#context.clock.sleep(SETTLE_MS, signal);
    return message.media
      ? await this.#findFile(message, channel, signal)
      : await this.#findText(message, channel, signal);
  }

  async #post(message: Outbound, channel: string): Promise<Sent> {
    const { text, chat, buttons, clientId } = message;
    const body = bodyOf(text);
    const metadata = { event_type: EVENT_TYPE, event_payload: { id: clientId } };
    const blocks = buttons?.length ? blocksOf(body, buttons) : undefined;
    const answer = await this.#api.chat.postMessage({
      ...{ channel, text: body, metadata, ...this.previews },
      ...defined({ thread_ts: chat.threadId }),
      ...(blocks && { blocks: blocks as never }),
    });
    if (!answer.ts) throw new ChannelError("unknown", "Slack took the message but did not name it.");
    return { id: answer.ts };
  }

  /** The file's id is kept until it is shown, so that a doubtful one can be looked for. */
  async #sendFile(message: Outbound, channelId: string, signal: AbortSignal): Promise<Sent> {
    const { state, clock } = this.#context;
    const fileId = await upload(this.#api, message.media!, signal);
    state.write({ [uploadKey(message)]: fileId });
    const destination = { channelId, threadTs: message.chat.threadId, comment: bodyOf(message.text) };
    const sent = await share(fileId, destination, { api: this.#api, clock, signal });
    state.write({ [uploadKey(message)]: undefined });
    return sent;
  }

  /** Answers a command where it was given; only who gave it sees the answer. It has no ts, so it stays as it is. */
  async #respond({ via, text, clientId }: Outbound, signal: AbortSignal): Promise<Sent> {
    const body = JSON.stringify({ text: bodyOf(text), response_type: "ephemeral", ...this.previews });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(via!, { method: "POST", headers, body, signal });
    const said = await answer.text();
    if (answer.ok) return { id: `response:${clientId}` };
    if (answer.status === 404 || /expired_url|used_url/.test(said))
      throw new ChannelError(
        "rejected",
        "Slack takes answers to a command for 30 minutes, five at most; use the command again.",
      );
    const retryAfter = retryAfterIn(answer) / 1000;
    throw Object.assign(new Error("Slack refused the answer"), {
      statusCode: answer.status,
      ...(answer.status === 429 && { retryAfter }),
    });
  }

  async #findText(
    { chat, clientId, queuedAt }: Outbound,
    channel: string,
    signal: AbortSignal,
  ): Promise<Sent | "absent" | "unknown"> {
    const oldest = String((queuedAt - MARGIN_MS) / 1000);
    let cursor: string | undefined;
    for (let page = 0; page < MOST_PAGES && !signal.aborted; page++) {
      const common = { channel, oldest, limit: 200, include_all_metadata: true, ...(cursor && { cursor }) };
      const answer = chat.threadId
        ? await this.#api.conversations.replies({ ...common, ts: chat.threadId })
        : await this.#api.conversations.history(common);
      const found = answer.messages?.find(({ user, metadata }) => {
        const payload = metadata?.event_payload as { id?: unknown } | undefined;
        return user === this.#selfId && payload?.id === clientId;
      });
      if (found?.ts) return { id: found.ts };
      cursor = answer.response_metadata?.next_cursor || undefined;
      if (cursor === undefined) return "absent";
    }
    return "unknown";
  }

  async #findFile(message: Outbound, channel: string, signal: AbortSignal): Promise<Sent | "absent" | "unknown"> {
    const fileId = this.#context.state.get(uploadKey(message));
    // Before an upload is noted nothing was shown.
    if (fileId === undefined) return "absent";
    const ts = await sharedAt(fileId, channel, { api: this.#api, clock: this.#context.clock, signal });
    // Slack shows large files late.
    return ts === undefined ? "unknown" : { id: ts };
  }
}

/** Text that is the same without marks was not rendered: what Slack reads as markup is escaped. */
export function bodyOf({ text, plain }: Rendered): string {
  return text === plain ? escaped(plain) : text;
}

function uploadKey({ clientId }: Outbound): string {
  return `upload:${clientId}`;
}

function blocksOf(text: string, buttons: NonNullable<Outbound["buttons"]>) {
  const sections = text.match(new RegExp(`[\\s\\S]{1,${SECTION_CHARS}}`, "g")) ?? [];
  return [
    ...sections.map((part) => ({ type: "section", text: { type: "mrkdwn", text: part } })),
    ...buttons.map((row, line) => ({
      type: "actions",
      elements: row.map(({ label, data }, place) => ({
        type: "button",
        action_id: `button:${line}:${place}`,
        text: { type: "plain_text", text: label.slice(0, 75), emoji: true },
        value: data,
      })),
    })),
  ];
}

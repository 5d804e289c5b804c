/** The parts of Slack's events that are read, checked as far as they are used. */
import { typedIn } from "./blocks.ts";

export interface SlackFile {
  readonly id: string;
  readonly name?: string;
  readonly mimetype?: string;
  readonly size?: number;
  readonly subtype?: string;
  readonly mode?: string;
  readonly is_external?: boolean;
  readonly url_private?: string;
  readonly alt_txt?: string;
}

/** What programs attach, and what people share or link. */
export interface SlackAttachment {
  readonly pretext?: string;
  readonly title?: string;
  readonly title_link?: string;
  readonly text?: string;
  readonly fallback?: string;
  readonly fields?: readonly { readonly title?: string; readonly value?: string }[];
  readonly actions?: readonly { readonly text?: string }[];
  readonly footer?: string;
  readonly image_url?: string;
  readonly blocks?: unknown;
  readonly message_blocks?: readonly { readonly message?: { readonly blocks?: unknown } }[];
  readonly author_name?: string;
  readonly author_id?: string;
  readonly channel_id?: string;
  readonly channel_name?: string;
  readonly service_name?: string;
  readonly ts?: string | number;
  readonly from_url?: string;
  readonly files?: readonly SlackFile[];
}

/** A message as events and histories hold it. */
export interface SlackMessage {
  readonly type?: string;
  readonly subtype?: string;
  readonly channel: string;
  readonly channel_type?: string;
  readonly ts: string;
  readonly text: string;
  readonly user?: string;
  readonly bot_id?: string;
  readonly username?: string;
  readonly thread_ts?: string;
  readonly parent_user_id?: string;
  readonly files?: readonly SlackFile[];
  readonly edited?: { readonly ts?: string };
  readonly blocks?: unknown;
  readonly attachments?: readonly SlackAttachment[];
  readonly metadata?: { readonly event_payload?: { readonly id?: unknown } };
}

/** Reads a message. Throws TypeError when it is not one. */
export function messageIn(event: unknown, channel?: string): SlackMessage {
  const message = event as SlackMessage | undefined;
  const place = message?.channel ?? channel;
  const text = message?.text ?? "";
  if (!message || typeof message.ts !== "string" || !/^\d+\.\d+$/.test(message.ts)) throw new TypeError("no ts");
  if (typeof place !== "string") throw new TypeError("no channel");
  if (typeof text !== "string") throw new TypeError("the text is not a string");
  if (message.user !== undefined && typeof message.user !== "string") throw new TypeError("the user is not an id");
  // Apps and some clients leave the text empty where there are blocks.
  return { ...message, channel: place, text: text.trim() === "" ? typedIn(message.blocks) : text };
}

/** A named field of something unknown. */
export function field(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

/** A named field, when it is a string. */
export function stringField(of: unknown, name: string): string | undefined {
  const value = field(of, name);
  return typeof value === "string" ? value : undefined;
}

/** Epoch milliseconds of a ts. */
export function millisOf(ts: string | undefined, otherwise: number): number {
  const at = Math.floor(Number(ts) * 1000);
  return ts === undefined || Number.isNaN(at) ? otherwise : at;
}

/** What the Bot API's refusals and the network's failures mean. */
import { codeOf, NEVER_REACHED } from "../../base/errors.ts";
import { ChannelError, rateLimited } from "../../kit/channel.ts";

/** The Bot API's error object, as the client library throws it. */
export interface Refusal {
  readonly error_code: number;
  readonly description: string;
  readonly parameters: { readonly retry_after?: unknown; readonly migrate_to_chat_id?: number };
}

/**
 * The Bot API's answer, when that is what was thrown; servers of other makes may leave parts of it out. What holds no part
 * of it refuses nothing: the library takes any JSON that is not a success for a refusal.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error && "error_code" in error)) return undefined;
  const { error_code, description, parameters } = error as Partial<Refusal>;
  if (error_code === undefined && description === undefined) return undefined;
  return { error_code: error_code ?? 400, description: description ?? "no reason given", parameters: parameters ?? {} };
}

/** The file that was to be sent is gone, or not ours to read. */
const UNREADABLE_FILE = new Set(["ENOENT", "EACCES", "EPERM", "EISDIR"]);

/** What went wrong with something that was sent to `chatId`. */
export function sendError(error: unknown, chatId: string): ChannelError {
  if (error instanceof ChannelError) return error;
  const refusal = refusalOf(error);
  if (!refusal) return lost(error);
  const { error_code: code, description } = refusal;
  if (code === 429) return tooMany(refusal);
  if (code === 401) return badToken();
  if (code >= 500)
    return new ChannelError("unknown", `Telegram answered ${code}; whether it took the message cannot be told.`);
  if (/can't parse|unsupported start tag|can't find end/i.test(description))
    return new ChannelError("bad-format", "Telegram cannot read the markup; send the text without it.");
  return new ChannelError("rejected", rejection(refusal, chatId));
}

/** What went wrong with a poll, or while connecting; it decides what becomes of the account. */
export function linkError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  const refusal = refusalOf(error);
  if (!refusal)
    return new ChannelError("network", `Telegram cannot be reached${reason(error)}; check the network.`, {
      cause: { code: networkCode(error) },
    });
  const { error_code: code, description } = refusal;
  // A token of the wrong shape is an unknown path to the Bot API.
  if (code === 401 || code === 404) return badToken();
  if (code === 429) return tooMany(refusal);
  if (code === 409 && /webhook/i.test(description))
    return new ChannelError(
      "replaced",
      "Another program receives this bot's messages by a webhook; stop it, or give the gateway a bot of its own.",
    );
  if (code === 409)
    return new ChannelError(
      "replaced",
      "Another program receives this bot's messages; stop the other one, or give the gateway a bot of its own.",
    );
  return new ChannelError("network", `Telegram answered ${code}; the gateway tries again.`);
}

function badToken(): ChannelError {
  return new ChannelError(
    "bad-credentials",
    "Telegram rejected the bot token; take the current one from @BotFather and set channels.telegram.botToken.",
  );
}

function tooMany({ parameters }: Refusal): ChannelError {
  return rateLimited("Telegram", Number(parameters.retry_after) * 1000);
}

function lost(error: unknown): ChannelError {
  const code = networkCode(error);
  if (code && UNREADABLE_FILE.has(code))
    return new ChannelError("rejected", "The file to send cannot be read any more.");
  return code && NEVER_REACHED.has(code)
    ? new ChannelError("not-sent", `Telegram cannot be reached (${code}); check the network.`)
    : new ChannelError(
        "unknown",
        `Telegram did not answer${reason(error)}; whether it took the message cannot be told.`,
      );
}

function reason(error: unknown): string {
  const code = networkCode(error);
  return code ? ` (${code})` : "";
}

/** The system's code, however deep. Nothing else of the error is passed on: its message may hold the token. */
function networkCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return codeOf(error) ?? networkCode("error" in error ? error.error : error.cause);
}

const REJECTIONS: readonly (readonly [RegExp, (chatId: string) => string])[] = [
  [
    /chat not found|PEER_ID_INVALID/i,
    (chat) =>
      `Telegram knows no chat ${chat} for this bot; the person has to write to it first, or add it to the group.`,
  ],
  [/blocked by the user/i, (chat) => `The person of chat ${chat} has blocked the bot; they have to unblock it.`],
  [/user is deactivated/i, (chat) => `The account of chat ${chat} no longer exists.`],
  [/bot was kicked|not a member/i, (chat) => `The bot was removed from chat ${chat}; add it again.`],
  [
    /not enough rights|have no rights|CHAT_WRITE_FORBIDDEN/i,
    (chat) => `The bot may not write in chat ${chat}; give it the right to.`,
  ],
  [/thread not found|TOPIC_(CLOSED|DELETED)/i, (chat) => `The topic in chat ${chat} is closed or was deleted.`],
  [/initiate conversation/i, (chat) => `The person of chat ${chat} has to write to the bot first.`],
  [
    /message to (?:edit|react|delete|be replied|forward|copy) not found|message (?:identifier is not specified|not found)/i,
    (chat) => `The message in chat ${chat} is gone, or was never there.`,
  ],
  [/message is too long|caption is too long/i, () => "The text is longer than Telegram allows."],
  [/can't be deleted/i, () => "Telegram lets bots delete a message only within 48 hours."],
  [/too large|too big/i, () => "The file is larger than Telegram allows."],
];

/** Telegram's own words may hold what was sent, and anything else: only what they mean is passed on. */
function rejection({ error_code: code, description }: Refusal, chatId: string): string {
  const known = REJECTIONS.find(([pattern]) => pattern.test(description));
  return known
    ? known[1](chatId)
    : `Telegram refused it (${code}); check the message and what the bot may do in chat ${chatId}.`;
}

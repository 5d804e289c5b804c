/** What Slack's error codes and the network's failures mean. */
import { codeOf, NEVER_REACHED } from "../../base/errors.ts";
import { ChannelError, rateLimited } from "../../kit/channel.ts";

/** Codes that mean that a token is of no use (any more). */
const BAD_TOKEN = new Set([
  "invalid_auth",
  "not_authed",
  "account_inactive",
  "token_revoked",
  "token_expired",
  "not_allowed_token_type",
  "user_removed_from_team",
  "team_disabled",
  "org_login_required",
]);

/** The code when the answer has none: the library takes any body for a code. */
const UNREADABLE = "unreadable_code";

/** Slack could not finish, or something else answered; it may have done what was asked. */
const DOUBTFUL = new Set(["internal_error", "fatal_error", "service_unavailable", "request_timeout", UNREADABLE]);

/** The wait when Slack does not say how long. */
const USUAL_WAIT_MS = 30_000;

/** Slack's own code for what went wrong, when it answered with one. */
export function slackCode(error: unknown): string | undefined {
  const data = (error as { data?: { error?: unknown } } | undefined)?.data;
  if (typeof data?.error !== "string") return undefined;
  return /^[a-z][\w-]{0,63}$/i.test(data.error) ? data.error : UNREADABLE;
}

/** What went wrong with something that was sent to `chatId`. */
export function sendError(error: unknown, chatId: string): ChannelError {
  if (error instanceof ChannelError) return error;
  const code = slackCode(error);
  if (code !== undefined) return platformError(code, error, chatId);
  const retryAfter = (error as { retryAfter?: unknown }).retryAfter;
  if (typeof retryAfter === "number") return tooMany(retryAfter * 1000);
  const status = (error as { statusCode?: unknown }).statusCode;
  if (status === 429) return tooMany(USUAL_WAIT_MS);
  if (typeof status === "number" && status >= 400 && status < 500)
    return new ChannelError("rejected", `Slack refused it with the status ${status}.`);
  const network = networkCode(error);
  if (network && NEVER_REACHED.has(network))
    return new ChannelError("not-sent", `Slack cannot be reached (${network}); check the network.`);
  const why = typeof status === "number" ? `answered ${status}` : `did not answer${network ? ` (${network})` : ""}`;
  return new ChannelError("unknown", `Slack ${why}; whether it took the message cannot be told.`);
}

/** What went wrong while connecting with a token; it decides what becomes of the account. */
export function linkError(error: unknown, token: "botToken" | "appToken"): ChannelError {
  if (error instanceof ChannelError) return error;
  const code = slackCode(error);
  if (code !== undefined && BAD_TOKEN.has(code)) return badToken(token, code);
  if (code === "missing_scope" && token === "appToken")
    return new ChannelError(
      "bad-credentials",
      "Slack's app-level token lacks connections:write; make a new one under Basic Information and set channels.slack.appToken.",
    );
  const reason = code ?? networkCode(error) ?? (error as { statusCode?: number } | undefined)?.statusCode;
  return new ChannelError("network", `Slack cannot be reached${reason ? ` (${reason})` : ""}; check the network.`);
}

function badToken(token: "botToken" | "appToken", code: string): ChannelError {
  const name = token === "botToken" ? "bot token" : "app-level token";
  return new ChannelError(
    "bad-credentials",
    `Slack rejected the ${name} (${code}); install the app again and set channels.slack.${token}.`,
  );
}

function platformError(code: string, error: unknown, chatId: string): ChannelError {
  if (/^(ratelimited|rate_limited|message_limit_exceeded)$/.test(code)) {
    const metadata = (error as { data: { response_metadata?: { retryAfter?: number } } }).data.response_metadata;
    return tooMany(Number(metadata?.retryAfter) * 1000);
  }
  if (BAD_TOKEN.has(code)) return badToken("botToken", code);
  if (DOUBTFUL.has(code))
    return new ChannelError("unknown", `Slack answered ${code}; whether it took the message cannot be told.`);
  if (code === "missing_scope") {
    const needed = (error as { data: { needed?: string } }).data.needed ?? "";
    const fix = "add it under OAuth & Permissions, then install the app again";
    return new ChannelError(
      "rejected",
      `The Slack app lacks ${/^[\w:.,-]{1,100}$/.test(needed) ? needed : "a scope"}; ${fix}.`,
    );
  }
  const known = REJECTIONS[code];
  return new ChannelError(
    "rejected",
    known ? known(chatId) : `Slack refused it (${code}); check the message and what the app may do there.`,
  );
}

const REJECTIONS: Readonly<Record<string, (chatId: string) => string>> = {
  channel_not_found: (chat) =>
    `Slack knows no conversation ${chat} for this app; check the id, or invite the app with /invite.`,
  not_in_channel: (chat) => `The app is not in ${chat}; invite it there with /invite.`,
  is_archived: (chat) => `The channel ${chat} is archived; open it again, or send to another.`,
  restricted_action: (chat) => `A rule of the workspace keeps the app from writing in ${chat}; ask an admin.`,
  msg_too_long: () => "The text is longer than Slack allows.",
  thread_not_found: (chat) => `The thread in ${chat} is gone.`,
  message_not_found: (chat) => `The message in ${chat} is gone.`,
  cant_update_message: () => "Slack lets an app change its own messages only.",
  cant_delete_message: () => "Slack lets an app delete its own messages only.",
  edit_window_closed: () => "The workspace no longer allows this message to be changed.",
  user_not_found: (chat) => `Slack knows no person ${chat}.`,
  cannot_dm_bot: () => "Slack lets an app write to people only, not to other apps.",
};

function tooMany(retryAfterMs: number): ChannelError {
  return rateLimited("Slack", retryAfterMs, { usualMs: USUAL_WAIT_MS });
}

/** The system's code, however deep the library has put it. */
function networkCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const own = codeOf(error);
  const inner = "original" in error ? error.original : error.cause;
  return own && !own.startsWith("slack_") ? own : networkCode(inner);
}

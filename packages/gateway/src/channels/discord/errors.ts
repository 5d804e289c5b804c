/** Maps Discord's refusals and the network's failures to `ChannelError`. */
import { DiscordAPIError, HTTPError, RateLimitError } from "@discordjs/rest";
import { codeOf, NEVER_REACHED } from "../../base/errors.ts";
import { ChannelError, rateLimited } from "../../kit/channel.ts";

/** Discord's error codes that people can do something about (documentation: Opcodes and Status Codes, JSON). */
const REJECTIONS: Readonly<Record<number, string>> = {
  10003: "Discord knows no such channel; it was deleted, or the id is wrong.",
  10008: "Discord knows no such message; it was deleted.",
  10013: "Discord knows no such person.",
  30010: "The message has as many different reactions as Discord allows.",
  40005: "The file is larger than Discord allows.",
  50001: "The bot cannot see this channel; invite it to the server again, or give it View Channel there.",
  50005: "Discord lets a bot edit only its own messages.",
  50006: "Discord takes no empty messages.",
  50007: "This person takes no direct messages of the bot; they have to allow them from members of a shared server.",
  50013:
    "The bot lacks a permission in this channel; give it Send Messages, Send Messages in Threads and Attach Files.",
  50033: "Discord opens no direct chat with this account.",
  50083: "The thread is archived.",
  160005: "The thread is locked.",
};

/** What went wrong with a request. */
export function requestError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  if (error instanceof RateLimitError)
    return rateLimited("Discord", Math.max(error.retryAfter || 0, error.sublimitTimeout || 0));
  if (error instanceof DiscordAPIError) return refusal(error);
  if (error instanceof HTTPError)
    return new ChannelError("unknown", `Discord answered ${error.status}; whether it took the message cannot be told.`);
  // The library forgets a token that was refused once.
  if (error instanceof Error && error.message.startsWith("Expected token to be set")) return badToken();
  const code = codeOf(error) ?? codeOf((error as { cause?: unknown } | undefined)?.cause);
  if (code && NEVER_REACHED.has(code))
    return new ChannelError("not-sent", `Discord cannot be reached (${code}); check the network.`, { cause: error });
  return new ChannelError("unknown", "Discord did not answer; whether it took the message cannot be told.", {
    cause: error,
  });
}

/** Reads an error of connecting. Nothing is sent then, so an unclear failure counts as one of the network. */
export function linkError(error: unknown): ChannelError {
  const known = requestError(error);
  if (known.kind !== "not-sent" && known.kind !== "unknown" && known.kind !== "rejected") return known;
  return new ChannelError("network", "Discord cannot be reached; check the network.", { cause: error });
}

/** Discord's own code of a refusal. */
export function discordCode(error: unknown): number | undefined {
  return error instanceof DiscordAPIError ? Number(error.code) : undefined;
}

/** Why the gateway ended a connection for good, by its close code; undefined when coming back helps. */
export function fatalClose(code: number): ChannelError | undefined {
  switch (code) {
    case 4004:
      return badToken();
    case 4010:
    case 4011:
      return new ChannelError("unavailable", "The bot is in more servers than one connection may serve; leave some.");
    case 4012:
      return new ChannelError("unavailable", "Discord no longer speaks this version of its gateway; update moltbot.");
    case 4013:
    case 4014:
      return new ChannelError(
        "bad-credentials",
        "Discord does not let this bot read messages: switch on Message Content Intent in the Developer Portal under Bot, or set channels.discord.messageContent to false.",
      );
    default:
      return undefined;
  }
}

function badToken(): ChannelError {
  return new ChannelError(
    "bad-credentials",
    "Discord rejected the bot token; reset it in the Developer Portal under Bot and set channels.discord.token.",
  );
}

function refusal(error: DiscordAPIError): ChannelError {
  if (error.status === 401) return badToken();
  const known = REJECTIONS[Number(error.code)];
  if (known) return new ChannelError("rejected", known, { cause: error });
  // Discord's own text may contain what was sent, so it is not used.
  const code = /^\d{1,9}$/.test(String(error.code)) ? ` with the code ${error.code}` : "";
  return new ChannelError("rejected", `Discord refused it${code}; check the message and the bot's permissions there.`, {
    cause: error,
  });
}

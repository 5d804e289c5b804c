/** WhatsApp's refusals and the library's failures, as sentences for the account's owner. */
import { ChannelError } from "../../kit/channel.ts";

const LOGIN = "run moltbot channels login whatsapp";

/** What is thrown when there is nothing to connect with. */
export function notLinked(): ChannelError {
  return new ChannelError("logged-out", `WhatsApp is not linked to a phone; ${LOGIN}.`);
}

/** What is thrown when the service does not answer to a login at all. */
export function notReached(cause: unknown): ChannelError {
  return new ChannelError("network", `WhatsApp cannot be reached; check the network, then ${LOGIN} again.`, { cause });
}

/** As the library throws: an error with an HTTP-like code, and the stanza that caused it. */
interface CodedError extends Error {
  readonly output?: { readonly statusCode?: number };
  readonly data?: unknown;
}

/** The code of a library's error. Of a query it is in the data, of a connection in the status. */
function codeOf(error: unknown): number | undefined {
  const { output, data } = (error ?? {}) as CodedError;
  return typeof data === "number" ? data : output?.statusCode;
}

/** The code with which the service asks a new link to connect again at once. */
export const RESTART_REQUIRED = 515;

export function isRestartRequired(error: unknown): boolean {
  return codeOf(error) === RESTART_REQUIRED;
}

/** Why a connection ended. */
export function closeReason(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  const cause = { cause: error };
  if (isRemoved((error as CodedError | undefined)?.data)) return loggedOut(cause);
  const code = codeOf(error);
  switch (code) {
    case 401:
      return loggedOut(cause);
    case 402:
    case 403:
    case 406:
      return new ChannelError(
        "banned",
        "WhatsApp has blocked this number; open WhatsApp on the phone to see why and to ask for a review.",
        cause,
      );
    case 405:
      return new ChannelError(
        "unavailable",
        "WhatsApp no longer accepts this version of its library; update moltbot.",
        cause,
      );
    case 411:
      return new ChannelError(
        "logged-out",
        `WhatsApp on the phone is too old for linked devices; update it, then ${LOGIN}.`,
        cause,
      );
    case 440:
      return new ChannelError(
        "replaced",
        "Another program has taken this WhatsApp session; stop the other one, then restart this account.",
        cause,
      );
    default:
      return new ChannelError(
        "network",
        `The connection to WhatsApp ended${code === undefined ? "" : ` (code ${code})`}; it is made again.`,
        cause,
      );
  }
}

function loggedOut(cause: { cause: unknown }): ChannelError {
  return new ChannelError("logged-out", `The session was logged out on the phone or by WhatsApp; ${LOGIN}.`, cause);
}

/** A device that the owner has removed is told so by a conflict, which the library takes for a replacement. */
function isRemoved(data: unknown): boolean {
  const { tag, attrs } = (data ?? {}) as { tag?: string; attrs?: { type?: string } };
  return tag === "conflict" && attrs?.type === "device_removed";
}

/** Why the service refused a message: the code is in its acknowledgement. */
export function refusal(code: string): ChannelError {
  switch (code) {
    case "463":
      return new ChannelError(
        "rejected",
        "WhatsApp does not let this account start new chats for now; let the other side write first.",
      );
    case "479":
      return new ChannelError("rejected", "WhatsApp refused the message as malformed (479); check the chat's address.");
    default:
      return new ChannelError(
        "rejected",
        `WhatsApp refused the message${/^\d{1,6}$/.test(code) ? ` (code ${code})` : ""}; check that the chat still exists.`,
      );
  }
}

/** Why a message could not be handed to the service. */
export function sendProblem(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error;
  const cause = { cause: error };
  const code = codeOf(error);
  switch (code) {
    case 401:
    case 403:
      return new ChannelError(
        "rejected",
        "This account may not write in that WhatsApp group; it was removed from it, or only admins may write.",
        cause,
      );
    case 404:
      return new ChannelError("rejected", "WhatsApp knows no such chat; check the number or the group's id.", cause);
    default:
      return new ChannelError(
        "not-sent",
        `WhatsApp could not be reached to send${code === undefined ? "" : ` (code ${code})`}.`,
        cause,
      );
  }
}

/** What the owner's other devices told of messages that the account has sent: kept for an hour, as proof. */
import type { ChannelState, StateChanges } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";

const KEEP_MS = 3_600_000;

interface Echo {
  readonly chatId: string;
  readonly text: string;
}

/** The changes of state that go with an echo; nothing for other messages. */
export function echoChanges(state: ChannelState, inbound: Inbound): StateChanges {
  if (inbound.kind !== "message" || !inbound.fromSelf) return {};
  const echo: Echo = { chatId: inbound.chat.id, text: inbound.text };
  const old = state.entries("echo:").filter(([key]) => sentAt(key) < inbound.at - KEEP_MS);
  return {
    ...Object.fromEntries(old.map(([key]) => [key, undefined])),
    [`echo:${inbound.messageId}`]: JSON.stringify(echo),
  };
}

/** The id of an echo of that text in that chat, not before `since`. */
export function findEcho(state: ChannelState, wanted: Echo & { readonly since: number }): string | undefined {
  const found = state.entries("echo:").find(([key, value]) => {
    const { chatId, text } = JSON.parse(value) as Echo;
    return sentAt(key) >= wanted.since && chatId === wanted.chatId && text === wanted.text.trim();
  });
  return found?.[0].slice("echo:".length);
}

function sentAt(key: string): number {
  return Number(key.slice("echo:".length));
}

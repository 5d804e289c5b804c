/** Tapbacks: the six that iMessage has, as BlueBubbles and as people write them. */
import { ChannelError } from "../../../kit/channel.ts";

const EMOJI: Readonly<Record<string, string>> = {
  love: "❤️",
  like: "👍",
  dislike: "👎",
  laugh: "😂",
  emphasize: "‼️",
  question: "❓",
};
/** In the order of Messages' numbers: 2000 is love, 3000 takes it back. */
const NAMES = Object.keys(EMOJI);

/** Emoji that mean the same as one of the six. */
const NEAREST: Readonly<Record<string, string>> = {
  love: "❤♥🩷🧡💛💚💙💜🖤🤍😍🥰😘",
  like: "👍✅👌🙏🎉💯🆗✔👏🔥🤝👀⏳",
  dislike: "👎❌🚫😢😡💔",
  laugh: "😂🤣😆😄😁😀😅",
  emphasize: "‼❗😮😱⚡🤯",
  question: "❓❔🤔🤨",
};

/** What a tapback shows, and whether it is taken back; undefined when it is none. */
export function emojiOf(type: unknown, emoji: string | undefined): { emoji: string; isRemoved: boolean } | undefined {
  const number = Number(type);
  if (number >= 2000 && number < 2006) return { emoji: EMOJI[NAMES[number - 2000]!]!, isRemoved: false };
  if (number >= 3000 && number < 3006) return { emoji: EMOJI[NAMES[number - 3000]!]!, isRemoved: true };
  if (typeof type !== "string") return undefined;
  const isRemoved = type.startsWith("-");
  const shown = EMOJI[type.replace(/^-/, "")] ?? (/emoji/i.test(type) ? emoji : undefined);
  return shown ? { emoji: shown, isRemoved } : undefined;
}

/** The tapback that is nearest to an emoji. Throws `ChannelError` when none is. */
export function tapbackOf(emoji: string): string {
  const plain = emoji.replace(/[\ufe0f\u{1f3fb}-\u{1f3ff}]/gu, "");
  const found = NAMES.find((name) => plain !== "" && (NEAREST[name]?.includes(plain) || name === emoji));
  if (found) return found;
  throw new ChannelError(
    "rejected",
    `iMessage has no tapback like ${emoji}; use one of ${Object.values(EMOJI).join(" ")}.`,
  );
}

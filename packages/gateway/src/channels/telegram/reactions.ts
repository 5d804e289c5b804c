/** The reactions that bots may give, and which of them stands for another emoji (Bot API: ReactionTypeEmoji). */
import { ChannelError } from "../../kit/channel.ts";

const ALLOWED =
  "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 " +
  "👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡";

/** Emoji that people use often, each with the nearest that Telegram has. */
const NEAR: Readonly<Record<string, string>> = {
  "✅": "👍",
  "☑": "👍",
  "✔": "👍",
  "🆗": "👌",
  "❌": "👎",
  "✖": "👎",
  "🚫": "👎",
  "⛔": "👎",
  "⚠": "😱",
  "❗": "😱",
  "🚨": "😱",
  "❓": "🤔",
  "🧐": "🤔",
  "⏳": "👀",
  "⌛": "👀",
  "🔍": "👀",
  "🔎": "👀",
  "👁": "👀",
  "📝": "✍",
  "💬": "✍",
  "🛠": "👨‍💻",
  "🔧": "👨‍💻",
  "💻": "👨‍💻",
  "🤖": "👾",
  "😂": "🤣",
  "😆": "🤣",
  "😀": "😁",
  "😃": "😁",
  "😄": "😁",
  "😊": "😁",
  "🙂": "😁",
  "😅": "😁",
  "😉": "😎",
  "😮": "😱",
  "😲": "🤯",
  "😞": "😢",
  "🙁": "😢",
  "☹": "😢",
  "😠": "😡",
  "💙": "❤",
  "💚": "❤",
  "💛": "❤",
  "🧡": "❤",
  "💜": "❤",
  "🖤": "❤",
  "♥": "❤",
  "💖": "💘",
  "💕": "💘",
  "🙌": "👏",
  "💪": "🔥",
  "🚀": "⚡",
  "⭐": "🤩",
  "🌟": "🤩",
  "🥳": "🎉",
  "🎊": "🎉",
  "🥇": "🏆",
  "🍻": "🍾",
  "🥂": "🍾",
  "👋": "🤗",
  "🫂": "🤗",
  "💤": "😴",
  "🦞": "🔥",
};

const BY_BASE = new Map(ALLOWED.split(" ").map((emoji) => [base(emoji), emoji]));

/** The reaction of Telegram that is nearest to `emoji`. Throws `ChannelError` "rejected" when none is near. */
export function telegramReaction(emoji: string): string {
  const wanted = base(emoji);
  const found = BY_BASE.get(wanted) ?? NEAR[wanted];
  if (found === undefined)
    throw new ChannelError(
      "rejected",
      `Telegram has no reaction ${emoji}; use one of ${ALLOWED.split(" ").slice(0, 12).join(" ")} …`,
    );
  return found;
}

/** Without variation selectors and skin tones. */
function base(emoji: string): string {
  return emoji.replace(/[\uFE0F\u{1F3FB}-\u{1F3FF}]/gu, "");
}

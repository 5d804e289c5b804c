/** Slack names its emoji; these are the names of those that people react with. Custom ones are written ":name:". */
import { ChannelError } from "../../kit/channel.ts";

const NAMES: Readonly<Record<string, string>> = {
  "👍": "+1",
  "👎": "-1",
  "👀": "eyes",
  "✅": "white_check_mark",
  "☑": "ballot_box_with_check",
  "✔": "heavy_check_mark",
  "❌": "x",
  "⛔": "no_entry",
  "🚫": "no_entry_sign",
  "⚠": "warning",
  "❗": "exclamation",
  "❓": "question",
  "🎉": "tada",
  "🎊": "confetti_ball",
  "❤": "heart",
  "🧡": "orange_heart",
  "💛": "yellow_heart",
  "💚": "green_heart",
  "💙": "blue_heart",
  "💜": "purple_heart",
  "🖤": "black_heart",
  "💔": "broken_heart",
  "🔥": "fire",
  "🚀": "rocket",
  "⭐": "star",
  "🌟": "star2",
  "✨": "sparkles",
  "💯": "100",
  "😂": "joy",
  "🤣": "rolling_on_the_floor_laughing",
  "😄": "smile",
  "😁": "grin",
  "😀": "grinning",
  "😅": "sweat_smile",
  "😊": "blush",
  "🙂": "slightly_smiling_face",
  "😉": "wink",
  "😍": "heart_eyes",
  "😘": "kissing_heart",
  "😎": "sunglasses",
  "🤩": "star-struck",
  "🥳": "partying_face",
  "🤔": "thinking_face",
  "🤨": "face_with_raised_eyebrow",
  "😐": "neutral_face",
  "🙄": "face_with_rolling_eyes",
  "😢": "cry",
  "😭": "sob",
  "😡": "rage",
  "😱": "scream",
  "🤯": "exploding_head",
  "😴": "sleeping",
  "🤗": "hugging_face",
  "🫡": "saluting_face",
  "🤝": "handshake",
  "🙏": "pray",
  "👏": "clap",
  "🙌": "raised_hands",
  "💪": "muscle",
  "👌": "ok_hand",
  "👋": "wave",
  "🤷": "shrug",
  "✍": "writing_hand",
  "📝": "memo",
  "💬": "speech_balloon",
  "🔍": "mag",
  "🔎": "mag_right",
  "⏳": "hourglass_flowing_sand",
  "⌛": "hourglass",
  "🛠": "hammer_and_wrench",
  "🔧": "wrench",
  "🤖": "robot_face",
  "💻": "computer",
  "🏆": "trophy",
  "🍻": "beers",
  "☕": "coffee",
  "🦞": "lobster",
  "💩": "hankey",
  "💤": "zzz",
};

/** Other names that Slack uses for the same. */
const ALSO: Readonly<Record<string, string>> = { thumbsup: "👍", thumbsdown: "👎", poop: "💩", thinking: "🤔" };

const EMOJI = new Map([
  ...Object.entries(NAMES).map(([emoji, name]) => [name, emoji] as const),
  ...Object.entries(ALSO),
]);

/** Slack's name of an emoji. Throws `ChannelError` "rejected" when it is not known. */
export function emojiName(emoji: string): string {
  const [, given] = /^:([\w+'-]+):$/.exec(emoji) ?? [];
  const name = given ?? NAMES[emoji.replace(/[\uFE0F\u{1F3FB}-\u{1F3FF}]/gu, "")];
  if (name === undefined)
    throw new ChannelError("rejected", `Slack's name of ${emoji} is not known here; write it as ":name:".`);
  return name;
}

/** The emoji of a name, or the name between colons. Skin tones are left out. */
export function emojiOf(name: string): string {
  const [base = name] = name.split("::");
  return EMOJI.get(base) ?? `:${base}:`;
}

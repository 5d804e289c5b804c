/** Slack names its reactions; these are the names of those that tests use. */
const NAMES: Readonly<Record<string, string>> = {
  "👍": "+1",
  "👎": "-1",
  "👀": "eyes",
  "✅": "white_check_mark",
  "❌": "x",
  "🎉": "tada",
  "❤️": "heart",
  "🔥": "fire",
  "🚀": "rocket",
  "😂": "joy",
  "😄": "smile",
  "🤔": "thinking_face",
  "🙏": "pray",
  "👏": "clap",
  "⏳": "hourglass_flowing_sand",
  "🦞": "lobster",
};

export function nameOfEmoji(emoji: string): string {
  const name = NAMES[emoji] ?? NAMES[`${emoji}\uFE0F`];
  if (!name) throw new Error(`the fake has no name for ${emoji}`);
  return name;
}

/** The emoji of a name, or the name between colons. */
export function emojiOfName(name: string): string {
  return Object.entries(NAMES).find(([, each]) => each === name)?.[0] ?? `:${name}:`;
}

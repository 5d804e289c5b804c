/** Slack's mrkdwn as a reader sees it: without marks, with names for ids (Slack: formatting text for app surfaces). */

const CHARACTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** The text without its marks. What is in code stays as it is. */
export function readMrkdwn(mrkdwn: string, nameOf: (userId: string) => string): string {
  const parts = mrkdwn.split(/(```[\s\S]*?```|`[^`\n]+`)/);
  return parts.map((part, index) => unescaped(index % 2 === 1 ? codeOf(part) : plainOf(part, nameOf))).join("");
}

function codeOf(part: string): string {
  return part.startsWith("```") ? part.slice(3, -3).replace(/^\n|\n$/g, "") : part.slice(1, -1);
}

function plainOf(part: string, nameOf: (userId: string) => string): string {
  return part
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id: string) => `@${nameOf(id)}`)
    .replace(/<([^<>|]+)\|([^<>]*)>/g, "$2")
    .replace(/<([^<>\s]+)>/g, "$1")
    .replace(/^> ?/gm, "")
    .replace(/(?<![\w*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/g, "$1")
    .replace(/(?<![\w_])_([^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])/g, "$1")
    .replace(/(?<![\w~])~([^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/g, "$1");
}

function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|amp);/g, (found) => CHARACTERS[found]!);
}

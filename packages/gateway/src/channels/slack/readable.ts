/** Slack's mrkdwn as people read it: names for ids, addresses without brackets. */

/** Names that were learnt beforehand; undefined when not known. */
export interface KnownNames {
  user(id: string): string | undefined;
  channel(id: string): string | undefined;
}

const CHARACTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** The text with every id, address and escape in words. A mention of the account at its beginning is left out. */
export function readable(mrkdwn: string, selfId: string, names: KnownNames): string {
  return mrkdwn
    .replace(new RegExp(`^\\s*<@${selfId}(?:\\|[^>]*)?>[\\s,:]*`), "")
    .replace(/<([^<>]+)>/g, (_, inside: string) => reference(inside, names))
    .replace(/&(?:lt|gt|amp);/g, (found) => CHARACTERS[found]!)
    .trim();
}

/** Ids of people that a text names. */
export function mentionedIn(mrkdwn: string): string[] {
  return [...mrkdwn.matchAll(/<@(\w+)/g)].map(([, id]) => id!);
}

function reference(inside: string, names: KnownNames): string {
  const [target = "", label] = inside.split("|");
  if (target.startsWith("@")) return `@${names.user(target.slice(1)) ?? label ?? "somebody"}`;
  if (target.startsWith("#")) return `#${label || names.channel(target.slice(1)) || "channel"}`;
  if (target.startsWith("!subteam^")) return label ?? "@group";
  if (target.startsWith("!date^")) return label ?? target;
  if (target.startsWith("!")) return `@${target.slice(1)}`;
  const address = target.replace(/^(mailto|tel):/, "");
  return label === undefined || label === address ? address : `${label} (${address})`;
}

/** Slack's mrkdwn as people read it: names for ids, addresses without brackets. */
import { other, reading, type Said, trimmed, typed } from "../../kit/text/said.ts";

/** Names that were learnt beforehand; undefined when not known. */
export interface KnownNames {
  user(id: string): string | undefined;
  channel(id: string): string | undefined;
}

const CHARACTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** What a text says. A mention of the account at its beginning is left out. */
export function readable(mrkdwn: string, selfId: string, names: KnownNames): Said {
  const withoutAddress = mrkdwn.replace(new RegExp(`^\\s*<@${selfId}(?:\\|[^>]*)?>[\\s,:]*`), "");
  const said = reading(withoutAddress, /<([^<>]+)>|&(?:lt|gt|amp);/g, ([found, inside]) =>
    inside === undefined ? typed(CHARACTERS[found]!) : reference(inside, names),
  );
  return trimmed(said);
}

/** Ids of people that a text names. */
export function mentionedIn(mrkdwn: string): string[] {
  return [...mrkdwn.matchAll(/<@(\w+)/g)].map(([, id]) => id!);
}

/** Everybody in a conversation; what is not one of these is no word of Slack's. */
const EVERYBODY = new Set(["here", "channel", "everyone"]);

/** Names and labels are what others chose; an address and the words of a link are the sender's. */
function reference(inside: string, names: KnownNames): Said {
  const [target = "", label] = inside.split("|");
  const id = target.slice(1);
  if (target.startsWith("@")) return other({ sign: "@", name: names.user(id) ?? label, id });
  if (target.startsWith("#")) return other({ sign: "#", name: label || names.channel(id), id });
  if (target.startsWith("!subteam^"))
    return other({ sign: "@", name: label?.replace(/^@/, "") ?? "group", id: target.slice("!subteam^".length) });
  if (target.startsWith("!date^")) return other({ name: label ?? target });
  if (target.startsWith("!")) return EVERYBODY.has(id) ? typed(`@${id}`) : other({ sign: "@", name: label ?? id });
  const address = unescaped(target.replace(/^(mailto|tel):/, ""));
  const words = label === undefined ? address : unescaped(label);
  return typed(words === address ? address : `${words} (${address})`);
}

function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|amp);/g, (found) => CHARACTERS[found]!);
}

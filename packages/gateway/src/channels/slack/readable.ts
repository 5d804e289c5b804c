/** Slack's mrkdwn as people read it: names for ids, addresses without brackets. */
import { asTyped, foreignName, reading, type SenderText, trimmed } from "../../kit/text/sender-text.ts";

/** Names that were learnt beforehand; undefined when not known. */
export interface KnownNames {
  user(id: string): string | undefined;
  channel(id: string): string | undefined;
}

const CHARACTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/** What a text says. A mention of the account at its beginning is left out. */
export function readable(mrkdwn: string, selfId: string, names: KnownNames): SenderText {
  const withoutAddress = mrkdwn.replace(new RegExp(`^\\s*<@${selfId}(?:\\|[^>]*)?>[\\s,:]*`), "");
  const said = reading(withoutAddress, /<([^<>]+)>|&(?:lt|gt|amp);/g, ([found, inside]) =>
    inside === undefined ? asTyped(CHARACTERS[found]!) : reference(inside, names),
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
function reference(inside: string, names: KnownNames): SenderText {
  const [target = "", label] = inside.split("|");
  const id = target.slice(1);
  if (target.startsWith("@")) return foreignName({ sign: "@", name: names.user(id) ?? label, id });
  if (target.startsWith("#")) return foreignName({ sign: "#", name: label || names.channel(id), id });
  if (target.startsWith("!subteam^"))
    return foreignName({ sign: "@", name: label?.replace(/^@/, "") ?? "group", id: target.slice("!subteam^".length) });
  if (target.startsWith("!date^")) return foreignName({ name: label ?? target });
  if (target.startsWith("!"))
    return EVERYBODY.has(id) ? asTyped(`@${id}`) : foreignName({ sign: "@", name: label ?? id });
  const address = unescaped(target.replace(/^(mailto|tel):/, ""));
  const words = label === undefined ? address : unescaped(label);
  return asTyped(words === address ? address : `${words} (${address})`);
}

function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|amp);/g, (found) => CHARACTERS[found]!);
}

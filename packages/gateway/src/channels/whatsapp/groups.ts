/** What the service tells of groups: that we were added or removed, and what they are called. */
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { StateChanges } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { chosenName } from "../../kit/party.ts";
import type { People } from "./people.ts";

/** What a notification amounts to. */
export interface GroupNews {
  readonly inbound: readonly Inbound[];
  readonly changes: StateChanges;
}

/** Reads a notification; undefined when it is not about a group or changes nothing for us. */
export async function readGroupNews(people: People, node: BinaryNode, now: number): Promise<GroupNews | undefined> {
  const { from, id, type, participant, participant_pn, notify, t } = node.attrs;
  if (type !== "w:gp2" || !from || !id) return undefined;
  const [change] = childrenOf(node);
  const title = change?.attrs.subject ?? childrenOf(change, "group")[0]?.attrs.subject;
  const changes = title ? people.titleChange(from, title) : {};
  const isMember = membershipIn(people, change);
  if (isMember === undefined) return title ? { inbound: [], changes } : undefined;
  const sender = participant ? await people.peer(participant, participant_pn, notify) : people.self;
  const chat = { ...(await people.chat(from)), ...(title && { title: chosenName(title) }) };
  const seconds = Number(t);
  const at = seconds > 0 ? seconds * 1000 : now;
  const fromSelf = people.isSelf(participant);
  const keys: [string] = [`${from} ${id}`];
  return { inbound: [{ kind: "membership", keys, at, chat, sender, messageId: id, fromSelf, isMember }], changes };
}

/** Whether we are in the group after a change; undefined when the change is not about us. */
function membershipIn(people: People, change: BinaryNode | undefined): boolean | undefined {
  const isAboutUs = childrenOf(change, "participant").some(
    ({ attrs }) => people.isSelf(attrs.jid) || people.isSelf(attrs.phone_number),
  );
  switch (change?.tag) {
    case "create":
      return true;
    case "add":
      return isAboutUs ? true : undefined;
    case "remove":
    case "leave":
      return isAboutUs ? false : undefined;
    default:
      return undefined;
  }
}

function childrenOf(node: BinaryNode | undefined, tag?: string): readonly BinaryNode[] {
  const content = node?.content;
  return Array.isArray(content) ? content.filter((each) => tag === undefined || each.tag === tag) : [];
}

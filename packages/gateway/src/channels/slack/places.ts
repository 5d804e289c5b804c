/** Who and where, as Slack's ids say it. */
import { accountId, type Chat, chosenName, type Peer } from "../../kit/party.ts";
import type { Person } from "./names.ts";
import type { KnownNames } from "./readable.ts";

/** Who reads the events. */
export interface Reader {
  readonly userId: string;
  readonly botId: string | undefined;
  readonly teamId: string;
  readonly commands: ReadonlySet<string>;
  readonly names: KnownNames & { person(id: string): Person | undefined };
  /** Epoch ms, for events without a time. */
  readonly now: number;
}

/** A person by their id, with what is known of them. */
export function peerOf(id: string, { names }: Reader): Peer {
  const person = names.person(id);
  return {
    id: accountId(id),
    ...(person && { name: chosenName(person.name), username: chosenName(person.username), isBot: person.isBot }),
  };
}

/** The first message of a thread names itself as the thread; it is in the channel. */
export function threadOf(threadTs: string | undefined, ts: string): string | undefined {
  return threadTs === ts ? undefined : threadTs;
}

/** A conversation by its id, its type as events name it, and the thread within it. */
export function chatOf(
  id: string,
  type: string | undefined,
  threadId: string | undefined,
  { teamId, names }: Reader,
): Chat {
  const kind = type === "im" || id.startsWith("D") ? "direct" : type === "mpim" ? "group" : "channel";
  const name = names.channel(id);
  return { id, ...(threadId && { threadId }), kind, ...(name && { title: chosenName(`#${name}`) }), spaceId: teamId };
}

/** The events of the daemon: each an envelope around what somebody's device has sent. */
import { MENTION } from "../platform.ts";
import type { Daemon } from "./daemon.ts";
import { type Group, groupInfoOf, type Message, type Person, type World } from "./world.ts";

export class Envelopes {
  readonly #world: World;
  readonly #daemon: Daemon;
  readonly #onChange: () => void;
  #last: unknown;

  constructor(world: World, daemon: Daemon, onChange: () => void) {
    this.#world = world;
    this.#daemon = daemon;
    this.#onChange = onChange;
  }

  /** Something that is done to a message. */
  emitAbout(about: Message, author: Person, data: Record<string, unknown>): void {
    const timestamp = this.#world.timestamp();
    const common = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false };
    this.emit(author, timestamp, { dataMessage: { ...common, ...data, ...this.groupInfo(about) } });
  }

  /** Anything that somebody's device sends. */
  emit(author: Person, timestamp: number, content: Record<string, unknown>): void {
    this.#last = {
      account: this.#world.self.number,
      envelope: { ...this.#envelope(author, timestamp), ...content },
    };
    this.#daemon.emit(this.#last);
    this.#onChange();
  }

  #envelope({ number, uuid, name }: Person, timestamp: number): Record<string, unknown> {
    return {
      ...{ source: number, sourceNumber: number, sourceUuid: uuid, sourceName: name, sourceDevice: 1 },
      ...{ timestamp, serverReceivedTimestamp: timestamp + 1, serverDeliveredTimestamp: Date.now() },
    };
  }

  /** The field that says in which group a message is; nothing for a direct one. */
  groupInfo({ chatId }: Message): Record<string, unknown> {
    const group = this.#world.groups.get(chatId.replace(/^group:/, ""));
    return group ? { groupInfo: groupInfoOf(group) } : {};
  }

  /** The last one comes once more. */
  repeat(): void {
    this.#daemon.emit(this.#last);
  }

  /** Signal only says that the group has changed; the list of groups says how. */
  emitRemoval(group: Group): void {
    const groupInfo = { ...groupInfoOf(group), revision: 2, type: "UPDATE" };
    const timestamp = this.#world.timestamp();
    const dataMessage = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false, groupInfo };
    this.emit(this.#world.person("alice"), timestamp, { dataMessage });
  }

  /** What cannot be read, and what nobody knows. */
  emitNonsense(): void {
    this.#daemon.writeRaw("event:receive\ndata:{ this is not JSON\n\n");
    this.#daemon.writeRaw("event:something-new\ndata:{}\n\n: a comment\n\nid: 7\n\n");
    const timestamp = this.#world.timestamp();
    this.emit(this.#world.person("alice"), timestamp, { somethingNew: { timestamp } });
    this.#daemon.emit({ account: this.#world.self.number, envelope: { timestamp: "soon", dataMessage: 7 } });
    this.#daemon.emit({
      account: this.#world.self.number,
      exception: { message: "invalid PreKey message", type: "ProtocolInvalidMessageException" },
      envelope: this.#envelope(this.#world.person("alice"), this.#world.timestamp()),
    });
  }
}

/** What a message says of the one that it answers. */
export function quoteOf({ timestamp, author, text, files }: Message): Record<string, unknown> {
  const { number, uuid } = author;
  const attachments = files.map(({ mimeType, fileName }) => ({ contentType: mimeType, filename: fileName }));
  return { id: timestamp, author: number, authorNumber: number, authorUuid: uuid, text, attachments };
}

/** Who is mentioned in a text, each where the text has `MENTION`. */
export function mentionsIn(text: string, people: readonly Person[]): Record<string, unknown>[] {
  return [...text.matchAll(new RegExp(MENTION, "g"))].map(({ index: start }, at) => ({
    ...people[at],
    start,
    length: 1,
  }));
}

/** What Signal's server and the people on it hold: numbers, groups, files, and what the account has sent. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Delivered, FakeFile } from "../platform.ts";

export interface Person {
  readonly number: string;
  readonly uuid: string;
  readonly name: string;
}

export interface Group {
  readonly id: string;
  readonly name: string;
  isMember: boolean;
}

/** A message in either direction; its time is its id. */
export interface Message {
  readonly timestamp: number;
  readonly chatId: string;
  readonly author: Person;
  text: string;
  readonly quoteTimestamp?: number | undefined;
  readonly files: readonly FakeFile[];
  readonly textStyles: readonly string[];
  edits: number;
  isUnsent: boolean;
}

export class World {
  readonly self: Person = { number: "+15550100", uuid: randomUUID(), name: "Molty" };
  readonly people = new Map<string, Person>();
  readonly groups = new Map<string, Group>();
  readonly messages = new Map<number, Message>();
  readonly attachments = new Map<string, FakeFile>();
  readonly #used = new Set<number>();

  /** A time that is nobody else's. */
  timestamp(at = Date.now()): number {
    let free = at;
    while (this.#used.has(free)) free += 1;
    this.#used.add(free);
    return free;
  }

  person(name: string): Person {
    const known = this.people.get(name);
    if (known) return known;
    const number = `+1555${String(1000 + this.people.size).padStart(7, "2")}`;
    const person = { number, uuid: randomUUID(), name };
    this.people.set(name, person);
    return person;
  }

  groupNamed(name: string): Group {
    const known = [...this.groups.values()].find((group) => group.name === name);
    if (known) return known;
    const group = { id: randomBytes(32).toString("base64"), name, isMember: true };
    this.groups.set(group.id, group);
    return group;
  }

  /** Who has that number or uuid. */
  whoIs(address: string): Person | undefined {
    const everybody = [this.self, ...this.people.values()];
    return everybody.find(({ number, uuid }) => number === address || uuid === address);
  }

  keep(message: Omit<Message, "edits" | "isUnsent" | "textStyles"> & { textStyles?: readonly string[] }): Message {
    const kept = { textStyles: [], ...message, edits: 0, isUnsent: false };
    this.messages.set(kept.timestamp, kept);
    return kept;
  }

  /** Puts a file on the server; as signal-cli names it. */
  upload(file: FakeFile): Record<string, unknown> {
    const extension = /\.\w+$/.exec(file.fileName)?.[0] ?? "";
    const id = randomBytes(10).toString("hex") + extension;
    this.attachments.set(id, file);
    const voiceNote = file.kind === "voice";
    const filename = voiceNote ? null : file.fileName || null;
    return {
      contentType: file.mimeType,
      filename,
      id,
      size: file.bytes.length,
      voiceNote,
      uploadTimestamp: Date.now(),
    };
  }
}

/** How a message names its group. */
export function groupInfoOf({ id, name }: Group) {
  return { groupId: id, groupName: name, revision: 1, type: "DELIVER" };
}

/** A message as its readers have it. */
export function asDelivered(message: Message): Delivered {
  return {
    id: String(message.timestamp),
    chatId: message.chatId,
    text: message.text,
    raw: message.text,
    replyTo: message.quoteTimestamp === undefined ? undefined : String(message.quoteTimestamp),
    files: message.files,
    edits: message.edits,
    isUnsent: message.isUnsent,
    at: message.timestamp,
  };
}

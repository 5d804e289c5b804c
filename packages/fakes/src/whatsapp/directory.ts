/** Everybody and every group that the fake knows: made up at the first mention, kept after that. */
import { randomInt } from "node:crypto";
import { Device, type Person } from "./device.ts";

/** A group; all members are addressed by their LIDs, as in groups of today. */
export interface Group {
  /** "12036300001@g.us" */
  readonly id: string;
  readonly name: string;
  readonly creator: Person;
  readonly members: Set<Device>;
}

const FIRST_LID = 90_000_000_000_000;
const FIRST_GROUP = 120_363_000_000_000;

export class Directory {
  /** Numbers of its own for each fake: a gateway holds one session of a number on a machine. */
  readonly #firstNumber = randomInt(15_550_000_000, 15_559_990_000);
  /** The phone of the account's owner. */
  readonly phone = new Device(this.#person("Owner", 0));
  readonly #devices = new Map<string, Device>();
  readonly #groups = new Map<string, Group>();
  #people = 0;

  constructor() {
    this.#enter(this.phone);
  }

  /** The person who has that name. */
  person(name: string): Device {
    const known = this.#devices.get(`name ${name}`);
    if (known) return known;
    const device = new Device(this.#person(name, ++this.#people));
    this.#devices.set(`name ${name}`, device);
    this.#enter(device);
    return device;
  }

  /** The device at a jid, a LID, or a number, each without the device's part. */
  at(address: string): Device | undefined {
    return this.#devices.get(address);
  }

  /** The group that has that name; `isNew` when it was just made, with the account in it. */
  group(name: string, speaker: Device): { group: Group; isNew: boolean } {
    const known = [...this.#groups.values()].find((group) => group.name === name);
    if (known) {
      known.members.add(speaker);
      return { group: known, isNew: false };
    }
    const id = `${FIRST_GROUP + this.#groups.size}@g.us`;
    const group = { id, name, creator: speaker.person, members: new Set([this.phone, speaker]) };
    this.#groups.set(id, group);
    return { group, isNew: true };
  }

  groupAt(id: string): Group | undefined {
    return this.#groups.get(id);
  }

  /** The groups that the account is in. */
  get groups(): Group[] {
    return [...this.#groups.values()].filter(({ members }) => members.has(this.phone));
  }

  #enter(device: Device): void {
    const { jid, lid, number } = device.person;
    for (const address of [jid, lid, number]) this.#devices.set(address, device);
  }

  #person(name: string, index: number): Person {
    const number = String(this.#firstNumber + index);
    return { name, number, jid: `${number}@s.whatsapp.net`, lid: `${FIRST_LID + index}@lid` };
  }
}

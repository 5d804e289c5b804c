/** Groups that the account is in: made when they are first named, and left when somebody removes it. */
import { randomBytes } from "node:crypto";
import type { BinaryNode } from "@whiskeysockets/baileys";
import type { SaysOptions } from "../platform.ts";
import type { Account } from "./account.ts";
import type { Device } from "./device.ts";
import type { Directory, Group } from "./directory.ts";
import { element, seconds } from "./node.ts";
import { groupNode } from "./queries.ts";

export class Groups {
  readonly #account: Account;
  readonly #directory: Directory;

  constructor(account: Account, directory: Directory) {
    this.#account = account;
    this.#directory = directory;
  }

  /** Where somebody speaks. */
  place(from: Device, where: SaysOptions["in"] = "direct"): { group: Group | undefined; chatId: string } {
    if (where === "direct") return { group: undefined, chatId: from.person.jid };
    const { group, isNew } = this.#directory.group(where.group, from);
    if (isNew) this.#tell(group, element("create", {}, [groupNode(group)]));
    return { group, chatId: group.id };
  }

  /** The account is removed from the group of that name. */
  remove(name: string): void {
    const group = this.#directory.groups.find((each) => each.name === name);
    if (!group) throw new Error(`the account is in no group of the name ${name}`);
    const { phone } = this.#account;
    group.members.delete(phone);
    const participant = element("participant", { jid: phone.person.lid, phone_number: phone.person.jid });
    this.#tell(group, element("remove", {}, [participant]));
  }

  #tell(group: Group, what: BinaryNode): void {
    const { creator } = group;
    const actor = { participant: creator.lid, participant_pn: creator.jid, addressing_mode: "lid" };
    const attrs = { from: group.id, type: "w:gp2", id: randomBytes(8).toString("hex"), t: seconds(), ...actor };
    this.#account.deliver(element("notification", { ...attrs, notify: creator.name }, [what]));
  }
}

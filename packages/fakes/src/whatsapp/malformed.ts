/** What cannot be read: stanzas of unknown kinds, with damaged fields, and a message that cannot be decrypted. */
import type { Account } from "./account.ts";
import type { Directory } from "./directory.ts";
import { Incoming } from "./incoming.ts";
import { element, SERVICE, seconds } from "./node.ts";

export async function sendMalformed(account: Account, directory: Directory, incoming: Incoming): Promise<void> {
  const { person } = directory.person("alice");
  const message = { from: person.jid, sender_lid: person.lid, type: "text", t: seconds() };
  account.link?.send(element("frobnicate", { from: SERVICE, id: "unknown-tag" }));
  account.link?.send(element("message", { ...message, t: "soon" }, []));
  account.deliver(element("notification", { from: person.jid, id: "unknown-kind", type: "frobnicated", t: "x" }));
  account.deliver(element("message", { ...message, id: Incoming.newId() }, [element("enc", { v: "9" }, "?")]));
  await incoming.sendDamaged(directory.person("mallory"));
}

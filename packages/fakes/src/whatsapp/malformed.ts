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
  for (const each of oddStanzas(person.jid)) account.link?.send(each);
  await incoming.sendDamaged(directory.person("mallory"));
}

const ODD_VALUES = ["", "x", "-1", "9".repeat(30), "\u202e"] as const;
const GROUP_CHANGES = ["create", "add", "remove", "promote", "subject", "description", "ephemeral", "link", "invite"];

/** Stanzas of known kinds whose attributes are missing or odd, and whose content is not what the kind says. */
function* oddStanzas(from: string) {
  const group = "120363000000000000@g.us";
  const ids = Array.from({ length: 400 }, () => Incoming.newId())[Symbol.iterator]();
  const id = () => ids.next().value ?? "";
  for (const odd of ODD_VALUES) {
    for (const type of ["read", "played", "retry", "server-error", "inactive", odd])
      yield element("receipt", { from, id: id(), type, t: odd }, [element("list", {}, [element("item", { id: odd })])]);
    for (const change of GROUP_CHANGES) {
      const what = element(change, { [change]: odd, reason: odd }, [element("participant", { jid: odd, type: odd })]);
      yield element("notification", { from: group, id: id(), type: "w:gp2", participant: odd, t: odd }, [what]);
      yield element("notification", { from: group, id: id(), type: "w:gp2" }, [element(change)]);
    }
    for (const type of ["picture", "devices", "encrypt", "account_sync", "server_sync", "privacy_token", "mediaretry"])
      yield element("notification", { from, id: id(), type, t: odd }, [
        element(odd === "" ? "set" : "item", { jid: odd }),
      ]);
    yield element("presence", { from, type: odd, last: odd });
    yield element("chatstate", { from }, [element(odd === "" ? "composing" : "x", { media: odd })]);
    yield element("call", { from, id: id(), t: odd }, [element("offer", { "call-id": odd, "call-creator": odd })]);
    yield element("ib", { from: SERVICE }, [element("dirty", { type: odd, timestamp: odd })]);
    yield element("iq", { from: SERVICE, id: id(), type: "set", xmlns: odd }, [element("x")]);
    yield element("ack", { from, id: odd, class: "message", error: odd });
  }
}

/** Answers to a client's queries (`iq`), as far as a client needs them to work. */
import { type BinaryNode, jidNormalizedUser } from "@whiskeysockets/baileys";
import type { Account } from "./account.ts";
import type { Directory, Group } from "./directory.ts";
import { bytesOf, child, children, element, seconds } from "./node.ts";

/** What queries are answered from. */
export interface Answering {
  readonly account: Account;
  readonly directory: Directory;
  readonly mediaHost: string;
}

/** A refusal: the answer is of type "error". */
export class QueryError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** The content of the answer; undefined is an empty one, which is what a client expects of most queries. */
export async function answer(query: BinaryNode, from: Answering): Promise<BinaryNode[] | undefined> {
  const { account, directory } = from;
  switch (query.attrs.xmlns) {
    case "encrypt":
      return await keys(query, from);
    case "usync":
      return [users(query, from)];
    case "passive":
      account.isActive = child(query, "active") !== undefined;
      return undefined;
    case "privacy":
      if (query.attrs.type !== "get") return [element("tokens", {}, [])];
      return [element("privacy", {}, [category("readreceipts"), category("last")])];
    case "abt":
      return [element("props", { protocol: "1", hash: "1" }, [])];
    case "blocklist":
      return [element("list", {}, [])];
    case "w:m": {
      const host = element("host", { hostname: from.mediaHost, maxContentLengthBytes: "104857600" });
      return [element("media_conn", { auth: "auth", ttl: "300", auth_ttl: "600", max_buckets: "12" }, [host])];
    }
    case "w:g2": {
      if (child(query, "participating")) return [element("groups", {}, directory.groups.map(groupNode))];
      const group = directory.groupAt(query.attrs.to ?? "");
      if (!group) throw new QueryError(404, "item-not-found");
      if (!group.members.has(account.phone)) throw new QueryError(403, "forbidden");
      return [groupNode(group)];
    }
    case "w:sync:app:state": {
      const collections = children(child(query, "sync"), "collection").map(({ attrs }) =>
        element("collection", { name: attrs.name ?? "", version: attrs.version ?? "0", type: "result" }, []),
      );
      return [element("sync", {}, collections)];
    }
    case "md":
      if (child(query, "remove-companion-device")) account.unlink();
      return undefined;
    default:
      return undefined;
  }
}

/** A group as queries and notifications tell it. */
export function groupNode({ id, name, creator, members }: Group): BinaryNode {
  const participants = [...members].map(({ person }) =>
    element("participant", { jid: person.lid, phone_number: person.jid }),
  );
  const owner = { s_o: creator.lid, creator: creator.lid };
  const attrs = { id: id.split("@")[0] ?? "", subject: name, creation: seconds(), s_t: seconds(), ...owner };
  return element("group", { ...attrs, addressing_mode: "lid" }, participants);
}

function category(name: string): BinaryNode {
  return element("category", { name, value: "all" });
}

async function keys(query: BinaryNode, { account, directory }: Answering): Promise<BinaryNode[] | undefined> {
  const { device } = account;
  if (!device) throw new QueryError(401, "not-authorized");
  if (child(query, "count")) return [element("count", { value: String(device.preKeys.length) })];
  if (child(query, "digest")) {
    const registration = Buffer.alloc(4);
    registration.writeUInt32BE(device.registrationId);
    return [element("digest", {}, [element("registration", {}, registration)])];
  }
  const uploaded = child(query, "list");
  if (uploaded) {
    for (const key of children(uploaded, "key")) {
      const id = bytesOf(key, "id");
      device.preKeys.push({ id: id.readUIntBE(0, id.length), key: bytesOf(key, "value") });
    }
    return undefined;
  }
  const wanted = child(query, "key");
  if (!wanted) return undefined;
  const answers = children(wanted, "user").map(async ({ attrs }) => {
    const jid = attrs.jid ?? "";
    const found = directory.at(jidNormalizedUser(jid));
    if (!found) return element("user", { jid }, [element("error", { code: "404", text: "item-not-found" })]);
    return element("user", { jid, t: seconds() }, await found.bundle());
  });
  return [element("list", {}, await Promise.all(answers))];
}

/** Who is asked about, with what is asked: whether they are here, their LID, their devices. */
function users(query: BinaryNode, { account, directory }: Answering): BinaryNode {
  const usync = child(query, "usync");
  const asks = (what: string) => child(child(usync, "query"), what) !== undefined;
  const list = children(child(usync, "list"), "user").map((user) => {
    const number = textOf(child(user, "contact")).replace("+", "");
    const asked = user.attrs.jid ? jidNormalizedUser(user.attrs.jid) : `${number}@s.whatsapp.net`;
    const found = directory.at(asked);
    const facts: BinaryNode[] = [];
    if (asks("contact")) facts.push(element("contact", { type: found ? "in" : "out" }));
    if (asks("lid") && found?.person.jid === asked) facts.push(element("lid", { val: found.person.lid }));
    if (asks("devices")) {
      const devices = found ? [element("device", { id: "0" })] : [];
      if (found === account.phone && account.device) {
        const id = String(account.device.id);
        devices.push(element("device", { id, "key-index": id }));
      }
      facts.push(element("devices", {}, [element("device-list", {}, devices)]));
    }
    return element("user", { jid: asked }, facts);
  });
  const { sid = "", mode = "", context = "" } = usync?.attrs ?? {};
  const attrs = { sid, index: "0", last: "true", mode, context };
  return element("usync", attrs, [element("result", {}), element("list", {}, list)]);
}

function textOf(node: BinaryNode | undefined): string {
  const { content } = node ?? {};
  if (typeof content === "string") return content;
  return content instanceof Uint8Array ? Buffer.from(content).toString() : "";
}

/**
 * A device with end-to-end encryption that lives inside the fake: the account's phone, or another person's. Its Signal
 * sessions are made by the client library's own repository over keys in memory.
 */
import {
  addTransactionCapability,
  type BinaryNode,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  encodeBigEndian,
  encodeWAMessage,
  generateSignalPubKey,
  initAuthCreds,
  type KeyPair,
  proto,
  type SignalKeyStore,
  unpadRandomMax16,
} from "@whiskeysockets/baileys";
import { element } from "./node.ts";

/** Somebody with a phone number and the id that stands for it in groups. */
export interface Person {
  readonly name: string;
  /** Digits. */
  readonly number: string;
  /** "15550001@s.whatsapp.net" */
  readonly jid: string;
  /** "900001@lid" */
  readonly lid: string;
}

/** What is known of a linked device: the keys that others need to write to it. */
export interface PublicKeys {
  readonly registrationId: number;
  readonly identity: Uint8Array;
  readonly signedPreKey: { readonly id: number; readonly key: Uint8Array; readonly signature: Uint8Array };
  /** Handed out once each. */
  readonly preKeys: { readonly id: number; readonly key: Uint8Array }[];
}

type Repository = ReturnType<typeof DEFAULT_CONNECTION_CONFIG.makeSignalRepository>;

const NO_LOG = new Proxy({ level: "silent" }, { get: (log, name) => (name === "level" ? log.level : () => NO_LOG) });
type Logger = typeof DEFAULT_CONNECTION_CONFIG.logger;

export class Device {
  readonly person: Person;
  readonly #creds = initAuthCreds();
  readonly #keys = addTransactionCapability(memoryKeys(), NO_LOG as unknown as Logger, {
    maxCommitRetries: 1,
    delayBetweenTriesMs: 0,
  });
  readonly #signal: Repository;
  readonly #introducedIn = new Set<string>();
  #preKeys = 0;
  #sessions = 0;

  constructor(person: Person) {
    this.person = person;
    this.#signal = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      { creds: this.#creds, keys: this.#keys },
      NO_LOG as unknown as Logger,
      async () => [],
    );
  }

  get identity(): KeyPair {
    return this.#creds.signedIdentityKey;
  }

  get registrationId(): number {
    return this.#creds.registrationId;
  }

  /** The keys that a client asks for before it writes to this device, with a fresh one-time key. */
  async bundle(): Promise<BinaryNode[]> {
    const id = ++this.#preKeys;
    const pair = Curve.generateKeyPair();
    await this.#keys.set({ "pre-key": { [id]: pair } });
    const { keyId, keyPair, signature } = this.#creds.signedPreKey;
    return [
      element("registration", {}, encodeBigEndian(this.#creds.registrationId)),
      element("type", {}, Buffer.from([5])),
      element("identity", {}, this.identity.public),
      element("skey", {}, [
        element("id", {}, encodeBigEndian(keyId, 3)),
        element("value", {}, keyPair.public),
        element("signature", {}, signature),
      ]),
      element("key", {}, [element("id", {}, encodeBigEndian(id, 3)), element("value", {}, pair.public)]),
    ];
  }

  /** Encrypts for one device; makes a session with `keys` first when there is none. */
  async encrypt(address: string, keys: PublicKeys, message: proto.IMessage): Promise<BinaryNode> {
    const { exists } = await this.#signal.validateSession(address);
    if (!exists) {
      this.#sessions++;
      await this.#signal.injectE2ESession({ jid: address, session: sessionWith(keys) });
    }
    const data = encodeWAMessage(proto.Message.fromObject(message));
    const { type, ciphertext } = await this.#signal.encryptMessage({ jid: address, data });
    return element("enc", { v: "2", type }, ciphertext);
  }

  /** How many sessions it has begun: what was sealed at another count was sealed in an older one. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Forgets the session, so that the next message to the address starts a new one. */
  async forget(address: string): Promise<void> {
    await this.#signal.deleteSession([address]);
    this.#introducedIn.clear();
  }

  /** Encrypts for a group; before the first one, hands `address` the key that opens it. */
  async encryptInGroup(
    group: string,
    address: string,
    keys: PublicKeys,
    message: proto.IMessage,
  ): Promise<BinaryNode[]> {
    const data = encodeWAMessage(proto.Message.fromObject(message));
    const { ciphertext, senderKeyDistributionMessage: key } = await this.#signal.encryptGroupMessage({
      group,
      meId: this.person.lid,
      data,
    });
    const sealed = element("enc", { v: "2", type: "skmsg" }, ciphertext);
    const introduction = `${group} ${address}`;
    if (this.#introducedIn.has(introduction)) return [sealed];
    const senderKeyDistributionMessage = { groupId: group, axolotlSenderKeyDistributionMessage: key };
    const introduced = await this.encrypt(address, keys, { senderKeyDistributionMessage });
    this.#introducedIn.add(introduction);
    return [introduced, sealed];
  }

  /** Opens what the device at `address` has sent; takes a group's key when that is what it is. */
  async decrypt(address: string, sealed: BinaryNode): Promise<proto.IMessage> {
    const type = sealed.attrs.type === "pkmsg" ? "pkmsg" : "msg";
    const ciphertext = sealed.content as Uint8Array;
    const message = decoded(await this.#signal.decryptMessage({ jid: address, type, ciphertext }));
    const item = message.senderKeyDistributionMessage;
    if (item) await this.#signal.processSenderKeyDistributionMessage({ authorJid: address, item });
    return message;
  }

  /** Opens what the device at `address` has sent to a group. */
  async decryptInGroup(group: string, address: string, sealed: BinaryNode): Promise<proto.IMessage> {
    const msg = sealed.content as Uint8Array;
    return decoded(await this.#signal.decryptGroupMessage({ group, authorJid: address, msg }));
  }
}

function decoded(bytes: Uint8Array): proto.IMessage {
  return proto.Message.decode(unpadRandomMax16(bytes));
}

function sessionWith(keys: PublicKeys) {
  const preKey = keys.preKeys.shift();
  const { signedPreKey } = keys;
  return {
    registrationId: keys.registrationId,
    identityKey: generateSignalPubKey(keys.identity),
    signedPreKey: {
      keyId: signedPreKey.id,
      publicKey: generateSignalPubKey(signedPreKey.key),
      signature: signedPreKey.signature,
    },
    ...(preKey && { preKey: { keyId: preKey.id, publicKey: generateSignalPubKey(preKey.key) } }),
  };
}

function memoryKeys(): SignalKeyStore {
  const kept = new Map<string, unknown>();
  return {
    get: (type, ids) => {
      const found = ids.flatMap((id) => (kept.has(`${type} ${id}`) ? [[id, kept.get(`${type} ${id}`)]] : []));
      return Object.fromEntries(found) as never;
    },
    set: (data) => {
      for (const [type, entries] of Object.entries(data)) {
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null || value === undefined) kept.delete(`${type} ${id}`);
          else kept.set(`${type} ${id}`, value);
        }
      }
    },
  };
}

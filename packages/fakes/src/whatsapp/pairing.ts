/**
 * What the owner's phone and the service do while a new device is linked, by QR text or by an 8-character code. One
 * pairing lives as long as the new device's connection.
 */
import { createHmac, hkdfSync, pbkdf2Sync, randomBytes } from "node:crypto";
import {
  aesDecryptCTR,
  aesDecryptGCM,
  aesEncryptCTR,
  type BinaryNode,
  Curve,
  jidDecode,
  proto,
} from "@whiskeysockets/baileys";
import type { Device, PublicKeys } from "./device.ts";
import type { Link } from "./link.ts";
import { bytesOf, child, element, SERVICE, seconds } from "./node.ts";

/** A device that the account's owner has linked. */
export interface LinkedDevice extends PublicKeys {
  readonly id: number;
  /** The static Noise key that it logs in with. */
  readonly noiseKey: Buffer;
}

const CODE_ROUNDS = 131_072;
const CODE_WAIT_MS = 10_000;

/** What the device that pairs says of itself, and what it is to be. */
interface NewDevice {
  readonly data: proto.ClientPayload.IDevicePairingRegistrationData;
  readonly phone: Device;
  readonly deviceId: number;
}

export class Pairing {
  readonly link: Link;
  readonly #phone: Device;
  readonly #deviceId: number;
  readonly #onPaired: (device: LinkedDevice) => void;
  readonly #data: proto.ClientPayload.IDevicePairingRegistrationData;
  readonly #refs = Array.from({ length: 6 }, () => `2@${randomBytes(24).toString("base64")}`);
  /** The attempt that is going on: a wrong code ends it, not the pairing. */
  #attempt = newAttempt();
  #byCode: { ref: Buffer; wrapped: Buffer; noiseKey: Buffer; companion?: Buffer } | undefined;
  #ephemeral = Curve.generateKeyPair();
  #pending: { device: LinkedDevice; details: Uint8Array } | undefined;

  constructor(link: Link, { data, phone, deviceId }: NewDevice, onPaired: (device: LinkedDevice) => void) {
    this.link = link;
    this.#data = data;
    this.#phone = phone;
    this.#deviceId = deviceId;
    this.#onPaired = onPaired;
    const refs = this.#refs.map((ref) => element("ref", {}, Buffer.from(ref)));
    link.send(
      element("iq", { from: SERVICE, type: "set", id: `pair-${deviceId}`, xmlns: "md" }, [
        element("pair-device", {}, refs),
      ]),
    );
  }

  /** Whether the QR text is of this pairing. */
  shows(text: string): boolean {
    return this.#refs.includes(partsOf(text)[0] ?? "");
  }

  /** Whether a code was asked for. */
  get hasCode(): boolean {
    return this.#byCode !== undefined;
  }

  /** The owner scans the QR text. Resolves when the device is linked. */
  async scan(text: string): Promise<void> {
    const [, noiseKey = "", identity = "", secret = ""] = partsOf(text);
    this.#attempt = newAttempt();
    this.#announce(Buffer.from(identity, "base64"), Buffer.from(noiseKey, "base64"), Buffer.from(secret, "base64"));
    await this.#attempt.promise;
  }

  /** The owner types the code. Resolves when the device is linked; rejects when the code is not the one it shows. */
  async type(code: string): Promise<void> {
    const asked = this.#byCode;
    if (!asked) throw new Error("no code was asked for");
    this.#attempt = newAttempt();
    const { promise, reject } = this.#attempt;
    this.#ephemeral = Curve.generateKeyPair();
    asked.companion = unwrap(code, asked.wrapped);
    this.link.send(
      element(
        "notification",
        { from: SERVICE, type: "link_code_companion_reg", id: `code-${seconds()}`, t: seconds() },
        [
          element("link_code_companion_reg", { stage: "primary_hello" }, [
            element("link_code_pairing_ref", {}, asked.ref),
            element("primary_identity_pub", {}, this.#phone.identity.public),
            element("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrap(code, this.#ephemeral.public)),
          ]),
        ],
      ),
    );
    const late = setTimeout(() => reject(new Error("the new device did not answer to the code")), CODE_WAIT_MS);
    await promise.finally(() => clearTimeout(late));
  }

  /** The connection has gone. */
  end(): void {
    this.#attempt.reject(new Error("the new device has gone"));
  }

  /** Takes a stanza of the new device; returns the answer to it. */
  take(node: BinaryNode): BinaryNode[] | undefined {
    const signed = child(node, "pair-device-sign");
    if (signed) return void this.#confirm(signed);
    const registration = child(node, "link_code_companion_reg");
    if (registration?.attrs.stage === "companion_hello") return this.#askCode(registration);
    if (registration?.attrs.stage === "companion_finish") this.#finishCode(registration);
    return undefined;
  }

  #askCode(node: BinaryNode): BinaryNode[] {
    const { user } = jidDecode(node.attrs.jid) ?? {};
    if (user !== this.#phone.person.number) throw new Error(`nobody here has the number ${user}`);
    this.#byCode = {
      ref: randomBytes(16),
      wrapped: bytesOf(node, "link_code_pairing_wrapped_companion_ephemeral_pub"),
      noiseKey: bytesOf(node, "companion_server_auth_key_pub"),
    };
    const ref = element("link_code_pairing_ref", {}, this.#byCode.ref);
    return [element("link_code_companion_reg", { stage: "companion_hello" }, [ref])];
  }

  /** Opens the bundle of keys that only a device which showed the typed code can have made. */
  #finishCode(node: BinaryNode): void {
    const { companion, noiseKey } = this.#byCode ?? {};
    if (!companion || !noiseKey) throw new Error("no code was typed");
    const bundle = bytesOf(node, "link_code_pairing_wrapped_key_bundle");
    const shared = Curve.sharedKey(this.#ephemeral.private, companion);
    const key = derive(shared, bundle.subarray(0, 32), "link_code_pairing_key_bundle_encryption_key");
    let opened: Buffer;
    try {
      opened = aesDecryptGCM(bundle.subarray(44), key, bundle.subarray(32, 44), Buffer.alloc(0));
    } catch {
      return this.#attempt.reject(new Error("the code is wrong"));
    }
    const identity = opened.subarray(0, 32);
    const own = Curve.sharedKey(this.#phone.identity.private, identity);
    const secret = derive(Buffer.concat([shared, own, opened.subarray(64)]), Buffer.alloc(0), "adv_secret");
    this.#announce(identity, noiseKey, secret);
  }

  /** Vouches for the device with the phone's identity, and tells it who it is now. */
  #announce(identity: Buffer, noiseKey: Buffer, secret: Buffer): void {
    const { eIdent, eRegid, eSkeyId, eSkeyVal, eSkeySig } = this.#data;
    if (!eIdent || !eRegid || !eSkeyId || !eSkeyVal || !eSkeySig)
      throw new Error("the new device has not shown its keys");
    if (!identity.equals(eIdent)) throw new Error("what was scanned is not what connected");
    const { number, lid } = this.#phone.person;
    const id = this.#deviceId;
    const account = this.#phone.identity;
    const details = proto.ADVDeviceIdentity.encode({
      rawId: 77,
      timestamp: Number(seconds()),
      keyIndex: id,
      accountType: 0,
      deviceType: 0,
    }).finish();
    const signed = proto.ADVSignedDeviceIdentity.encode({
      details,
      accountSignatureKey: account.public,
      accountSignature: Curve.sign(account.private, Buffer.concat([Buffer.from([6, 0]), details, identity])),
    }).finish();
    const hmac = createHmac("sha256", secret).update(signed).digest();
    const whole = proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish();
    const device: LinkedDevice = {
      id,
      noiseKey,
      identity,
      registrationId: numberOf(eRegid),
      signedPreKey: { id: numberOf(eSkeyId), key: eSkeyVal, signature: eSkeySig },
      preKeys: [],
    };
    this.#pending = { device, details };
    this.link.send(
      element("iq", { from: SERVICE, type: "set", id: `paired-${id}`, t: seconds(), xmlns: "md" }, [
        element("pair-success", {}, [
          element("device-identity", {}, Buffer.from(whole)),
          element("platform", { name: "android" }),
          element("device", { jid: `${number}:${id}@s.whatsapp.net`, lid: `${lid.replace("@", `:${id}@`)}` }),
        ]),
      ]),
    );
  }

  /** The device has signed in turn: it is linked, and has to connect again. */
  #confirm(node: BinaryNode): void {
    if (!this.#pending) throw new Error("a device signs that nobody has scanned");
    const { device, details } = this.#pending;
    const { deviceSignature } = proto.ADVSignedDeviceIdentity.decode(bytesOf(node, "device-identity"));
    const message = Buffer.concat([Buffer.from([6, 1]), details, device.identity, this.#phone.identity.public]);
    if (!deviceSignature || !Curve.verify(device.identity, message, deviceSignature)) {
      throw new Error("the new device's signature is wrong");
    }
    this.#onPaired(device);
    this.link.send(element("stream:error", { code: "515" }));
    this.link.close();
    this.#attempt.resolve();
  }
}

function newAttempt(): PromiseWithResolvers<void> {
  const attempt = Promise.withResolvers<void>();
  // A failed attempt that nobody waits for is not an unhandled rejection.
  void Promise.allSettled([attempt.promise]);
  return attempt;
}

/** The QR text is an address whose fragment has the parts, or only the parts. */
function partsOf(text: string): string[] {
  return text.slice(text.lastIndexOf("#") + 1).split(",");
}

function codeKey(code: string, salt: Buffer): Buffer {
  return pbkdf2Sync(code, salt, CODE_ROUNDS, 32, "sha256");
}

function wrap(code: string, key: Uint8Array): Buffer {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  return Buffer.concat([salt, iv, aesEncryptCTR(key, codeKey(code, salt), iv)]);
}

function unwrap(code: string, wrapped: Buffer): Buffer {
  return aesDecryptCTR(wrapped.subarray(48), codeKey(code, wrapped.subarray(0, 32)), wrapped.subarray(32, 48));
}

function derive(input: Uint8Array, salt: Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", input, salt, info, 32));
}

function numberOf(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUIntBE(0, bytes.length);
}

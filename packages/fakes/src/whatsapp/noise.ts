/**
 * The server's side of WhatsApp's transport: Noise XX over 25519 with AES-GCM and SHA-256 (noiseprotocol.org), its
 * frames, and the certificate chain that names the server.
 */
import { createHash, hkdfSync } from "node:crypto";
import { aesDecryptGCM, aesEncryptGCM, Curve, type KeyPair, proto } from "@whiskeysockets/baileys";

const PROTOCOL_NAME = "Noise_XX_25519_AESGCM_SHA256\0\0\0\0";
const NOTHING = Buffer.alloc(0);

/** What a server proves itself with. */
export interface ServerIdentity {
  readonly keys: KeyPair;
  /** The chain, encoded: leaf and intermediate, signed by the root. */
  readonly chain: Buffer;
}

/** Makes a server's keys and has them signed by `root`. */
export function serverIdentity(root: KeyPair): ServerIdentity {
  const keys = Curve.generateKeyPair();
  const middle = Curve.generateKeyPair();
  const intermediate = certificate({ serial: 1, issuerSerial: 0, key: middle.public }, root);
  const leaf = certificate({ serial: 2, issuerSerial: 1, key: keys.public }, middle);
  return { keys, chain: Buffer.from(proto.CertChain.encode({ intermediate, leaf }).finish()) };
}

function certificate(subject: { serial: number; issuerSerial: number; key: Uint8Array }, issuer: KeyPair) {
  const now = Math.floor(Date.now() / 1000);
  const validity = { notBefore: now - 3600, notAfter: now + 86_400 };
  const details = proto.CertChain.NoiseCertificate.Details.encode({ ...subject, ...validity }).finish();
  return { details, signature: Curve.sign(issuer.private, details) };
}

/** One client's handshake and cipher. `hello` answers the first frame, `finish` takes the second, then frames flow. */
export class NoiseResponder {
  readonly #identity: ServerIdentity;
  readonly #ephemeral = Curve.generateKeyPair();
  #hash: Buffer = Buffer.from(PROTOCOL_NAME);
  #salt: Buffer = this.#hash;
  #key: Buffer = this.#hash;
  #count = 0;
  #readKey: Buffer = NOTHING;
  #writeKey: Buffer = NOTHING;
  #reads = 0;
  #writes = 0;
  #waiting: Buffer = NOTHING;
  #hasIntro = false;

  constructor(identity: ServerIdentity) {
    this.#identity = identity;
  }

  /** The whole frames in what has arrived so far. */
  *frames(data: Buffer): Generator<Buffer> {
    this.#waiting = Buffer.concat([this.#waiting, data]);
    if (!this.#takeIntro()) return;
    while (this.#waiting.length >= 3) {
      const end = 3 + this.#waiting.readUIntBE(0, 3);
      if (this.#waiting.length < end) return;
      yield this.#waiting.subarray(3, end);
      this.#waiting = this.#waiting.subarray(end);
    }
  }

  /** Answers the client's hello. */
  hello(frame: Buffer): Buffer {
    const { clientHello } = proto.HandshakeMessage.decode(frame);
    if (!clientHello?.ephemeral) throw new Error("the first frame is not a hello");
    this.#mixHash(Buffer.from(clientHello.ephemeral));
    this.#mixHash(Buffer.from(this.#ephemeral.public));
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientHello.ephemeral));
    const serverStatic = this.#encrypt(this.#identity.keys.public);
    this.#mixKey(Curve.sharedKey(this.#identity.keys.private, clientHello.ephemeral));
    const payload = this.#encrypt(this.#identity.chain);
    const serverHello = { ephemeral: this.#ephemeral.public, static: serverStatic, payload };
    return framed(Buffer.from(proto.HandshakeMessage.encode({ serverHello }).finish()));
  }

  /** Takes the client's last handshake frame: who it is, and what it wants. */
  finish(frame: Buffer): { clientKey: Buffer; payload: proto.IClientPayload } {
    const { clientFinish } = proto.HandshakeMessage.decode(frame);
    if (!clientFinish?.static || !clientFinish.payload)
      throw new Error("the second frame does not finish the handshake");
    const clientKey = this.#decrypt(clientFinish.static);
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientKey));
    const payload = proto.ClientPayload.decode(this.#decrypt(clientFinish.payload));
    const keys = derive(NOTHING, this.#salt);
    this.#readKey = keys.subarray(0, 32);
    this.#writeKey = keys.subarray(32);
    return { clientKey, payload };
  }

  seal(plain: Uint8Array): Buffer {
    return framed(aesEncryptGCM(plain, this.#writeKey, counter(this.#writes++), NOTHING));
  }

  open(frame: Uint8Array): Buffer {
    return aesDecryptGCM(frame, this.#readKey, counter(this.#reads++), NOTHING);
  }

  /** Four bytes that name the protocol, once; before them perhaps a routing header ("ED"), which is not ours to read. */
  #takeIntro(): boolean {
    if (this.#hasIntro) return true;
    if (this.#waiting.subarray(0, 2).toString() === "ED") {
      if (this.#waiting.length < 7) return false;
      this.#waiting = this.#waiting.subarray(7 + this.#waiting.readUIntBE(4, 3));
    }
    if (this.#waiting.length < 4) return false;
    this.#mixHash(this.#waiting.subarray(0, 4));
    this.#waiting = this.#waiting.subarray(4);
    this.#hasIntro = true;
    return true;
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = createHash("sha256").update(this.#hash).update(data).digest();
  }

  #mixKey(input: Buffer): void {
    const derived = derive(input, this.#salt);
    this.#salt = derived.subarray(0, 32);
    this.#key = derived.subarray(32);
    this.#count = 0;
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = aesEncryptGCM(plain, this.#key, counter(this.#count++), this.#hash);
    this.#mixHash(sealed);
    return sealed;
  }

  #decrypt(sealed: Uint8Array): Buffer {
    const plain = aesDecryptGCM(sealed, this.#key, counter(this.#count++), this.#hash);
    this.#mixHash(sealed);
    return plain;
  }
}

function derive(input: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", input, salt, "", 64));
}

function counter(count: number): Buffer {
  const iv = Buffer.alloc(12);
  iv.writeUInt32BE(count, 8);
  return iv;
}

function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(3);
  length.writeUIntBE(bytes.length, 0, 3);
  return Buffer.concat([length, bytes]);
}

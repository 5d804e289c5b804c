/** How the gateway names itself to push services: one key pair of its own, no account (RFC 8292). */
import { createECDH, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { pushKeyPath, readTextIfExists, writePrivateFile } from "../../../base/files.ts";

/** How long a token is valid, seconds; RFC 8292 section 2 allows 24 hours. */
const TOKEN_SECONDS = 12 * 3_600;

/** The key pair of a state folder. */
export class Vapid {
  /** An uncompressed point of P-256 in base64url: what a browser subscribes with. */
  readonly publicKey: string;
  readonly #signingKey: KeyObject;

  /** Reads the key, or makes one on first use. */
  constructor(stateDir: string) {
    const path = pushKeyPath(stateDir);
    const pair = createECDH("prime256v1");
    const known = readTextIfExists(path)?.trim();
    if (known) pair.setPrivateKey(known, "base64url");
    else pair.generateKeys();
    const d = pair.getPrivateKey("base64url");
    if (!known) writePrivateFile(path, `${d}\n`);
    const point = pair.getPublicKey();
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((each) => each.toString("base64url"));
    this.publicKey = point.toString("base64url");
    this.#signingKey = createPrivateKey({ key: { kty: "EC", crv: "P-256", d, x: x!, y: y! }, format: "jwk" });
  }

  /** The `authorization` header for a push service. `contact` is how its people reach the owner of the gateway. */
  authorization({ endpoint, contact, now }: { endpoint: URL; contact: string; now: number }): string {
    const exp = Math.floor(now / 1_000) + TOKEN_SECONDS;
    const claims = [
      { typ: "JWT", alg: "ES256" },
      { aud: endpoint.origin, exp, sub: contact },
    ];
    const text = claims.map((each) => Buffer.from(JSON.stringify(each)).toString("base64url")).join(".");
    const signature = sign("sha256", Buffer.from(text), { key: this.#signingKey, dsaEncoding: "ieee-p1363" });
    return `vapid t=${text}.${signature.toString("base64url")}, k=${this.publicKey}`;
  }
}

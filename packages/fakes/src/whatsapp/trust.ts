/** What a client must trust to take the fake for WhatsApp: the root of its Noise certificates, and its media host. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { Curve, type KeyPair, WA_CERT_DETAILS } from "@whiskeysockets/baileys";

/** What a client's process is told, in this variable, as JSON. */
export const TRUST_VARIABLE = "MOLTBOT_FAKE_WHATSAPP";

/** The public half. */
export interface Trust {
  /** The public key that signs Noise certificates, hexadecimal. */
  readonly noiseRoot: string;
  /** The media host's certificate, PEM. */
  readonly mediaCertificate: string;
}

/** The private half, made once for each process: all its fakes share it, as clients can trust only one. */
export interface Authority {
  readonly root: KeyPair;
  readonly tls: { readonly cert: string; readonly key: string };
}

/** Makes this process trust a fake. Connections that are made after it obey. */
export function trust({ noiseRoot, mediaCertificate }: Trust): void {
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(noiseRoot, "hex");
  setDefaultCACertificates([...getCACertificates("default"), mediaCertificate]);
}

/** What clients are told of an authority. */
export function trustIn({ root, tls }: Authority): Trust {
  return { noiseRoot: Buffer.from(root.public).toString("hex"), mediaCertificate: tls.cert };
}

let made: Promise<Authority> | undefined;

/** This process's authority; the process trusts it itself. */
export function authority(): Promise<Authority> {
  made ??= make();
  return made;
}

async function make(): Promise<Authority> {
  const { default: selfsigned } = await import("selfsigned");
  const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: "localhost" }], {
    keySize: 2048,
    algorithm: "sha256",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  const own = { root: Curve.generateKeyPair(), tls: { cert, key } };
  trust(trustIn(own));
  return own;
}

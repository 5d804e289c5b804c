/** Certificate pinning for `ws`: the one certificate, or the one key, that is accepted, whoever signed it. */

import { createHash, type X509Certificate } from "node:crypto";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { ClientOptions } from "ws";
import { PinMismatch } from "../remote/fingerprint.ts";

/**
 * Socket options that accept only the certificate with this pin; see `remote/fingerprint.ts` for its forms. The pin
 * replaces the certificate authorities. A socket that shows another is destroyed before a frame is sent.
 */
export function pinned(fingerprint: string): Pick<ClientOptions, "createConnection"> {
  const createConnection = (options: ConnectionOptions): TLSSocket => {
    const socket = connect({ ...options, rejectUnauthorized: false });
    socket.prependOnceListener("secureConnect", () => {
      const seen = pinOf(socket.getPeerX509Certificate(), fingerprint.startsWith("spki:") ? "key" : "certificate");
      if (seen !== fingerprint) socket.destroy(new PinMismatch(seen));
    });
    return socket;
  };
  return { createConnection: createConnection as NonNullable<ClientOptions["createConnection"]> };
}

/** The pin of a certificate, or of its public key; empty when there is no certificate. */
export function pinOf(certificate: X509Certificate | undefined, what: "certificate" | "key"): string {
  if (!certificate) return "";
  if (what === "certificate") return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return `spki:${createHash("sha256").update(key).digest("hex")}`;
}

/** What a port shows when TLS begins: its certificate, and whether an authority that this machine trusts has signed it. */
export interface ShownCertificate {
  readonly certificate: X509Certificate;
  readonly isTrusted: boolean;
}

/** Begins TLS and looks at the certificate; nothing is sent. Rejects with the socket's error, or when `ms` are over. */
export function lookAtCertificate(url: URL, ms: number): Promise<ShownCertificate> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const isName = !/^[\d.]+$|:/.test(host);
  const at = { host, port: Number(url.port || 443), rejectUnauthorized: false, ...(isName && { servername: host }) };
  return new Promise((resolve, reject) => {
    const socket = connect(at);
    socket.setTimeout(ms, () => socket.destroy(new Error("no answer in time")));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      if (certificate) resolve({ certificate, isTrusted: socket.authorized });
      else reject(new Error("no certificate"));
      socket.destroy();
    });
  });
}

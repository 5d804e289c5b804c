/** Certificate pinning for `ws`: the one certificate that is accepted, whoever signed it. */

import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { ClientOptions } from "ws";

/**
 * Socket options that accept only the certificate with this SHA-256, 64 lowercase hexadecimal digits. The pin replaces
 * the certificate authorities. A socket that shows another is destroyed before a frame is sent.
 */
export function pinned(fingerprint: string): Pick<ClientOptions, "createConnection"> {
  const createConnection = (options: ConnectionOptions): TLSSocket => {
    const socket = connect({ ...options, rejectUnauthorized: false });
    socket.prependOnceListener("secureConnect", () => {
      const seen = socket.getPeerCertificate().fingerprint256?.replaceAll(":", "").toLowerCase();
      if (seen !== fingerprint) socket.destroy(new Error(`certificate fingerprint ${seen} is not the expected one`));
    });
    return socket;
  };
  return { createConnection: createConnection as NonNullable<ClientOptions["createConnection"]> };
}

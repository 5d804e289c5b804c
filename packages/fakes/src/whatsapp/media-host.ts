/** The host that files are uploaded to and downloaded from: HTTPS on loopback. It holds ciphertext only. */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";

/** How a message names an encrypted file. */
export interface EncryptedFile {
  readonly url: string;
  readonly directPath: string;
  readonly mediaKey: Uint8Array;
  readonly fileSha256: Uint8Array;
  readonly fileEncSha256: Uint8Array;
  readonly fileLength: number;
}

/** What a file's keys are derived for. */
export type FileUse = "Image" | "Video" | "Audio" | "Document";

const MAC_BYTES = 10;

export class MediaHost {
  readonly #server: Server;
  readonly #files = new Map<string, Buffer>();
  #port = 0;

  constructor(tls: { readonly cert: string; readonly key: string }) {
    this.#server = createServer(tls, (request, response) => {
      const path = new URL(request.url ?? "/", "https://localhost").pathname;
      if (request.method !== "POST") {
        const file = this.#files.get(path);
        return void response.writeHead(file ? 200 : 404).end(file);
      }
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const direct_path = this.#keep(Buffer.concat(parts));
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ url: `https://${this.host}${direct_path}`, direct_path }));
      });
    });
  }

  /** Name and port, as `media_conn` tells clients. */
  get host(): string {
    return `localhost:${this.#port}`;
  }

  async up(): Promise<void> {
    if (this.#server.listening) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#port, "127.0.0.1", resolve);
    await promise.finally(() => this.#server.off("error", reject));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Encrypts and keeps a file, as a person's phone does before it sends it. */
  encrypt(bytes: Uint8Array, use: FileUse): EncryptedFile {
    const mediaKey = randomBytes(32);
    const { iv, cipherKey, macKey } = keysOf(mediaKey, use);
    const cipher = createCipheriv("aes-256-cbc", cipherKey, iv);
    const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const mac = createHmac("sha256", macKey).update(iv).update(sealed).digest().subarray(0, MAC_BYTES);
    const whole = Buffer.concat([sealed, mac]);
    const directPath = this.#keep(whole);
    return {
      url: `https://${this.host}${directPath}`,
      directPath,
      mediaKey,
      fileSha256: createHash("sha256").update(bytes).digest(),
      fileEncSha256: createHash("sha256").update(whole).digest(),
      fileLength: bytes.length,
    };
  }

  /** Opens a file that a message names. Throws when it is not there or damaged. */
  decrypt(directPath: string, mediaKey: Uint8Array, use: FileUse): Buffer {
    const whole = this.#files.get(directPath);
    if (!whole) throw new Error(`nobody has uploaded ${directPath}`);
    const { iv, cipherKey, macKey } = keysOf(mediaKey, use);
    const sealed = whole.subarray(0, -MAC_BYTES);
    const mac = createHmac("sha256", macKey).update(iv).update(sealed).digest().subarray(0, MAC_BYTES);
    if (!mac.equals(whole.subarray(-MAC_BYTES))) throw new Error(`${directPath} is damaged`);
    const decipher = createDecipheriv("aes-256-cbc", cipherKey, iv);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  }

  #keep(bytes: Buffer): string {
    const path = `/v/${createHash("sha256").update(bytes).digest("hex")}.enc`;
    this.#files.set(path, bytes);
    return path;
  }
}

function keysOf(mediaKey: Uint8Array, use: FileUse) {
  const keys = Buffer.from(hkdfSync("sha256", mediaKey, "", `WhatsApp ${use} Keys`, 112));
  return { iv: keys.subarray(0, 16), cipherKey: keys.subarray(16, 48), macKey: keys.subarray(48, 80) };
}

/** Files to send: read from a data URL, or fetched from a public https address, into a private file. */
import { createHash } from "node:crypto";
import { createWriteStream, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { invalidRequest, messageOf, TellableError } from "../../../../base/errors.ts";
import { makePrivateDir, writePrivateFile } from "../../../../base/files.ts";
import { newId } from "../../../../base/ids.ts";
import { isTransient } from "../../../../base/process/machine.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import type { MediaKind, OutboundMedia } from "../../../../kit/channel-message.ts";

const LIMIT_MS = 60_000;
const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*),/;

export class MediaOut {
  readonly #folder: string;
  readonly #clock: Clock;

  constructor(options: { stateDir: string; clock: Clock }) {
    this.#folder = join(options.stateDir, "media", "outbound");
    this.#clock = options.clock;
  }

  /** Loads a file. Throws `INVALID_REQUEST` with what is wrong with the address or the file. */
  async load(url: string, { maxBytes, signal }: { maxBytes: number; signal: AbortSignal }): Promise<OutboundMedia> {
    makePrivateDir(this.#folder);
    if (url.startsWith("data:")) return await this.#fromData(url, maxBytes);
    if (!/^https:\/\//i.test(url))
      throw invalidRequest(
        "mediaUrl must be an https: address or a data: URL; `moltbot message send --media FILE` makes one",
      );
    const path = join(this.#folder, newId());
    try {
      const { name, type } = await download(url, path, { clock: this.#clock, maxBytes, signal });
      return await describe(path, name, type);
    } catch (error) {
      rmSync(path, { force: true });
      if (isTransient(error)) throw error;
      throw invalidRequest(`mediaUrl cannot be fetched: ${messageOf(error)}`);
    }
  }

  async #fromData(url: string, maxBytes: number): Promise<OutboundMedia> {
    const head = DATA_URL.exec(url.slice(0, 500));
    if (!head || !/;base64$/i.test(head[2] ?? "")) throw invalidRequest("mediaUrl must be a base64 data: URL");
    const bytes = Buffer.from(url.slice(head[0].length), "base64");
    if (bytes.length === 0) throw invalidRequest("mediaUrl holds no data");
    if (bytes.length > maxBytes)
      throw invalidRequest(`mediaUrl is larger than the ${maxBytes} bytes that the channel takes`);
    const name = /;name=([^;,]*)/i.exec(head[2] ?? "")?.[1];
    const path = join(this.#folder, createHash("sha256").update(bytes).digest("hex"));
    writePrivateFile(path, bytes);
    return await describe(path, name === undefined ? undefined : decodeName(name), head[1] || undefined);
  }
}

/** Streams an address to a file. */
async function download(
  url: string,
  path: string,
  options: { clock: Clock; maxBytes: number; signal: AbortSignal },
): Promise<{ name: string | undefined; type: string | undefined }> {
  // Load these with the first address; a start does not need them.
  const [{ safeFetch }, { pipeline }] = await Promise.all([
    import("../../../../base/net/safe-fetch.ts"),
    import("node:stream/promises"),
  ]);
  using response = await safeFetch(url, { ...options, limitMs: LIMIT_MS, httpsOnly: true });
  if (response.status !== 200) throw new TellableError(`the server answered ${response.status}`);
  await pipeline(response.body(), createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal: options.signal });
  return { name: basename(response.url.pathname) || undefined, type: response.mimeType || undefined };
}

/** Describes a file for channels; its type is decided by its content. */
async function describe(path: string, name: string | undefined, declared: string | undefined): Promise<OutboundMedia> {
  const { fileTypeFromFile } = await import("file-type");
  const found = await fileTypeFromFile(path);
  const mimeType = found?.mime ?? (declared?.startsWith("text/") ? declared : "application/octet-stream");
  const fallback = `file.${found?.ext ?? (mimeType.startsWith("text/") ? "txt" : "bin")}`;
  return {
    path,
    kind: kindOf(mimeType),
    mimeType,
    fileName: cleanName(name) ?? fallback,
    sizeBytes: statSync(path).size,
  };
}

/** The kind of a file. Voice notes are Ogg with Opus, as phones record them. */
function kindOf(mimeType: string): MediaKind {
  if (mimeType.startsWith("image/") && mimeType !== "image/svg+xml") return "image";
  if (mimeType.startsWith("video/")) return "video";
  if (/^audio\/(ogg|opus)/.test(mimeType)) return "voice";
  return mimeType.startsWith("audio/") ? "audio" : "document";
}

function cleanName(name: string | undefined): string | undefined {
  const clean = name?.replace(/[\p{Cc}\\/]/gu, "").slice(-120);
  return clean && clean !== "." && clean !== ".." ? clean : undefined;
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

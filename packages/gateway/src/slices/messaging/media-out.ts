/** Files to send: read from a data URL, or fetched from a public https address, into a private file. */
import { createHash } from "node:crypto";
import { createWriteStream, rmSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { basename, join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { invalidRequest, messageOf } from "../../base/errors.ts";
import { makePrivateDir } from "../../base/files.ts";
import { newId } from "../../base/ids.ts";
import { isPublicAddress } from "../../base/public-address.ts";
import type { MediaKind, OutboundMedia } from "../../kit/channel.ts";

const MAX_REDIRECTS = 5;
const LIMIT_MS = 60_000;
const DATA_URL = /^data:([^;,]*)((?:;[^;,]*)*),/;

export class MediaOut {
  readonly #folder: string;
  readonly #clock: Clock;

  constructor(options: { stateDir: string; clock: Clock }) {
    this.#folder = join(options.stateDir, "media", "outbound");
    this.#clock = options.clock;
  }

  /** Brings a file here. Throws `INVALID_REQUEST` with what is wrong with the address or the file. */
  async load(url: string, { maxBytes, signal }: { maxBytes: number; signal: AbortSignal }): Promise<OutboundMedia> {
    makePrivateDir(this.#folder);
    if (url.startsWith("data:")) return await this.#fromData(url, maxBytes);
    if (!/^https:\/\//i.test(url))
      throw invalidRequest(
        "mediaUrl must be an https: address or a data: URL; `moltbot message send --media FILE` makes one",
      );
    const limit = new AbortController();
    using _timer = this.#clock.after(LIMIT_MS, () => limit.abort(new Error("it took too long")));
    const path = join(this.#folder, newId());
    try {
      const { name, type } = await download(new URL(url), path, {
        maxBytes,
        signal: AbortSignal.any([signal, limit.signal]),
      });
      return await describe(path, name, type);
    } catch (error) {
      rmSync(path, { force: true });
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
    writeFileSync(path, bytes, { mode: 0o600 });
    return await describe(path, name === undefined ? undefined : decodeName(name), head[1] || undefined);
  }
}

/** Streams an address to a file; every hop must lead to a public address, which is the one connected to. */
async function download(
  url: URL,
  path: string,
  options: { maxBytes: number; signal: AbortSignal },
): Promise<{ name: string | undefined; type: string | undefined }> {
  let here = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await open(here, options.signal);
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location) {
      response.destroy();
      here = new URL(headers.location, here);
      continue;
    }
    if (statusCode !== 200) {
      response.destroy();
      throw new Error(`the server answered ${statusCode}`);
    }
    const { pipeline } = await import("node:stream/promises");
    await pipeline(bounded(response, options.maxBytes), createWriteStream(path, { flags: "wx", mode: 0o600 }), {
      signal: options.signal,
    });
    return { name: basename(here.pathname) || undefined, type: headers["content-type"]?.split(";", 1)[0] };
  }
  throw new Error("too many redirects");
}

/** Resolves once, checks what was resolved, and connects to exactly that (security: resources). */
async function open(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  if (url.protocol !== "https:") throw new Error("only https: addresses are fetched");
  // Loaded with the first address: a start needs neither.
  const [{ lookup }, { request }] = await Promise.all([import("node:dns/promises"), import("node:https")]);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await lookup(host, { all: true });
  const [first] = addresses;
  if (!first || !addresses.every(({ address }) => isPublicAddress(address)))
    throw new Error("the address is not on the public internet");
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request(url, {
    signal,
    headers: { accept: "*/*" },
    lookup: (_host, options, callback) => {
      if (options.all) callback(null, [first]);
      else callback(null, first.address, first.family);
    },
  });
  outgoing.on("response", resolve).on("error", reject).end();
  return await promise;
}

async function* bounded(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`it is larger than the ${maxBytes} bytes that the channel takes`);
    yield chunk;
  }
}

/** A file as channels send it: what it is, by its content. */
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

/** Voice notes are Ogg with Opus: what phones record. */
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

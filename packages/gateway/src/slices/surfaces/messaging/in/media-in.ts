/**
 * Stores files of inbound messages: bounded, streamed to private files, and named by their content, not by the name
 * that came with them.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  createWriteStream,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { detailOf, messageOf } from "../../../../base/errors.ts";
import { fileExists, makePrivateDir } from "../../../../base/files.ts";
import { newId } from "../../../../base/ids.ts";
import type { Log } from "../../../../base/log.ts";
import { isTransient, type Machine } from "../../../../base/process/machine.ts";
import { backoffMs } from "../../../../base/time/backoff.ts";
import type { Clock } from "../../../../base/time/clock.ts";
import { ChannelError } from "../../../../kit/channel.ts";
import type { InboundMessage, MediaRef } from "../../../../kit/channel-message.ts";
import { oneLine } from "../../../../kit/text/framing.ts";
import { type Recording, readContent } from "../../../agent/agent/agent.ts";
import type { Media } from "../../../core/sessions/media.ts";
import type { Account } from "../accounts/account.ts";
import type { ReceivedFile } from "./envelope.ts";
import type { Transcriber } from "./transcribe.ts";

export interface MediaInOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  readonly media: Media;
  readonly transcriber: Transcriber;
}

/** Pictures that models take; larger ones are kept as files (protocol: agent, attachments). */
const PICTURES: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const MAX_PICTURE_BYTES = 5_000_000;
/** Larger files are kept and not read (protocol: agent, attachments). */
const MAX_READ_BYTES = 5_000_000;
const MAX_FILES = 10;
const ATTEMPTS = 3;
const FETCH_LIMIT_MS = 120_000;
/** The longest wait for a platform that takes no more requests: the whole conversation waits with the file. */
const LONGEST_WAIT_MS = 30_000;
/** The ending of a file name while the file is fetched. */
const PART = ".part";

/** A file as it was taken in. */
interface Taken {
  readonly path: string;
  readonly mimeType: string;
  readonly sizeBytes: number;
}

export class MediaIn {
  readonly #options: MediaInOptions;
  readonly #folder: string;

  constructor(options: MediaInOptions) {
    this.#options = options;
    this.#folder = join(options.stateDir, "media", "inbound");
  }

  /** Fetches a message's files. A file that cannot be fetched is replaced by a sentence, never left out. */
  async fetch(
    message: Pick<InboundMessage, "media" | "awaitsFiles">,
    account: Account,
    signal: AbortSignal,
  ): Promise<ReceivedFile[]> {
    const parts: ReceivedFile[] = [];
    if (message.awaitsFiles)
      parts.push({ type: "text", text: "[file: has not arrived at the platform yet; it is told of when it comes]" });
    for (const file of message.media.slice(0, MAX_FILES)) parts.push(...(await this.#fetchOne(file, account, signal)));
    const rest = message.media.length - MAX_FILES;
    if (rest > 0) parts.push({ type: "text", text: `[${rest} more files were left out]` });
    return parts;
  }

  /** Keeps a recording that a client has sent as those of channels are kept. Throws as the disk does. */
  async take({ data, fileName, mimeType, isVoice }: Recording, signal: AbortSignal): Promise<ReceivedFile[]> {
    const taken = await this.#store(Readable.from([data]), { maxBytes: data.byteLength, signal });
    return await this.#toParts({ ref: "", kind: isVoice ? "voice" : "audio", fileName, mimeType }, taken, signal);
  }

  /** Removes partial files of downloads that the end of a process has cut off. Called before the first download. */
  sweep(): void {
    if (!fileExists(this.#folder)) return;
    for (const name of readdirSync(this.#folder))
      if (name.endsWith(PART)) rmSync(join(this.#folder, name), { force: true });
  }

  /** Removes files that were taken in before `before`, epoch ms, and the oldest when all take more than `maxBytes`. */
  prune(before: number, maxBytes: number): void {
    if (!fileExists(this.#folder)) return;
    const files = readdirSync(this.#folder).flatMap((name) => {
      const path = join(this.#folder, name);
      const state = statSync(path, { throwIfNoEntry: false });
      return state && !name.endsWith(PART) ? [{ path, at: state.mtimeMs, size: state.size }] : [];
    });
    let bytes = 0;
    for (const { path, at, size } of files.sort((a, b) => b.at - a.at)) {
      bytes += size;
      if (at < before || bytes > maxBytes) rmSync(path, { force: true });
    }
  }

  async #fetchOne(file: MediaRef, account: Account, signal: AbortSignal): Promise<ReceivedFile[]> {
    const { log } = this.#options;
    const named = file.fileName ? ` “${safeName(file.fileName)}”` : "";
    try {
      const taken = await this.#take(file, account, signal);
      return await this.#toParts(file, taken, signal);
    } catch (error) {
      // Passing trouble of the machine is not final: the message waits with its file.
      if (signal.aborted || isTransient(error)) throw error;
      log.warn("a file of an inbound message was not taken in", {
        ...account.key,
        kind: file.kind,
        why: detailOf(error),
      });
      return [{ type: "text", text: `[${file.kind}${named}: not taken in — ${messageOf(error)}]` }];
    }
  }

  /** Streams the file to disk, again after passing trouble. Throws a sentence for the person. */
  async #take(file: MediaRef, account: Account, signal: AbortSignal): Promise<Taken> {
    const { mediaMaxBytes } = account.settings;
    if (file.sizeBytes !== undefined && file.sizeBytes > mediaMaxBytes) throw tooLarge(mediaMaxBytes);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#stream(file, account, signal);
      } catch (error) {
        const isFinal = !(error instanceof ChannelError) || error.kind === "rejected" || attempt === ATTEMPTS;
        if (isFinal || signal.aborted || (error.retryAfterMs ?? 0) > LONGEST_WAIT_MS) throw error;
        const waitMs = error.retryAfterMs ?? backoffMs(attempt, { baseMs: 1_000, maxMs: 30_000, factor: 3 });
        await this.#options.clock.sleep(waitMs, signal);
      }
    }
  }

  async #stream(file: MediaRef, account: Account, signal: AbortSignal): Promise<Taken> {
    const { connection, settings, definition } = account;
    if (!connection) throw new ChannelError("network", `${definition.label} is not connected`);
    if (!connection.fetchMedia) throw new ChannelError("rejected", `${definition.label} does not hand out files`);
    const limit = new AbortController();
    using _timer = this.#options.clock.after(FETCH_LIMIT_MS, () =>
      limit.abort(new ChannelError("network", "the file did not arrive in time")),
    );
    const either = AbortSignal.any([signal, limit.signal]);
    try {
      const source = await connection.fetchMedia(file, either);
      return await this.#store(source, { maxBytes: settings.mediaMaxBytes, signal: either });
    } catch (error) {
      throw limit.signal.aborted ? limit.signal.reason : error;
    }
  }

  /** Writes a file under the name of its content. Throws when it is larger than `maxBytes`. */
  async #store(
    source: AsyncIterable<Uint8Array>,
    { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
  ): Promise<Taken> {
    makePrivateDir(this.#folder);
    const part = join(this.#folder, `${newId()}${PART}`);
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const bounded = async function* () {
      for await (const chunk of source) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
        hash.update(chunk);
        yield chunk;
      }
    };
    try {
      // Built-ins that only files need are loaded with the first file: they would make every start slower.
      const { pipeline } = await import("node:stream/promises");
      await pipeline(Readable.from(bounded()), createWriteStream(part, { flags: "wx", mode: 0o600 }), { signal });
      const { mimeType, extension } = await sniff(part);
      const path = join(this.#folder, `${hash.digest("hex")}${extension}`);
      if (fileExists(path)) rmSync(part);
      else renameSync(part, path);
      return { path, mimeType, sizeBytes };
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
  }

  async #toParts(file: MediaRef, taken: Taken, signal: AbortSignal): Promise<ReceivedFile[]> {
    const { path, sizeBytes } = taken;
    const mimeType = soundOf(taken.mimeType, file.mimeType);
    const fileName = file.fileName && safeName(file.fileName);
    if (PICTURES.has(mimeType) && sizeBytes <= MAX_PICTURE_BYTES)
      return [{ type: "image", ...this.#options.media.save(readFileSync(path), { mimeType, fileName }) }];
    const facts = [fileName, mimeType, sizeText(sizeBytes)].filter((fact) => fact !== undefined).join(", ");
    const mislabelled =
      file.mimeType && kindOf(file.mimeType) !== kindOf(mimeType)
        ? `; it was said to be ${file.mimeType.replace(/[^\w/.+-]/g, "").slice(0, 80)}`
        : "";
    const isSpeech = file.kind === "voice" || (file.kind === "audio" && mimeType.startsWith("audio/"));
    const text = `[${file.kind}: ${facts}${mislabelled}; saved as ${path}]`;
    const known = { ...taken, mimeType };
    const content = isSpeech ? this.#transcript(known, file, signal) : this.#content(known, file, signal);
    return [{ type: "text", text }, ...(await content)];
  }

  /** The text of a file, or why it cannot be read. Recordings and large files are left to the tools. */
  async #content({ path, mimeType, sizeBytes }: Taken, file: MediaRef, signal: AbortSignal): Promise<ReceivedFile[]> {
    if (sizeBytes > MAX_READ_BYTES || /^(?:audio|video)\//.test(mimeType)) return [];
    const { clock, media } = this.#options;
    const fileName = file.fileName && safeName(file.fileName);
    const content = await readContent(readFileSync(path), file.mimeType ?? "", { clock, signal });
    if (content.kind === "image") return [{ type: "image", ...media.save(content.data, { ...content, fileName }) }];
    return [{ type: "text", text: content.text, from: { kind: "file", title: fileName } }];
  }

  /**
   * The words of a recording, or why they are not known; nothing when no transcriber is set. A voice note counts as its
   * sender's message. Any other recording is a file, and its words are those of the people in it.
   */
  async #transcript({ path, mimeType }: Taken, file: MediaRef, signal: AbortSignal): Promise<ReceivedFile[]> {
    const title = file.fileName ? safeName(file.fileName) : "a recording";
    try {
      const words = await this.#options.transcriber.words(path, mimeType, signal);
      if (words === undefined) return [];
      if (words === "") return [{ type: "text", text: "[transcript: nothing can be heard]" }];
      return [
        {
          type: "text",
          text: `[transcript] ${words}`,
          from: file.kind === "voice" ? { kind: "message" } : { kind: "file", title },
        },
      ];
    } catch (error) {
      signal.throwIfAborted();
      const why = messageOf(error);
      this.#options.log.warn("a voice note was not transcribed; check messages.transcribe", { why });
      return [{ type: "text", text: `[no transcript: ${why.replace(/\s+/g, " ").slice(0, 300)}]` }];
    }
  }
}

/** The type of a file by its content; "application/octet-stream" when it is unknown. */
async function sniff(path: string): Promise<{ mimeType: string; extension: string }> {
  const { fileTypeFromFile } = await import("file-type");
  const found = await fileTypeFromFile(path);
  if (found) return { mimeType: found.mime, extension: `.${found.ext}` };
  const head = headOf(path);
  // A character may be cut at the end of the sample.
  const isText = !head.includes(0) && !new TextDecoder().decode(head, { stream: true }).includes("\ufffd");
  return isText
    ? { mimeType: "text/plain", extension: ".txt" }
    : { mimeType: "application/octet-stream", extension: ".bin" };
}

/** The type of a container that holds sound or a film: where it was said to be sound, it is. */
function soundOf(found: string, declared = ""): string {
  const said = declared.split(";", 1)[0]!.trim().toLowerCase();
  return said.startsWith("audio/") && found === said.replace("audio/", "video/") ? said : found;
}

function headOf(path: string): Uint8Array {
  const head = Buffer.alloc(8_192);
  const file = openSync(path, "r");
  try {
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}

/** A name from outside, for people: no path, and one short line. */
function safeName(name: string): string {
  return oneLine(name.split(/[\\/]/).at(-1)!);
}

function kindOf(mimeType: string): string {
  return mimeType.split(/[/;]/, 1)[0]!.toLowerCase();
}

function tooLarge(maxBytes: number): ChannelError {
  return new ChannelError("rejected", `it is larger than ${sizeText(maxBytes)} (mediaMaxMb)`);
}

function sizeText(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

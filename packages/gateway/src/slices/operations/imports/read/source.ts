/**
 * Reads files of a folder that belongs to somebody else's program. Nothing is written there. Links, files that are none,
 * and files that are too large are not read, but noted.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { parseJson5 } from "../../../../base/config/json5.ts";
import { codeOf, TellableError } from "../../../../base/errors.ts";
import type { Note } from "../found.ts";

const MIB = 1024 * 1024;
/** The largest file that is read whole. */
const MAX_FILE_BYTES = 64 * MIB;
/** The largest transcript; it is read line by line. */
const MAX_LINES_BYTES = 1024 * MIB;
/** The longest line: a message with pictures in it. */
const MAX_LINE_CHARS = 64 * MIB;
/** JSON with comments is what people write. It is read a hundred times slower than JSON. */
const MAX_JSON5_CHARS = 2 * MIB;
const MAX_NAMES = 50_000;
/** The deepest value. Deeper ones are made to exhaust a reader's stack. */
const MAX_DEPTH = 200;
const CHUNK_BYTES = MIB;

export class SourceFolder {
  /** The real path. */
  readonly path: string;
  readonly #warnings: Note[] = [];

  /** Throws `TellableError` when there is no folder of that name. */
  constructor(folder: string) {
    const real = realPathOf(folder);
    if (real === undefined || !lstatSync(real).isDirectory())
      throw new TellableError(`${folder} is not a folder; name the state folder of the other gateway.`);
    this.path = real;
  }

  get warnings(): readonly Note[] {
    return this.#warnings;
  }

  warn(at: string, text: string): void {
    this.#warnings.push({ at, text });
  }

  /** The names in a folder, sorted; none when it is not there. */
  names(folder: string): string[] {
    const path = this.#within(folder, "folder");
    if (path === undefined) return [];
    const names = this.#tried(folder, () => readdirSync(path)) ?? [];
    if (names.length > MAX_NAMES) this.warn(folder, `holds more than ${MAX_NAMES} files; the rest is left out`);
    return names.toSorted().slice(0, MAX_NAMES);
  }

  /** Whether a regular file is there. */
  has(file: string): boolean {
    const stats = this.#tried(file, () => lstatSync(join(this.path, file), { throwIfNoEntry: false }));
    return stats?.isFile() ?? false;
  }

  /** The bytes of a file; undefined when it is not there or cannot be read, which is noted. */
  bytes(file: string, most = MAX_FILE_BYTES): Buffer | undefined {
    const chunks: Buffer[] = [];
    for (const chunk of this.#chunks(file, most)) chunks.push(Buffer.from(chunk));
    return chunks.length === 0 && !this.has(file) ? undefined : Buffer.concat(chunks);
  }

  /** Copies a file that begins so. False when there is none; what is not copied is noted. Throws what the other disk says. */
  copyTo(target: string, file: string, { most, head = "" }: { most: number; head?: string }): boolean {
    let copy: number | undefined;
    try {
      for (const chunk of this.#chunks(file, most)) {
        if (copy === undefined && !Buffer.from(chunk.subarray(0, head.length)).equals(Buffer.from(head))) return false;
        copy ??= openSync(target, "wx", 0o600);
        writeFileSync(copy, chunk);
      }
      return copy !== undefined;
    } finally {
      if (copy !== undefined) closeSync(copy);
    }
  }

  text(file: string): string | undefined {
    return this.bytes(file)
      ?.toString("utf8")
      .replace(/^\ufeff/, "");
  }

  /** The text of a file that a path names; undefined, which is noted, when it is outside of the folder. */
  textAt(path: string): string | undefined {
    const name = relative(this.path, path);
    const isOutside = name === "" || name === ".." || name.startsWith(`..${sep}`) || isAbsolute(name);
    return isOutside ? undefined : this.text(name);
  }

  /** The value of a JSON file, or of one with comments; undefined when it is not there or broken, which is noted. */
  json(file: string): unknown {
    const text = this.text(file);
    if (text === undefined || text.trim() === "") return undefined;
    if (isTooDeep(text)) return void this.warn(file, `is nested deeper than ${MAX_DEPTH} levels`);
    try {
      return JSON.parse(text);
    } catch {
      if (text.length > MAX_JSON5_CHARS)
        return void this.warn(
          file,
          `is no JSON, and larger than the ${MAX_JSON5_CHARS / MIB} MiB of JSON5 that are read`,
        );
      return this.#tried(file, () => parseJson5(text), "is neither JSON nor JSON5");
    }
  }

  /** The values of a file with one JSON value a line. A line that is broken is noted with its number and left out. */
  *lines(file: string): Generator<{ readonly line: number; readonly value: unknown }> {
    let line = 0;
    for (const text of this.#rawLines(file)) {
      line++;
      if (text.trim() === "") continue;
      const value = this.#lineValue(`${file}:${line}`, text);
      if (value !== undefined) yield { line, value };
    }
  }

  #lineValue(at: string, text: string): unknown {
    if (isTooDeep(text)) return void this.warn(at, `is nested deeper than ${MAX_DEPTH} levels`);
    try {
      return JSON.parse(text);
    } catch {
      return void this.warn(at, "is not whole JSON; this line is left out");
    }
  }

  *#rawLines(file: string): Generator<string> {
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for (const chunk of this.#chunks(file, MAX_LINES_BYTES)) {
      rest += decoder.write(chunk);
      const lines = rest.split("\n");
      rest = lines.pop()!;
      yield* lines;
      if (rest.length > MAX_LINE_CHARS)
        return void this.warn(file, "has a line that is too long; the rest is left out");
    }
    rest += decoder.end();
    if (rest !== "") yield rest;
  }

  *#chunks(file: string, most: number): Generator<Uint8Array> {
    const path = this.#within(file, "file");
    if (path === undefined) return;
    // Without waiting: a pipe that has taken a file's place would hold us up for ever.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = this.#tried(file, () => openSync(path, flags));
    if (handle === undefined) return;
    try {
      const stats = fstatSync(handle);
      if (!stats.isFile()) return void this.warn(file, "is not a regular file");
      if (stats.size > most) return void this.warn(file, `is larger than ${Math.round(most / MIB)} MiB`);
      const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, stats.size)));
      let left = stats.size;
      while (left > 0) {
        const read = this.#tried(file, () => readSync(handle, buffer, 0, Math.min(buffer.length, left), null)) ?? 0;
        if (read === 0) return;
        left -= read;
        yield buffer.subarray(0, read);
      }
    } finally {
      closeSync(handle);
    }
  }

  /** The path of what is named, when nothing on the way to it is a link. */
  #within(name: string, kind: "file" | "folder"): string | undefined {
    const path = join(this.path, name);
    const stats = this.#tried(name, () => lstatSync(path, { throwIfNoEntry: false }));
    if (!stats) return undefined;
    if (stats.isSymbolicLink()) return void this.warn(name, "is a link, and links are not followed");
    if (kind === "file" ? !stats.isFile() : !stats.isDirectory())
      return void this.warn(name, `is not a regular ${kind}`);
    const way = relative(this.path, this.#tried(name, () => realpathSync(path)) ?? "");
    if (way !== relative(this.path, path) || way.startsWith(`..${sep}`))
      return void this.warn(name, "is reached through a link, and links are not followed");
    return path;
  }

  #tried<T>(name: string, work: () => T, problem = "cannot be read"): T | undefined {
    try {
      return work();
    } catch (error) {
      const code = codeOf(error);
      if (code !== "ENOENT" && code !== "ENOTDIR")
        this.warn(name, code === undefined ? problem : `${problem} (${code})`);
      return undefined;
    }
  }
}

/** Whether JSON text nests deeper than a reader should follow; brackets in texts count, so this is a bound. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (inText) {
      if (unit === 0x5c) index++;
      else if (unit === 0x22) inText = false;
    } else if (unit === 0x22) inText = true;
    else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (unit === 0x7d || unit === 0x5d) depth--;
  }
  return false;
}

function realPathOf(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}

/** The full-text index over one folder's notes: brought up to date by size and time, then asked. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { GatewayError, ignore } from "../../../../base/errors.ts";
import type { Store } from "../../../../base/store/store.ts";
import type { Confined } from "../files/confined.ts";
import { DURABLE, NOTES_FOLDER } from "../notes.ts";
import { contentOf } from "../tools/content.ts";
import { chunksOf } from "./chunks.ts";

/** A place in a note that fits a query. */
export interface Found {
  readonly path: string;
  /** Where the snippet begins, from 1. */
  readonly line: number;
  readonly text: string;
}

interface Indexed {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

const MAX_NOTES = 2_000;
const MAX_NOTE_BYTES = 1_000_000;
const MAX_WORDS = 16;

export class MemoryIndex {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads again what has changed on disk; a look at each note's size and time when nothing has. */
  async refresh(folder: string, files: Confined): Promise<void> {
    const known = new Map(this.#indexed(folder).map((file) => [file.path, file]));
    for (const path of notePaths(files)) {
      const stat = files.stat(path);
      const before = known.get(path);
      known.delete(path);
      if (stat && before?.size === stat.size && before.mtimeMs === stat.mtimeMs) continue;
      this.#read(folder, path, files);
      await nextTurn();
    }
    for (const path of known.keys()) this.#store.transaction(() => this.#forget(folder, path));
  }

  /** The best places first: those with every word, then those with some, then those that hold the text itself. */
  search(folder: string, query: string, limit: number): Found[] {
    const words = (query.match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, MAX_WORDS).map((word) => `"${word}"*`);
    const found: Found[] = [];
    const add = (rows: readonly Found[]) => {
      for (const row of rows) {
        if (found.length < limit && !found.some(({ path, line }) => path === row.path && line === row.line))
          found.push(row);
      }
    };
    if (words.length > 0) add(this.#withWords(folder, words.join(" "), limit));
    if (words.length > 1 && found.length < limit) add(this.#withWords(folder, words.join(" OR "), limit));
    if (found.length === 0) add(this.#withText(folder, query.trim(), limit));
    return found;
  }

  /** How many notes and pieces of them are known. */
  counts(folder: string): { notes: number; chunks: number } {
    const count = (table: string) =>
      this.#store.get<{ n: number }>(`select count(*) as n from ${table} where folder = ?`, folder)?.n ?? 0;
    return { notes: count("memory_files"), chunks: count("memory_chunks") };
  }

  /** Forgets the folders that are no agent's any more. */
  keepOnly(folders: readonly string[]): void {
    const kept = JSON.stringify(folders);
    this.#store.transaction(() => {
      for (const table of ["memory_files", "memory_chunks"]) {
        this.#store.run(`delete from ${table} where folder not in (select value from json_each(?))`, kept);
      }
    });
  }

  #indexed(folder: string): Indexed[] {
    return this.#store.all<Indexed>(
      "select path, size, mtime_ms as mtimeMs from memory_files where folder = ?",
      folder,
    );
  }

  #read(folder: string, path: string, files: Confined): void {
    const note = noteOf(files, path);
    this.#store.transaction(() => {
      this.#forget(folder, path);
      if (!note) return;
      this.#store.run(
        "insert into memory_files (folder, path, size, mtime_ms) values (?, ?, ?, ?)",
        ...[folder, path, note.size, note.mtimeMs],
      );
      for (const { line, text } of chunksOf(note.text)) {
        this.#store.run(
          "insert into memory_chunks (folder, path, line, text) values (?, ?, ?, ?)",
          ...[folder, path, line, text],
        );
      }
    });
  }

  #forget(folder: string, path: string): void {
    this.#store.run("delete from memory_chunks where folder = ? and path = ?", folder, path);
    this.#store.run("delete from memory_files where folder = ? and path = ?", folder, path);
  }

  #withWords(folder: string, match: string, limit: number): Found[] {
    return this.#store.all<Found>(
      `select c.path, c.line, c.text from memory_words w join memory_chunks c on c.id = w.rowid
       where memory_words match ? and c.folder = ? order by bm25(memory_words), c.path desc, c.line limit ?`,
      ...[match, folder, limit],
    );
  }

  /** For writing without spaces, and for signs. */
  #withText(folder: string, text: string, limit: number): Found[] {
    if (text === "") return [];
    return this.#store.all<Found>(
      `select path, line, text from memory_chunks where folder = ? and text like ? escape '\\'
       order by path desc, line limit ?`,
      ...[folder, `%${text.replace(/[\\%_]/g, "\\$&")}%`, limit],
    );
  }
}

function notePaths(files: Confined): string[] {
  return [...(files.stat(DURABLE) ? [DURABLE] : []), ...notesIn(files)];
}

/** The newest names first when there are too many. */
function notesIn(files: Confined): string[] {
  try {
    return files
      .entries(NOTES_FOLDER, MAX_NOTES * 2)
      .filter(({ name, kind }) => kind === "file" && name.endsWith(".md"))
      .map(({ name }) => `${NOTES_FOLDER}/${name}`)
      .reverse()
      .slice(0, MAX_NOTES);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    ignore(error, "there are no daily notes yet, or their folder is a link");
    return [];
  }
}

function noteOf(files: Confined, path: string): { text: string; size: number; mtimeMs: number } | undefined {
  try {
    const { data, mtimeMs } = files.read(path, MAX_NOTE_BYTES);
    const content = contentOf(data);
    return { text: content.kind === "text" ? content.text : "", size: data.length, mtimeMs };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    ignore(error, "a note that vanished, is too large or may not be read is not found");
    return undefined;
  }
}

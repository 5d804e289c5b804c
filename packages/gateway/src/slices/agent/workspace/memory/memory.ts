/** An agent's memory: searches its notes, and adds to them. */
import type { Clock } from "../../../../base/time/clock.ts";
import { dayOf, timeOfDay } from "../../../../base/time/date-format.ts";
import type { Base } from "../../../../kit/base.ts";
import type { Confined } from "../files/confined.ts";
import { DURABLE, dailyNote } from "../notes.ts";
import { contentOf } from "../tools/content.ts";
import { type Found, MemoryIndex } from "./memory-index.ts";

/** What the memory is built from. */
export interface MemoryPorts extends Pick<Base, "store"> {
  readonly clock: Pick<Clock, "now" | "olderThan">;
  timeZone(): string;
  folderOf(agentId: string): string;
  filesOf(agentId: string): Confined;
  /** The folders of all agents, whether they exist or not. */
  folders(): readonly string[];
}

/** Something to remember. */
export interface Entry {
  readonly text: string;
  /** Whether it is kept for good in MEMORY.md; else it goes to the day's note. */
  readonly durable: boolean;
  /** Names the call that saves it, so that a repeated call saves nothing twice. */
  readonly call: string;
}

/** How long a save is known, ms. */
const KEPT_MS = 7 * 24 * 3600_000;

export class Memory {
  readonly #ports: MemoryPorts;
  readonly #index: MemoryIndex;
  /** One refresh at a time for each folder. */
  readonly #refreshing = new Map<string, Promise<void>>();

  constructor(ports: MemoryPorts) {
    this.#ports = ports;
    this.#index = new MemoryIndex(ports.store);
  }

  /** The places in an agent's notes that fit best. */
  async search(agentId: string, query: string, limit: number): Promise<Found[]> {
    const folder = this.#ports.folderOf(agentId);
    await this.#refresh(agentId, folder);
    return this.#index.search(folder, query, limit);
  }

  /** How many notes an agent has, and where. */
  async status(agentId: string): Promise<{ folder: string; notes: number; chunks: number }> {
    const folder = this.#ports.folderOf(agentId);
    await this.#refresh(agentId, folder);
    return { folder, ...this.#index.counts(folder) };
  }

  /** Adds to an agent's notes, once for each call; returns the note's path. Throws as writing files does. */
  save(agentId: string, { text, durable, call }: Entry): string {
    const files = this.#ports.filesOf(agentId);
    const { path, entry } = this.#intended(call, durable, text.trim().replaceAll(/\r?\n/g, "\n  "));
    const before = files.stat(path) ? files.read(path).data : Buffer.from(titleOf(path));
    const content = contentOf(before);
    const known = content.kind === "text" ? content.text : before.toString("utf8");
    if (`\n${known}\n`.includes(`\n${entry}\n`)) return path;
    const gap = known === "" || known.endsWith("\n") ? "" : "\n";
    files.write(path, Buffer.concat([before, Buffer.from(`${gap}${entry}\n`)]));
    return path;
  }

  /** Where a call's entry goes and how it reads, the same when it is made again later. */
  #intended(call: string, durable: boolean, text: string): { path: string; entry: string } {
    const { store, clock } = this.#ports;
    const timeZone = this.#ports.timeZone();
    const now = clock.now();
    const known = store.get<{ path: string; entry: string }>(
      "select path, entry from memory_saves where call = ?",
      call,
    );
    if (known) return known;
    const day = dayOf(now, timeZone);
    const time = timeOfDay(now, timeZone);
    const path = durable ? DURABLE : dailyNote(day);
    const entry = durable ? `- ${text} (${day})` : `- ${time} ${text}`;
    store.transaction(() => {
      store.run("delete from memory_saves where at < ?", clock.olderThan(KEPT_MS));
      store.run("insert into memory_saves (call, path, entry, at) values (?, ?, ?, ?)", call, path, entry, now);
    });
    return { path, entry };
  }

  async #refresh(agentId: string, folder: string): Promise<void> {
    const under = this.#refreshing.get(folder);
    if (under) return await under;
    this.#index.keepOnly(this.#ports.folders());
    const refresh = this.#index.refresh(folder, this.#ports.filesOf(agentId));
    this.#refreshing.set(folder, refresh);
    try {
      await refresh;
    } finally {
      this.#refreshing.delete(folder);
    }
  }
}

function titleOf(path: string): string {
  const day = /([^/]+)\.md$/.exec(path)?.[1];
  return path === DURABLE ? "# What lasts\n\n" : `# ${day}\n\n`;
}

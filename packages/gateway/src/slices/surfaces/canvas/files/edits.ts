/**
 * Tells who has changed the files of the root. What a file tool of an agent wrote is known by its text; every other change is
 * a person's, or that of a command.
 */
import { isUtf8 } from "node:buffer";
import { sha256Hex } from "../../../../base/ids.ts";
import { insertInto } from "../../../../base/store/statement.ts";
import type { Base } from "../../../../kit/base.ts";
import type { Restores } from "../screens/log.ts";
import { diffOf } from "./diff.ts";
import { type Changes, type FileState, stateOf } from "./folder-watch.ts";
import { type Looked, MAX_TEXT_BYTES, type Root } from "./root.ts";

/** A change of a file. */
export interface Edit {
  readonly path: string;
  readonly author: "agent" | "person";
  /** What has changed, or a sentence where it cannot be shown. */
  readonly diff: string;
  /** The text before, where it is kept. */
  readonly before: string | undefined;
  readonly restores: Restores;
  readonly isGone: boolean;
  /** The agent was at work: a command of its own may have done it. */
  readonly isDuringRun: boolean;
}

export interface EditsOptions {
  readonly base: Pick<Base, "store" | "clock">;
  readonly root: Root;
  /** Whose folder it is. */
  readonly agentId: string;
  /** Whether a run of the agent is under way. */
  isAtWork(): boolean;
  edited(edits: readonly Edit[]): void;
}

interface Opened extends Pick<Edit, "author" | "isDuringRun"> {
  readonly before: Known | undefined;
}

interface Known {
  readonly fingerprint: string;
  readonly text: string | undefined;
}

const MAX_DIFF_CHARS = 8_000;
/** Somebody who saves often is told of once; ms. */
const QUIET_MS = 1_000;
const LONGEST_MS = 10_000;
/** Stands for a file that is not there. */
const GONE = "gone";
/** Files that are looked at without a pause. */
const AT_ONCE = 50;
/** Files of one note. */
const MAX_FILES = 20;

export class Edits implements Disposable {
  readonly #options: EditsOptions;
  /** What the agent's tools have written and the watch has not seen yet: fingerprints by path. */
  readonly #own = new Map<string, { readonly fingerprint: string; readonly author: "agent" | "gateway" }>();
  /** Paths that have changed since the last telling, and what they were before. */
  readonly #open = new Map<string, Opened>();
  #openSince = 0;
  #timer: Disposable | undefined;
  #isOver = false;

  constructor(options: EditsOptions) {
    this.#options = options;
  }

  /** Compares the files with what was last known, a few at a time. The very first look is learnt and not told. */
  async begin(files: ReadonlyMap<string, FileState>): Promise<void> {
    const { base, agentId } = this.#options;
    const rows = base.store.all<{ path: string; state: string }>(
      "select path, state from canvas_agent_files where agent_id = ?",
      agentId,
    );
    const known = new Map(rows.map(({ path, state }) => [path, state]));
    const written = [...files].filter(([path, state]) => known.get(path) !== state).map(([path]) => path);
    const gone = [...known.keys()].filter((path) => !files.has(path));
    const isTold = known.size > 0;
    this.#take({ written: [], gone }, { isTold, isDuringRun: false });
    for (let at = 0; at < written.length && !this.#isOver; at += AT_ONCE) {
      this.#take({ written: written.slice(at, at + AT_ONCE), gone: [] }, { isTold, isDuringRun: false });
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  changed({ written, gone }: Pick<Changes, "written" | "gone">): void {
    this.#take({ written, gone }, { isTold: true, isDuringRun: this.#options.isAtWork() });
  }

  /** An agent's tool has written a file, or the gateway itself, whose writing is told elsewhere. */
  wrote(path: string, data: string | Uint8Array, author: "agent" | "gateway"): void {
    if (this.#own.size >= 1_000) this.#own.clear();
    this.#own.set(path, { fingerprint: fingerprintOf(Buffer.from(data)), author });
  }

  /** The gateway takes a file away. */
  removes(path: string): void {
    this.#own.set(path, { fingerprint: GONE, author: "gateway" });
  }

  /** Tells now what waits to be told. */
  flush(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const edits = [...this.#open].flatMap(([path, opened]) => this.#editOf(path, opened));
    this.#open.clear();
    if (edits.length > 0) this.#options.edited(edits.slice(0, MAX_FILES));
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.flush();
  }

  #take(
    { written, gone }: Pick<Changes, "written" | "gone">,
    { isTold, isDuringRun }: { isTold: boolean; isDuringRun: boolean },
  ): void {
    const { base, root } = this.#options;
    base.store.transaction(() => {
      for (const path of [...written, ...gone]) {
        const found = root.look(path);
        const before = this.#known(path);
        const fingerprint = found && fingerprintOf(found.data ?? found.stat.size);
        const own = this.#own.get(path);
        const by = own?.fingerprint === (fingerprint ?? GONE) ? own.author : "person";
        if (by !== "person") this.#own.delete(path);
        // What another one changed is told with the text that it had before this change.
        if (this.#open.has(path) && this.#open.get(path)?.author !== by) this.flush();
        this.#learn(path, found, fingerprint);
        const isEqual = before?.fingerprint === fingerprint && (found === undefined || found.data !== undefined);
        const isNews = isTold || by === "agent";
        if (isEqual || !isNews || by === "gateway" || this.#open.has(path)) continue;
        this.#open.set(path, { before, author: by, isDuringRun });
      }
    });
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (this.#open.size === 0) return;
    const { clock } = this.#options.base;
    if (!this.#timer) this.#openSince = clock.monotonic();
    this.#timer?.[Symbol.dispose]();
    const left = this.#openSince + LONGEST_MS - clock.monotonic();
    this.#timer = clock.after(Math.max(0, Math.min(QUIET_MS, left)), () => this.flush());
  }

  #editOf(path: string, { before, author, isDuringRun }: Opened): Edit[] {
    const now = this.#known(path);
    const isKept = (known: Known | undefined) => known === undefined || known.text !== undefined;
    if (now?.fingerprint === before?.fingerprint && isKept(now)) return [];
    const restores = before === undefined ? "remove" : before.text === undefined ? "none" : "text";
    const facts = { path, author, isDuringRun, before: before?.text, restores, isGone: now === undefined } as const;
    if (!isKept(now) || !isKept(before)) return [{ ...facts, diff: "It is not a text, or too long to be compared." }];
    return [{ ...facts, diff: diffOf(before?.text ?? "", now?.text ?? "", MAX_DIFF_CHARS) }];
  }

  #known(path: string): Known | undefined {
    const row = this.#options.base.store.get<{ fingerprint: string; text: string | null }>(
      "select fingerprint, text from canvas_agent_files where agent_id = ? and path = ?",
      ...[this.#options.agentId, path],
    );
    return row && { fingerprint: row.fingerprint, text: row.text ?? undefined };
  }

  #learn(path: string, found: Looked | undefined, fingerprint: string | undefined): void {
    const { agentId } = this.#options;
    const { store } = this.#options.base;
    if (found === undefined || fingerprint === undefined) {
      store.run("delete from canvas_agent_files where agent_id = ? and path = ?", agentId, path);
      return;
    }
    store.run(
      ...insertInto(
        "canvas_agent_files",
        {
          ...{ agent_id: agentId, path, fingerprint },
          state: stateOf(found.stat),
          text: found.data && textOf(found.data),
        },
        "on conflict do update set fingerprint = excluded.fingerprint, state = excluded.state, text = excluded.text",
      ),
    );
  }
}

/** Small files are told apart by their text, others by their size: reading them all would take too long. */
function fingerprintOf(data: Buffer | number): string {
  const bytes = typeof data === "number" ? data : data.length;
  return typeof data === "number" || bytes > MAX_TEXT_BYTES ? `${bytes} bytes` : sha256Hex(data);
}

function textOf(data: Buffer): string | null {
  return isUtf8(data) && !data.includes(0) ? data.toString("utf8") : null;
}

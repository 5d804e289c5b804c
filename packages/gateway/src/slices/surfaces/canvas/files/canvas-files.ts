/** A folder of pages: served, watched, and told of. */
import { join, relative, sep } from "node:path";
import type { Clock } from "../../../../base/time/clock.ts";
import type { WriteObserver } from "../../../agent/workspace/workspace.ts";
import type { CanvasServices } from "../canvas-services.ts";
import { canvasChanged } from "../events.ts";
import type { SurfaceLog } from "../screens/log.ts";
import { type Edit, Edits } from "./edits.ts";
import { FolderWatch } from "./folder-watch.ts";
import { Root } from "./root.ts";

export interface CanvasFilesOptions {
  /** Whose pages they are. */
  readonly agentId: string;
  readonly path: string;
  readonly log: SurfaceLog;
  /** Has open pages load again. */
  reload(): void;
}

/** After the watch gave up, ms until it is tried again. */
const AGAIN_MS = 5_000;
/** What a note to the agent holds. */
const MAX_NOTE_CHARS = 12_000;

export class CanvasFiles implements WriteObserver, Disposable {
  readonly root: Root;
  readonly #services: CanvasServices;
  readonly #options: CanvasFilesOptions;
  readonly #edits: Edits;
  readonly #clock: Clock;
  #watch: FolderWatch | undefined;
  #problem: string | undefined;
  #triedAt = 0;
  #isOver = false;

  constructor(services: CanvasServices, options: CanvasFilesOptions) {
    this.#services = services;
    this.#options = options;
    this.#clock = services.clock;
    const { agentId } = options;
    const { agent, sessions, workspace } = services;
    this.root = new Root({ path: options.path, forbidden: () => workspace.forbidden });
    this.#edits = new Edits({
      ...{ base: services, root: this.root, agentId },
      isAtWork: () => agent.runs.open().some(({ record }) => sessions.agentOf(record.sessionKey) === agentId),
      edited: (edits) => this.#edited(edits),
    });
  }

  /** Why nothing is served or watched. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Watches the folder when it is there already. Nothing is made before somebody wants it. */
  begin(): void {
    if (this.root.exists) this.#watchNow();
  }

  /** Makes the folder and watches it. Returns why it cannot be served, if so. Throws `UNAVAILABLE` when it cannot be made. */
  serving(): string | undefined {
    if (!this.root.exists) this.prepare();
    if (!this.#watch && (this.#problem === undefined || this.#clock.monotonic() - this.#triedAt >= AGAIN_MS))
      this.#watchNow();
    return this.#problem;
  }

  /** Makes the folder. Throws `UNAVAILABLE` when that is not possible. */
  prepare(): void {
    const { workspace } = this.#services;
    const { agentId } = this.#options;
    if (this.root.path === join(workspace.pathOf(agentId), "canvas")) workspace.folderOf(agentId);
    this.root.prepare();
  }

  /** Hears of a file that an agent's tool wrote. */
  wrote(path: string, data: string | Uint8Array): void {
    const inside = relative(this.root.path, path);
    if (inside === "" || inside.startsWith("..") || this.#isOver) return;
    this.#edits.wrote(inside.split(sep).join("/"), data, "agent");
    if (!this.#watch) this.serving();
  }

  /** Puts a file back as it was before an edit. */
  restore(path: string, text: string): void {
    this.#edits.wrote(path, text, "gateway");
    this.root.write(path, text);
  }

  remove(path: string): void {
    this.#edits.removes(path);
    this.root.remove(path);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#watch?.[Symbol.dispose]();
    this.#edits[Symbol.dispose]();
  }

  #watchNow(): void {
    if (this.#isOver) return;
    this.#triedAt = this.#clock.monotonic();
    this.#problem = undefined;
    const watch = new FolderWatch({
      ...{ root: this.root.path, clock: this.#clock },
      changed: (changes) => {
        this.#options.reload();
        this.#edits.changed(changes);
      },
      replaced: () => {
        this.#watch = undefined;
        if (this.root.exists) this.#watchNow();
        this.#options.reload();
      },
      gaveUp: (why) => {
        this.#problem = why;
        this.#watch = undefined;
        this.#services.log.warn("the canvas's folder is not served any more", { why });
      },
    });
    if (this.#problem !== undefined) return;
    this.#watch = watch;
    void this.#edits.begin(watch.files());
  }

  /** Keeps edits in the log, and tells the agent of those that are not its own. */
  #edited(edits: readonly Edit[]): void {
    const { bus, notices, sessions } = this.#services;
    const sessionKey = sessions.mainKey(this.#options.agentId);
    for (const { path, author, diff: body, before, restores } of edits) {
      const more = { path, restores, ...(before !== undefined && { before }) };
      const { seq } = this.#options.log.add({ sessionKey, kind: "edit", author, body, ...more });
      bus.publish(canvasChanged, { sessionKey, kind: "edit", seq, path });
    }
    const others = edits.filter(({ author }) => author === "person");
    if (others.length === 0) return;
    const text = others.map(noteOf).join("\n\n");
    const shown =
      text.length > MAX_NOTE_CHARS
        ? `${text.slice(0, MAX_NOTE_CHARS).toWellFormed()}\n… read the files for the rest`
        : text;
    notices.add(sessionKey, { text: shown, from: { kind: "event", id: "the canvas: files that were changed" } });
  }
}

function noteOf({ path, diff, isGone, isDuringRun }: Edit): string {
  const what = isGone ? "was removed" : "was changed";
  const who = isDuringRun ? "while you worked, by a command of yours or by a person" : "by somebody else than you";
  return `canvas/${path} ${what} ${who}:\n${diff}`;
}

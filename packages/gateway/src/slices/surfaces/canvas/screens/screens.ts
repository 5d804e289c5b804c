/** What each conversation shows on its canvas now, and at any time before. Pushes are checked as a whole before any counts. */
import type { SurfaceMessage, SurfaceModel } from "@moltbot/a2ui";
import { invalidRequest } from "../../../../base/errors.ts";
import { type Author, type Entry, messagesIn, SurfaceLog } from "./log.ts";

type A2ui = typeof import("@moltbot/a2ui");

/** What is pushed. */
export type Pushed = { readonly jsonl: string } | { readonly messages: readonly unknown[] };

/** A screen as it is, or was. */
export interface Screen {
  /** The entry after which it looked so; 0 when nothing has been shown. */
  readonly seq: number;
  readonly surfaces: readonly string[];
  readonly messages: readonly SurfaceMessage[];
}

export interface PushDone {
  readonly entry: Entry;
  readonly surfaces: readonly string[];
  readonly messages: readonly SurfaceMessage[];
}

/** Screens in memory; the others are drawn from the log when they are asked for. */
const MAX_MODELS = 32;

export class Screens {
  readonly log: SurfaceLog;
  readonly #models = new Map<string, SurfaceModel>();
  #a2ui: Promise<A2ui> | undefined;

  constructor(services: ConstructorParameters<typeof SurfaceLog>[0]) {
    this.log = new SurfaceLog(services);
  }

  /**
   * Checks all messages, applies all of them, and keeps them. Throws `INVALID_REQUEST` with the line and the reason; nothing has
   * changed then.
   */
  async push(sessionKey: string, pushed: Pushed, author: Author): Promise<PushDone> {
    const a2ui = await this.#library();
    const model = this.#modelOf(sessionKey, a2ui);
    const messages = checked(a2ui, () => {
      const read = a2ui.readMessages(pushed);
      model.applyAll(read);
      return read;
    });
    const entry = this.log.add({ sessionKey, kind: "push", author, body: JSON.stringify(asList(pushed)) });
    this.#fold(sessionKey, a2ui);
    return { entry, surfaces: model.ids(), messages };
  }

  /** Empties the screen of a conversation. */
  reset(sessionKey: string, author: Author): Entry {
    this.#models.delete(sessionKey);
    return this.log.add({ sessionKey, kind: "reset", author, body: "" });
  }

  /** Forgets a conversation that was deleted. */
  forget(sessionKey: string): void {
    this.#models.delete(sessionKey);
    this.log.forget(sessionKey);
  }

  /** The screen now, or as it was after an entry. */
  async screen(sessionKey: string, at?: number): Promise<Screen> {
    const a2ui = await this.#library();
    const newest = this.log.newest(sessionKey);
    const seq = Math.min(at ?? newest, newest);
    const model = seq === newest ? this.#modelOf(sessionKey, a2ui) : this.#drawn(sessionKey, seq, a2ui);
    return { seq, surfaces: model.ids(), messages: model.snapshot() };
  }

  /** Takes an entry back, and says so in the log. What it changed beside the screen is for the caller. */
  undo({ sessionKey, seq }: Entry, author: Author): Entry {
    const undo = this.log.add({ sessionKey, kind: "undo", author, body: String(seq) });
    this.log.markUndone(seq, undo.seq);
    this.#models.delete(sessionKey);
    return undo;
  }

  #modelOf(sessionKey: string, a2ui: A2ui): SurfaceModel {
    const known = this.#models.get(sessionKey);
    if (known) return known;
    const model = this.#drawn(sessionKey, Number.MAX_SAFE_INTEGER, a2ui);
    if (this.#models.size >= MAX_MODELS) this.#models.delete(this.#models.keys().next().value!);
    this.#models.set(sessionKey, model);
    return model;
  }

  #drawn(sessionKey: string, at: number, a2ui: A2ui): SurfaceModel {
    const model = new a2ui.SurfaceModel();
    for (const entry of this.log.drawing(sessionKey, at)) {
      if (entry.kind === "base") model.applyAll(messagesIn(entry) as SurfaceMessage[]);
      if (entry.kind === "push") model.applyAll(a2ui.readMessages({ messages: messagesIn(entry) }));
    }
    return model;
  }

  #fold(sessionKey: string, a2ui: A2ui): void {
    const last = this.log.overflow(sessionKey);
    if (last === undefined) return;
    const screen = JSON.stringify(this.#drawn(sessionKey, last, a2ui).snapshot());
    this.log.fold(sessionKey, last, screen);
    this.#models.delete(sessionKey);
  }

  /** Reading and checking messages is not needed before the first one comes. */
  #library(): Promise<A2ui> {
    this.#a2ui ??= import("@moltbot/a2ui");
    return this.#a2ui;
  }
}

/** A push as a list: what was one line is one message. It has been read before, so that each line is JSON. */
function asList(pushed: Pushed): readonly unknown[] {
  if ("messages" in pushed) return pushed.messages;
  const lines = pushed.jsonl.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => JSON.parse(line) as unknown);
}

function checked<T>(a2ui: A2ui, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof a2ui.A2uiError)) throw error;
    const { line, reason, message } = error;
    throw invalidRequest(message, { code: "A2UI_INVALID", ...(line !== undefined && { line }), reason });
  }
}

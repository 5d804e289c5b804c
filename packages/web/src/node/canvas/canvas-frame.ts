// The canvas over the whole page: a sandboxed frame that shows what the agent made, and speaks with the page that draws
// surfaces. What is in the frame is nobody's: it is heard by its window alone, little and seldom.

import { newId } from "../../ids.ts";
import { ignore } from "../../ignore.ts";
import { t } from "../../words/t.ts";
import { badParams, NodeFailure } from "../commands/failure.ts";
import { a2uiAddress, pageAddress } from "./address.ts";

/** What a person did on a surface. */
export interface UserAction {
  readonly id: string;
  readonly name: string;
  readonly surfaceId: string;
  readonly sourceComponentId: string;
  readonly context?: unknown;
}

/** How long the page that draws surfaces may take to begin, and to answer, ms. */
const READY_MS = 10_000;
const ANSWER_MS = 10_000;
/** What a frame may say: characters of one action, and actions in a second. */
const MAX_ACTION_CHARS = 16_384;
const MAX_ACTIONS_PER_SECOND = 5;

export class Canvas {
  /** The frame, once something was shown. */
  frame: HTMLIFrameElement | undefined;
  isShown = false;
  /** Why it cannot be shown, as a sentence. */
  problem: string | undefined;
  /** Is told of every change. */
  onChange: () => void = () => {};
  /** Asks the gateway where the canvas is now: the key in its address lives for minutes. Undefined when it does not say. */
  freshBase: () => Promise<string | undefined> = async () => undefined;
  /** Takes what a person did on a surface; resolves when the gateway has it. */
  onAction: (action: UserAction) => Promise<void> = async () => {};
  #base: string | undefined;
  #ready: PromiseWithResolvers<void> | undefined;
  /** Whether the frame holds the page that draws surfaces. */
  #drawsSurfaces = false;
  readonly #answers = new Map<string, (answer: Record<string, unknown>) => void>();
  #actedAt: number[] = [];

  constructor() {
    addEventListener("message", (event) => void this.#heard(event));
  }

  /** Where the canvas is, as the gateway says; undefined when it has none. */
  set base(base: string | undefined) {
    if (base === undefined) {
      this.hide();
      this.frame = undefined;
      this.#drawsSurfaces = false;
    }
    this.#base = base;
  }

  get hasBase(): boolean {
    return this.#base !== undefined;
  }

  /** Shows a page of the canvas; without an address what was there, else the page that draws surfaces. */
  async present(url: string | undefined): Promise<void> {
    if (url !== undefined || this.frame === undefined) {
      const base = await this.#needBase();
      const address = pageAddress(url ?? "", base);
      this.#open(address, { drawsSurfaces: address === a2uiAddress(base) });
    }
    this.#show();
  }

  hide(): void {
    if (!this.isShown) return;
    this.isShown = false;
    this.onChange();
  }

  /** Draws surfaces. Rejects with `NodeFailure` in the words of the page that draws them. */
  async push(messages: readonly unknown[], signal: AbortSignal): Promise<{ ok: true; surfaces: unknown }> {
    return { ok: true, surfaces: (await this.#ask({ type: "a2ui.apply", messages }, signal)).surfaces ?? [] };
  }

  async reset(signal: AbortSignal): Promise<{ ok: true }> {
    await this.#ask({ type: "a2ui.reset" }, signal);
    return { ok: true };
  }

  async #ask(question: { type: string; messages?: readonly unknown[] }, signal: AbortSignal) {
    if (!this.#drawsSurfaces) this.#open(a2uiAddress(await this.#needBase()), { drawsSurfaces: true });
    this.#show();
    const unavailable = new NodeFailure("A2UI_HOST_UNAVAILABLE", "the page that draws surfaces does not answer");
    await inTime(this.#ready?.promise, { ms: READY_MS, late: unavailable, signal });
    const id = newId();
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    this.#answers.set(id, resolve);
    try {
      // The frame's origin is opaque, so no other target can be named.
      this.frame?.contentWindow?.postMessage({ ...question, id }, "*");
      const answer = await inTime(promise, { ms: ANSWER_MS, late: unavailable, signal });
      if (answer?.ok === true) return answer;
      throw badParams(String(answer?.error ?? "the surface was refused").slice(0, 1_000));
    } finally {
      this.#answers.delete(id);
    }
  }

  async #needBase(): Promise<string> {
    if (this.#base === undefined)
      throw new NodeFailure(
        "A2UI_HOST_NOT_CONFIGURED",
        "the gateway has no canvas; switch it on with canvasHost.enabled",
      );
    this.#base = (await this.freshBase()) ?? this.#base;
    return this.#base;
  }

  #open(address: string, { drawsSurfaces }: { drawsSurfaces: boolean }): void {
    const frame = document.createElement("iframe");
    frame.sandbox.add("allow-scripts");
    frame.allow = "";
    frame.referrerPolicy = "no-referrer";
    frame.title = t("Canvas");
    frame.src = address;
    this.#ready = Promise.withResolvers();
    this.#drawsSurfaces = drawsSurfaces;
    this.frame = frame;
  }

  #show(): void {
    this.isShown = true;
    this.onChange();
  }

  async #heard({ source, data }: MessageEvent): Promise<void> {
    const window = this.frame?.contentWindow;
    if (!window || source !== window || typeof data !== "object" || data === null) return;
    if (data.type === "a2ui.ready") return this.#ready?.resolve();
    if (data.type === "a2ui.result") return this.#answers.get(String(data.id))?.(data);
    const action = actionIn(data);
    if (!action || !this.#mayAct()) return;
    const ok = await this.onAction(action).then(
      () => true,
      (error: unknown) => {
        ignore(error, "the page in the frame is told that it did not arrive");
        return false;
      },
    );
    window.postMessage({ type: "a2ui.action-status", id: action.id, ok }, "*");
  }

  #mayAct(): boolean {
    const now = performance.now();
    this.#actedAt = this.#actedAt.filter((at) => now - at < 1_000);
    if (this.#actedAt.length >= MAX_ACTIONS_PER_SECOND) return false;
    this.#actedAt.push(now);
    return true;
  }
}

/** The messages of a call that hands them over as lines of JSON. Throws `NodeFailure` that names the line. */
export function messagesIn(jsonl: string): unknown[] {
  const lines = jsonl.split("\n").map((text, index) => ({ text: text.trim(), number: index + 1 }));
  const messages = lines.filter(({ text }) => text !== "").map(({ text, number }) => parsed(text, number));
  if (messages.length === 0) throw badParams("no JSONL messages found");
  return messages;
}

function parsed(text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badParams(`line ${number} is not JSON`);
  }
}

/** An action of the frame, when it is one and not too large. */
function actionIn(data: { userAction?: unknown }): UserAction | undefined {
  const { userAction } = data;
  if (typeof userAction !== "object" || userAction === null) return undefined;
  if (JSON.stringify(userAction).length > MAX_ACTION_CHARS) return undefined;
  const { id, name, surfaceId, sourceComponentId, context } = userAction as Record<string, unknown>;
  if (typeof id !== "string" || typeof name !== "string") return undefined;
  return {
    ...{ id, name, surfaceId: String(surfaceId ?? "main"), sourceComponentId: String(sourceComponentId ?? "-") },
    ...(context !== undefined && { context }),
  };
}

async function inTime<T>(
  promise: Promise<T> | undefined,
  { ms, late, signal }: { ms: number; late: Error; signal: AbortSignal },
): Promise<T | undefined> {
  let timer: number | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = window.setTimeout(() => reject(late), ms);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return await Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

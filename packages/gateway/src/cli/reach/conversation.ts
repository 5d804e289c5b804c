/** One session's conversation over `chat.send` and `chat` events: messages go out, the reply comes back in parts. */

import { randomUUID } from "node:crypto";
import type { GatewayClient, Subscription } from "@moltbot/protocol";
import { ignore } from "../../base/errors.ts";
import { errorText } from "../language/failure.ts";
import { messageText } from "./transcript.ts";

/** What a reply yields: text as it grows, then how it ended. */
export type ReplyPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "final"; readonly text: string }
  | { readonly kind: "aborted" }
  | { readonly kind: "error"; readonly message: string };

/** Talks in one session; dispose it to stop listening. */
export class Conversation implements Disposable {
  readonly #client: GatewayClient;
  readonly #sessionKey: string;
  readonly #subscriptions: Subscription[];
  #runId: string | undefined;
  #said = "";
  #parts: ReplyPart[] = [];
  #wake: () => void = () => {};

  constructor(client: GatewayClient, sessionKey: string) {
    this.#client = client;
    this.#sessionKey = sessionKey;
    this.#subscriptions = [
      client.on("chat", (event) => this.#hear(event)),
      client.onState((state) => {
        if (state.kind === "connected" && this.#runId !== undefined) void this.#catchUp(this.#runId);
      }),
    ];
  }

  /** Whether a reply is under way. */
  get isReplying(): boolean {
    return this.#runId !== undefined;
  }

  /** Sends a message and yields its reply; the last part is not text. Rejects when the gateway does not take it. */
  async *say(message: string): AsyncGenerator<ReplyPart> {
    const runId = randomUUID();
    this.#runId = runId;
    this.#said = "";
    this.#parts = [];
    try {
      await this.#client.connect();
      const params = { sessionKey: this.#sessionKey, message, idempotencyKey: runId };
      const answer = await this.#client.request("chat.send", params);
      // "/stop" is carried out at once and starts no run of its own.
      if ("aborted" in answer) return yield { kind: "aborted" };
      while (true) {
        const part = this.#parts.shift();
        if (part === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else yield part;
        if (part !== undefined && part.kind !== "text") return;
      }
    } finally {
      this.#runId = undefined;
    }
  }

  /** Asks the gateway to stop the reply; it then ends with `aborted`. */
  async abort(): Promise<void> {
    const runId = this.#runId;
    if (runId === undefined) return;
    try {
      await this.#client.request("chat.abort", { sessionKey: this.#sessionKey, runId });
    } catch (error) {
      this.#push({ kind: "error", message: `The gateway did not stop the reply: ${errorText(error)}` });
    }
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription.off();
  }

  #hear(event: { runId: string; state: string; message?: unknown; errorMessage?: string }): void {
    if (event.runId !== this.#runId) return;
    const text = event.message === undefined ? this.#said : messageText(event.message);
    if (event.state === "delta" || event.state === "final") this.#grow(text);
    if (event.state === "final") this.#push({ kind: "final", text });
    if (event.state === "aborted") this.#push({ kind: "aborted" });
    if (event.state === "error") this.#push({ kind: "error", message: event.errorMessage ?? "The reply broke off." });
  }

  /** Messages carry the whole text so far; only what is new is yielded. */
  #grow(text: string): void {
    const added = text.startsWith(this.#said) ? text.slice(this.#said.length) : `\n${text}`;
    this.#said = text;
    if (added !== "") this.#push({ kind: "text", text: added });
  }

  #push(part: ReplyPart): void {
    this.#parts.push(part);
    this.#wake();
  }

  /** Events missed while the connection was away never come again: ask how the run ended and read the reply. */
  async #catchUp(runId: string): Promise<void> {
    try {
      const outcome = await this.#client.request("agent.wait", { runId, timeoutMs: 600_000 }, { timeoutMs: 0 });
      if (this.#runId !== runId) return;
      if (outcome.status === "error")
        return this.#push({ kind: "error", message: outcome.error ?? "The reply broke off." });
      const { messages } = await this.#client.request("chat.history", { sessionKey: this.#sessionKey, limit: 1 });
      if (this.#runId !== runId) return;
      this.#hear({ runId, state: "final", message: messages.at(-1) });
    } catch (error) {
      ignore(error, "the connection is gone again; the next one asks anew");
    }
  }
}

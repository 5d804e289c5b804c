// Brings messages to the gateway, each exactly once: shown at once, kept until accepted, repeated under the same key.

import { type ChatSendResult, ResponseError } from "@moltbot/protocol";
import { newId } from "../ids.ts";
import type { HistoryMessage } from "./history.ts";
import { type Attachment, type Delivery, loadEntries, type OutboxEntry, removeEntry, storeEntry } from "./outbox.ts";
import { sentence } from "./runs.ts";

/** What sending needs of the rest. */
export interface SenderPort {
  readonly isConnected: () => boolean;
  /** Rejects with `ResponseError` when the message is refused, with anything else when nobody knows. */
  readonly send: (entry: OutboxEntry) => Promise<ChatSendResult>;
  /** `undefined` when it cannot be fetched now. */
  readonly history: (sessionKey: string) => Promise<readonly HistoryMessage[] | undefined>;
  readonly onChange: () => void;
  readonly onAccepted: (entry: OutboxEntry, result: ChatSendResult) => void;
}

/** Pause before sending again when the gateway did not answer in time, in milliseconds. */
const RESEND_MS = 3_000;

/** The messages on their way, in the order in which they were written. */
export class Sender {
  #entries: readonly OutboxEntry[] = [];
  #queue: Promise<void> = Promise.resolve();
  readonly #port: SenderPort;

  constructor(port: SenderPort) {
    this.#port = port;
  }

  get entries(): readonly OutboxEntry[] {
    return this.#entries;
  }

  /** Takes up what earlier visits left. */
  async load(): Promise<void> {
    this.#entries = await loadEntries();
  }

  /** Shows a message at once and sends it as soon as the gateway can be reached. */
  add(sessionKey: string, text: string, attachments: readonly Attachment[]): void {
    const delivery = { kind: "queued" } as const;
    this.#put({ key: newId(), sessionKey, text, attachments, at: Date.now(), delivery });
  }

  /** Sends a refused message again. The refusal was final for its key, and nothing happened under it: it gets a new one. */
  retry(key: string): void {
    const refused = this.#take(key);
    if (refused !== undefined) this.#put({ ...refused, key: newId(), delivery: { kind: "queued" } });
  }

  /** Takes a message back that the gateway has not accepted; returns its text. */
  discard(key: string): string {
    return this.#take(key)?.text ?? "";
  }

  /** Drops what was meant for a session that is gone. */
  forgetSession(sessionKey: string): void {
    for (const entry of this.#entries) if (entry.sessionKey === sessionKey) this.#take(entry.key);
  }

  /** Drops what was accepted for a session that has begun anew. */
  forgetSent(sessionKey: string): void {
    const isDone = (entry: OutboxEntry) => entry.sessionKey === sessionKey && entry.delivery.kind === "sent";
    this.#entries = this.#entries.filter((entry) => !isDone(entry));
  }

  /**
   * Sends what waits, after a look into the histories: an idempotency key is forgotten after some minutes, and a message
   * whose acceptance was not heard may have arrived long ago.
   */
  flush(): void {
    this.#inTurn(async () => {
      const waiting = this.#entries.filter(({ delivery }) => delivery.kind === "queued");
      for (const sessionKey of new Set(waiting.map((entry) => entry.sessionKey))) {
        await this.dropDelivered((await this.#port.history(sessionKey)) ?? []);
      }
      for (const { key } of waiting) await this.#deliver(key);
    });
  }

  /** Forgets the messages that a history already holds. */
  async dropDelivered(history: readonly HistoryMessage[]): Promise<void> {
    const arrived = new Set(history.map(({ key }) => key));
    const done = this.#entries.filter(({ key }) => arrived.has(key));
    this.#entries = this.#entries.filter(({ key }) => !arrived.has(key));
    await Promise.all(done.map(removeEntry));
  }

  #put(entry: OutboxEntry): void {
    this.#entries = [...this.#entries, entry];
    this.#port.onChange();
    const stored = storeEntry(entry);
    this.#inTurn(async () => {
      await stored;
      await this.#deliver(entry.key);
    });
  }

  #take(key: string): OutboxEntry | undefined {
    const entry = this.#find(key);
    if (entry === undefined) return undefined;
    this.#entries = this.#entries.filter((other) => other !== entry);
    void removeEntry(entry);
    this.#port.onChange();
    return entry;
  }

  /** One after the other, so that messages arrive in the order in which they were written. */
  #inTurn(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work);
  }

  async #deliver(key: string): Promise<void> {
    const entry = this.#find(key);
    if (entry?.delivery.kind !== "queued" || !this.#port.isConnected()) return;
    this.#setDelivery(key, { kind: "sending" });
    try {
      const result = await this.#port.send(entry);
      this.#setDelivery(key, { kind: "sent" });
      await removeEntry(entry);
      this.#port.onAccepted(entry, result);
    } catch (error) {
      if (error instanceof ResponseError) await this.#refused(entry, error);
      else this.#unanswered(entry);
    }
  }

  /** Final until its author decides, unless it tells of a message that was accepted before and has failed since. */
  async #refused(entry: OutboxEntry, error: ResponseError): Promise<void> {
    await this.dropDelivered((await this.#port.history(entry.sessionKey)) ?? []);
    if (this.#find(entry.key) === undefined) return this.#port.onAccepted(entry, { runId: entry.key, status: "ok" });
    const delivery = { kind: "failed", reason: sentence(error.message) } as const;
    this.#setDelivery(entry.key, delivery);
    await storeEntry({ ...entry, delivery });
  }

  /** Silence is not final: the same key makes a repeat harmless. A lost connection is followed by `flush`. */
  #unanswered(entry: OutboxEntry): void {
    this.#setDelivery(entry.key, { kind: "queued" });
    if (this.#port.isConnected()) setTimeout(() => this.#inTurn(() => this.#deliver(entry.key)), RESEND_MS);
  }

  #setDelivery(key: string, delivery: Delivery): void {
    this.#entries = this.#entries.map((entry) => (entry.key === key ? { ...entry, delivery } : entry));
    this.#port.onChange();
  }

  #find(key: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.key === key);
  }
}

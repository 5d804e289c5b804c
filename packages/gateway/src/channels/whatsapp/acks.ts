/** The service's answers to what we send: one for each message id, or none. */

import type { BinaryNode } from "@whiskeysockets/baileys";
import { ignore } from "../../base/errors.ts";
import type { Clock } from "../../base/time/clock.ts";
import { onAbort } from "../../base/time/deadline.ts";
import { ChannelError } from "../../kit/channel.ts";
import { refusal } from "./errors.ts";

const WAIT_MS = 20_000;

export class Acks {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Listens for the answer to a message; call it before the message is sent. */
  expect(id: string): void {
    const answer = Promise.withResolvers<void>();
    answer.promise.catch((error: unknown) =>
      ignore(error, "whoever waits is told; when the send itself fails, nobody waits"),
    );
    this.#waiting.set(id, answer);
  }

  /** Resolves when the service has taken the message. Throws `ChannelError`: "rejected", or "unknown" without an answer. */
  async answerTo(id: string, signal: AbortSignal): Promise<void> {
    const answer = this.#waiting.get(id);
    if (!answer) return;
    const doubt = () => answer.reject(unknown());
    using _late = this.#clock.after(WAIT_MS, doubt);
    using _aborted = onAbort(signal, doubt);
    try {
      await answer.promise;
    } finally {
      this.forget(id);
    }
  }

  forget(id: string): void {
    this.#waiting.delete(id);
  }

  /** Takes an acknowledgement. */
  take({ attrs }: BinaryNode): void {
    const answer = this.#waiting.get(attrs.id ?? "");
    if (attrs.error) answer?.reject(refusal(attrs.error));
    else answer?.resolve();
  }

  /** The connection has gone: what was not answered will not be. */
  end(): void {
    for (const answer of this.#waiting.values()) answer.reject(unknown());
  }
}

function unknown(): ChannelError {
  return new ChannelError("unknown", "WhatsApp did not say whether it took the message.");
}

// Asks a question of a person again: as it was, or in other words.

import { newId } from "../ids.ts";
import type { Connection } from "./connection.ts";
import type { CurrentConversation } from "./current-conversation.ts";
import type { PageState } from "./page-state.ts";

/** Asks again in the open conversation. What was there before stays readable as a branch. */
export class AskingAgain {
  readonly #page: PageState;
  readonly #connection: Connection;
  readonly #conversation: CurrentConversation;

  constructor(page: PageState, connection: Connection, conversation: CurrentConversation) {
    this.#page = page;
    this.#connection = connection;
    this.#conversation = conversation;
  }

  /** Whether the gateway can ask again from an earlier message on. */
  get isPossible(): boolean {
    return this.#connection.offers("chat.again") && this.#connection.may("write");
  }

  /** Writes a message anew in the field, or no longer. */
  edit(message: { readonly id: string; readonly text: string } | undefined): void {
    this.#page.set({ editing: message });
  }

  /** Asks as it was, or in the words of `message`. False when the gateway has refused. */
  async ask(messageId: string, message = ""): Promise<boolean> {
    const { sessionKey } = this.#page.now;
    const idempotencyKey = newId();
    const answer = await this.#connection.ask("chat.again", { sessionKey, messageId, message, idempotencyKey });
    if (answer === undefined) return false;
    this.#conversation.expect(idempotencyKey, sessionKey);
    if (sessionKey !== this.#page.now.sessionKey) return true;
    this.edit(undefined);
    await this.#conversation.refresh();
    return true;
  }

  /** The last question, if only the built-in agent has answered it: a model may do better. */
  get waiting(): string | undefined {
    const { items } = this.#page.now;
    const at = items.findLastIndex((item) => item.kind === "user");
    const [asked, answered] = [items[at], items[at + 1]];
    if (asked?.kind !== "user" || asked.message.text.startsWith("/")) return undefined;
    const isAnswered = answered?.kind === "reply" && answered.reply.by !== undefined;
    return isAnswered || !this.isPossible ? undefined : asked.message.id;
  }
}

/** What comes over the link: read, and stored before the service is told that it was received. */
import type { BinaryNode, WAMessage } from "@whiskeysockets/baileys";
import { detailOf, ignore, messageOf } from "../../base/errors.ts";
import { ChannelError, type StateChanges } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import type { Context } from "./connection.ts";
import type { Encryption } from "./encryption.ts";
import { readGroupNews } from "./groups.ts";
import { readMessage, unreadable, withheld } from "./inbound.ts";
import type { Baileys } from "./library.ts";
import type { People } from "./people.ts";
import type { Socket } from "./socket.ts";

/** Kinds of messages that no linked device gets, also when it asks (the library: handleMessage, "unavailable"). */
function isForPhone(kind: string): boolean {
  return kind.startsWith("view_once") || kind === "bot_unavailable_fanout" || kind === "hosted_unavailable_fanout";
}

/** Texts of the newest messages, to show above an answer that quotes one. */
const RECENT_TEXTS = 500;

interface Parts {
  readonly library: Baileys;
  readonly context: Context;
  readonly people: People;
  /** The link; it is there as soon as anything comes. */
  socket(): Socket;
}

export class Intake {
  readonly #library: Baileys;
  readonly #context: Context;
  readonly #people: People;
  readonly #socket: Parts["socket"];
  readonly #texts = new Map<string, string>();

  constructor({ library, context, people, socket }: Parts) {
    this.#library = library;
    this.#context = context;
    this.#people = people;
    this.#socket = socket;
  }

  /** The text of a message that came lately. */
  textOf(messageId: string): string | undefined {
    return this.#texts.get(messageId);
  }

  /** Writes what a transaction of the library has changed. When the disk refuses, the link ends: nothing is receipted. */
  commit(changes: StateChanges, inbound: readonly Inbound[]): Promise<void> {
    if (this.#socket().isEnded) throw new Error("the connection has ended");
    return this.guarded(() => {
      if (inbound.length > 0) return this.#context.receive(inbound, changes);
      this.#context.state.write(changes);
      return Promise.resolve();
    });
  }

  /** Writes; when the disk refuses, the link ends with the reason. */
  guarded<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      const why = `What WhatsApp delivers cannot be stored (${messageOf(error)}); once it can, it is delivered again.`;
      this.#socket().end(new ChannelError("unavailable", why, { cause: error }));
      throw error;
    }
  }

  /** What an opened message says; one that cannot be told is reported as such. */
  async read(message: WAMessage): Promise<Reading> {
    const now = this.#context.clock.now();
    try {
      const reading = message.message
        ? await readMessage(this.#library, this.#people, message, now)
        : await unreadable(this.#people, message, now);
      if ("nobody" in reading) this.#context.log.debug("WhatsApp traffic that no person made", { why: reading.nobody });
      for (const inbound of inboundIn(reading))
        if (inbound.kind === "message") this.#remember(inbound.messageId, inbound.text);
      return reading;
    } catch (error) {
      this.#context.log.warn("a WhatsApp message could not be read", { problem: detailOf(error) });
      return await unreadable(this.#people, message, now);
    }
  }

  /** A message that the phone was asked for. */
  async takeOpened(message: WAMessage): Promise<void> {
    // An answer of the phone that it no longer has the message either.
    if (!message.message) return;
    await this.#take(inboundIn(await this.read(message)));
  }

  /** A message that WhatsApp keeps for the phone: what it is, is told. Others like it are asked for by the library. */
  async takeWithheld(sessions: Encryption, stanza: BinaryNode): Promise<void> {
    try {
      const found = sessions.withheldIn(stanza);
      if (!found || !isForPhone(found.kind)) return;
      await this.#take([await withheld(this.#people, found.message, found.kind, this.#context.clock.now())]);
    } catch (error) {
      this.#context.log.warn("a WhatsApp message could not be read", { problem: detailOf(error) });
    }
  }

  async #take(inbound: readonly Inbound[]): Promise<void> {
    if (inbound.length === 0 || this.#socket().isEnded) return;
    try {
      await this.commit({}, inbound);
    } catch (error) {
      ignore(error, "the connection has been ended with the reason");
    }
  }

  /** What changes in a group. */
  async takeNews(stanza: BinaryNode): Promise<void> {
    try {
      const news = await readGroupNews(this.#people, stanza, this.#context.clock.now());
      if (news && !this.#socket().isEnded) await this.commit(news.changes, news.inbound);
    } catch (error) {
      this.#context.log.debug("a WhatsApp notification was not taken in", { problem: detailOf(error) });
    }
  }

  /** The names of the groups that the account is in. */
  async learnTitles(): Promise<void> {
    try {
      const groups = Object.values(await this.#socket().library.groupFetchAllParticipating());
      const changes = groups.map(({ id, subject }) => this.#people.titleChange(id, subject));
      await this.commit(Object.assign({}, ...changes), []);
    } catch (error) {
      this.#context.log.debug("WhatsApp did not tell the groups' titles", { problem: detailOf(error) });
    }
  }

  #remember(id: string, text: string): void {
    this.#texts.set(id, text);
    const [oldest] = this.#texts.keys();
    if (this.#texts.size > RECENT_TEXTS && oldest !== undefined) this.#texts.delete(oldest);
  }
}

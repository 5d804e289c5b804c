/**
 * Takes in events one after the other: names are looked up, the event is committed together with the read position, and
 * only then Slack gets its ack. Slack sends an event again when no ack comes within 3 s.
 */
import { detailOf } from "../../base/errors.ts";
import { type ChannelContext, ChannelError, type StateChanges } from "../../kit/channel.ts";
import { inboundIn, type Reading } from "../../kit/rules.ts";
import { typedIn } from "./blocks.ts";
import { field, stringField } from "./events.ts";
import { eventInbound, unreadableOf } from "./inbound.ts";
import { commandInbound, pressInbound } from "./interactions.ts";
import type { Envelope } from "./link.ts";
import type { Names } from "./names.ts";
import type { Reader } from "./places.ts";
import { lastAliveChange, readPositionChanges } from "./read-positions.ts";
import { mentionedIn } from "./readable.ts";

export class Intake {
  readonly #context: Pick<ChannelContext, "receive" | "state" | "log" | "clock">;
  readonly #names: Names;
  readonly #reader: Omit<Reader, "now" | "names">;
  readonly #fail: (reason: ChannelError) => void;
  /** Until missed messages are on disk, new ones do not move the read position: a crash would skip those between. */
  isCaughtUp = false;
  /** The newest message of each conversation, where a status can be shown. */
  readonly newest = new Map<string, string>();
  #last: Promise<void> = Promise.resolve();

  constructor(
    context: Pick<ChannelContext, "receive" | "state" | "log" | "clock">,
    names: Names,
    reader: Omit<Reader, "now" | "names">,
    fail: (reason: ChannelError) => void,
  ) {
    this.#context = context;
    this.#names = names;
    this.#reader = reader;
    this.#fail = fail;
  }

  get reader(): Reader {
    return { ...this.#reader, names: this.#names, now: this.#context.clock.now() };
  }

  /** Takes an envelope in its turn. */
  take(envelope: Envelope): void {
    void this.inTurn(async () => {
      const leaving = revocationIn(envelope.payload);
      if (leaving) return this.#fail(leaving);
      await this.#learn(envelope);
      const reading = this.#read(envelope);
      const { isCaughtUp } = this;
      const seen = isCaughtUp ? readPositionChanges(inboundIn(reading), this.#context) : {};
      const changes = isCaughtUp ? { ...seen, ...lastAliveChange(this.#context) } : {};
      if (await this.commit([reading], changes)) envelope.ack();
    });
  }

  /** Runs `task` when all before it are done; what it throws is logged. */
  async inTurn(task: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(task).catch((error: unknown) => {
      this.#context.log.error("slack event not taken in", { why: detailOf(error) });
    });
    await this.#last;
  }

  /** Whether it is on disk now, and Slack may be told. When the disk refuses, the link ends. */
  async commit(readings: readonly Reading[], changes: StateChanges): Promise<boolean> {
    try {
      await this.#context.receive(readings, changes);
    } catch (cause) {
      const why = "The gateway cannot write to its disk; it reads what it missed from Slack when it can.";
      this.#fail(new ChannelError("unavailable", why, { cause }));
      return false;
    }
    for (const each of readings.flatMap(inboundIn)) {
      if (each.kind !== "message" || !/^\d+\.\d+$/.test(each.messageId)) continue;
      this.newest.delete(each.chat.id);
      this.newest.set(each.chat.id, each.messageId);
      if (this.newest.size > 500) this.newest.delete(this.newest.keys().next().value!);
    }
    return true;
  }

  #read({ type, payload }: Envelope): Reading {
    const { log } = this.#context;
    const { reader } = this;
    try {
      if (type === "events_api") return eventInbound(payload, reader);
      if (type === "slash_commands") return commandInbound(payload, reader);
      if (type === "interactive") return pressInbound(payload, reader);
      return { nobody: "an envelope that holds no event" };
    } catch (error) {
      const unreadable = type === "events_api" ? unreadableOf(payload, reader) : undefined;
      if (!unreadable) log.warn("slack sent something that cannot be read", { type, why: detailOf(error) });
      return unreadable ?? { nobody: "it names neither a message nor a conversation" };
    }
  }

  async #learn({ type, payload }: Envelope): Promise<void> {
    if (type === "slash_commands")
      return this.#names.learn([stringField(payload, "user_id") ?? ""], stringField(payload, "channel_id"));
    if (type === "interactive") return this.#names.learn([stringField(field(payload, "user"), "id") ?? ""], undefined);
    const event = field(payload, "event");
    const inner = field(event, "message") ?? event;
    await this.learnOf(inner, stringField(event, "channel"));
  }

  /** Learns the names that a message or another event holds. */
  async learnOf(event: unknown, channel: string | undefined): Promise<void> {
    const user = stringField(event, "user");
    if (user === this.#reader.userId) return;
    const text = stringField(event, "text") || typedIn(field(event, "blocks"));
    await this.#names.learn([...(user ? [user] : []), ...mentionedIn(text)], channel);
  }
}

/** Events after which the tokens are of no use. */
function revocationIn(payload: unknown): ChannelError | undefined {
  const type = stringField(field(payload, "event"), "type");
  if (type !== "app_uninstalled" && type !== "tokens_revoked") return undefined;
  return new ChannelError(
    "bad-credentials",
    "The Slack app was removed from the workspace; install it again and set channels.slack.botToken.",
  );
}

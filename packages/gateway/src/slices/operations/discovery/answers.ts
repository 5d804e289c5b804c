/**
 * Answers of multicast DNS: gathered for a moment, each told at most once a second, and to one asker alone where that is meant
 * (RFC 6762, 6 and 7). A flood of questions makes no flood of answers.
 */
import { isSameName, type Message, type Record, typeOf } from "../../../base/discovery/message.ts";
import { dataBytes, writeMessage } from "../../../base/discovery/message-writer.ts";
import { MDNS_PORT, type Multicast, type Sender } from "../../../base/discovery/multicast.ts";
import type { Clock } from "../../../base/time/clock.ts";

/** Others may answer too: their answers are not to come all at once, ms (RFC 6762, 6). */
const SHARED_MS: readonly [from: number, to: number] = [20, 120];
/** A record is not told again sooner, ms. */
const SELDOM_MS = 1_000;
/** What a datagram holds on every network, bytes. */
const DATAGRAM_BYTES = 1_400;
/** How many answers to single askers a second. */
const MAX_DIRECT = 30;
/** What a program that is no part of multicast DNS may remember at most, seconds (RFC 6762, 6.7). */
const LEGACY_TTL = 10;

export class Answers implements Disposable {
  readonly #multicast: Multicast;
  readonly #clock: Clock;
  readonly #toldAt = new Map<string, number>();
  readonly #due = new Map<string, Record>();
  #timer: Disposable | undefined;
  #direct = 0;
  #directSince = Number.NEGATIVE_INFINITY;

  constructor(multicast: Multicast, clock: Clock) {
    this.#multicast = multicast;
    this.#clock = clock;
  }

  /** Tells everyone at once; resolves when it is sent. */
  async tell(records: readonly Record[]): Promise<void> {
    const now = this.#clock.monotonic();
    for (const record of records) {
      this.#toldAt.set(keyOf(record), now);
      this.#due.delete(keyOf(record));
    }
    for (const answers of inDatagrams(records)) await this.#multicast.send(writeMessage({ isResponse: true, answers }));
  }

  /** Answers a question with these records of `all`, and with those that the asker will ask for next. */
  answer(wanted: readonly Record[], all: readonly Record[], { message, from }: Asked): void {
    const unknown = wanted.filter((record) => !knows(message, record));
    if (unknown.length === 0) return;
    const isLegacy = from.port !== MDNS_PORT;
    if (isLegacy || message.questions.every(({ isUnicast }) => isUnicast))
      return this.#answerOne(unknown, all, { message, from });
    const now = this.#clock.monotonic();
    const news = withTargets(unknown, all).filter(
      (record) => now - (this.#toldAt.get(keyOf(record)) ?? Number.NEGATIVE_INFINITY) >= SELDOM_MS,
    );
    for (const record of news) this.#due.set(keyOf(record), record);
    if (this.#due.size === 0 || this.#timer) return;
    const [least, most] = unknown.some(({ isUnique }) => !isUnique) ? SHARED_MS : [0, 1];
    this.#timer = this.#clock.after(least + Math.random() * (most - least), () => {
      this.#timer = undefined;
      void this.tell([...this.#due.values()]);
    });
  }

  #answerOne(wanted: readonly Record[], all: readonly Record[], { message, from }: Asked): void {
    const now = this.#clock.monotonic();
    if (now - this.#directSince >= 1_000) {
      this.#directSince = now;
      this.#direct = 0;
    }
    if (++this.#direct > MAX_DIRECT) return;
    const { questions, id } = message;
    const isLegacy = from.port !== MDNS_PORT;
    const [first = []] = inDatagrams(withTargets(wanted, all));
    const answers = isLegacy ? first.map((each) => ({ ...each, isUnique: false, ttl: LEGACY_TTL })) : first;
    void this.#multicast.send(writeMessage({ isResponse: true, ...(isLegacy && { id, questions }), answers }), from);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}

interface Asked {
  readonly message: Message;
  readonly from: Sender;
}

/** Whether the asker has said that it knows the record, and for long enough (RFC 6762, 7.1). */
function knows({ answers }: Message, record: Record): boolean {
  return answers.some(
    (each) =>
      isSameName(each.name, record.name) &&
      each.ttl * 2 >= record.ttl &&
      typeOf(each.data) === typeOf(record.data) &&
      dataBytes(each.data).equals(dataBytes(record.data)),
  );
}

/** The records, and those of the names that they lead to. */
function withTargets(records: readonly Record[], all: readonly Record[]): readonly Record[] {
  const chosen = new Set(records);
  for (const { data } of chosen) {
    if (data.kind !== "PTR" && data.kind !== "SRV") continue;
    for (const each of all) if (each.isUnique && isSameName(each.name, data.target)) chosen.add(each);
  }
  return [...chosen];
}

function inDatagrams(records: readonly Record[]): Record[][] {
  const datagrams: Record[][] = [];
  for (const record of records) {
    const last = datagrams.at(-1);
    if (last && writeMessage({ answers: [...last, record] }).length <= DATAGRAM_BYTES) last.push(record);
    else datagrams.push([record]);
  }
  return datagrams;
}

function keyOf({ name, data }: Record): string {
  return `${name.join("\0").toLowerCase()}\0${typeOf(data)}\0${dataBytes(data).toString("latin1")}`;
}

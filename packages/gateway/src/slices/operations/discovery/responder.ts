/**
 * Tells the network of a gateway by multicast DNS (RFC 6762): it makes sure of its names, announces them, answers questions,
 * gives way where another has a name, and takes all of it back at the end.
 */
import { isSameName, type Message, type Record, TYPE, typeOf } from "../../../base/discovery/message.ts";
import { readMessage } from "../../../base/discovery/message-reader.ts";
import type { Interface, Multicast, Sender } from "../../../base/discovery/multicast.ts";
import { type Names, namesOf, type Records, recordsOf, type Service } from "../../../base/discovery/service.ts";
import { ignore, TellableError } from "../../../base/errors.ts";
import type { Log } from "../../../base/log.ts";
import type { Clock } from "../../../base/time/clock.ts";
import { onAbort } from "../../../base/time/deadline.ts";
import { Answers } from "./answers.ts";
import { probeFor, verdictOn } from "./claims.ts";

/** Probes, and how far they are apart, ms (RFC 6762, 8.1). */
const PROBES = 3;
const PROBE_MS = 250;
/** After a probe that lost against another one, ms (RFC 6762, 8.2). */
const LOST_MS = 1_000;
/** Between the two announcements, ms (RFC 6762, 8.3). */
const AGAIN_MS = 1_000;
/** Names that are tried until a day has passed; a program that takes every name gets no more tries. */
const MAX_ATTEMPTS = 15;
const FORGET_MS = 86_400_000;

interface Tools {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Whether the gateway listens on an address of this machine. */
  readonly isReached: (address: string) => boolean;
}

export class Responder implements AsyncDisposable {
  readonly #multicast: Multicast;
  #service: Service;
  readonly #tools: Tools;
  readonly #answers: Answers;
  #names: Names;
  #records: Records;
  #attempt = 1;
  #failures: number[] = [];
  /** Called when the names cannot be ours. */
  #contested: ((why: "taken" | "lost") => void) | undefined;
  #isTold = false;

  constructor(multicast: Multicast, service: Service, tools: Tools) {
    this.#multicast = multicast;
    this.#service = service;
    this.#tools = tools;
    this.#names = namesOf(service, 1);
    this.#records = recordsOf(service, this.#names, this.addresses);
    this.#answers = new Answers(multicast, tools.clock);
    multicast.listen((bytes, from) => this.#hear(bytes, from));
  }

  get names(): Names {
    return this.#names;
  }

  /** What others may connect to. An address of one link only is told where there is no other: clients must know the link. */
  get addresses(): readonly string[] {
    const all = this.#multicast.interfaces.map(({ address }) => address).filter(this.#tools.isReached);
    const others = all.filter((address) => !/^fe[89ab]/i.test(address));
    return others.length > 0 ? others : all;
  }

  /** Tells of the gateway until the signal aborts. `told` hears each time the names are certain. Throws when no name is to be had. */
  async run(told: () => void): Promise<void> {
    const { clock, signal, log } = this.#tools;
    while (!signal.aborted) {
      const contest = Promise.withResolvers<"taken" | "lost">();
      const claiming = new AbortController();
      this.#contested = contest.resolve;
      const ended = abortOf(signal);
      const first = await Promise.race([
        this.#claim(AbortSignal.any([signal, claiming.signal])),
        contest.promise,
        ended,
      ]);
      if (first === "ours") told();
      const why = first === "ours" ? await Promise.race([contest.promise, ended]) : first;
      claiming.abort(new TellableError("the name is contested"));
      if (why === "ended") return;
      this.#isTold = false;
      log.debug("a name on the network is taken or contested", { why, name: this.#names.instance });
      if (why === "taken") this.#takeNextName();
      else await clock.sleep(LOST_MS, signal);
    }
  }

  /** Tells the network anew, when this machine's addresses or what is told have changed. */
  async changed(interfaces: readonly Interface[], service: Service): Promise<void> {
    this.#multicast.join(interfaces);
    this.#service = service;
    this.#records = recordsOf(this.#service, this.#names, this.addresses);
    if (this.#isTold) await this.#announce();
  }

  #takeNextName(): void {
    const now = this.#tools.clock.monotonic();
    this.#failures = [...this.#failures.filter((at) => now - at < FORGET_MS), now];
    if (this.#failures.length >= MAX_ATTEMPTS)
      throw new TellableError("other devices on the network have every name; set discovery.name to another one");
    this.#attempt++;
    this.#names = namesOf(this.#service, this.#attempt);
    this.#records = recordsOf(this.#service, this.#names, this.addresses);
  }

  /** Asks whether anybody has the names; nobody answers when they are free. */
  async #claim(signal: AbortSignal): Promise<"ours"> {
    const { clock } = this.#tools;
    await clock.sleep(Math.random() * PROBE_MS, signal);
    for (let at = 0; at < PROBES; at++) {
      await this.#multicast.send(probeFor(this.#records.unique));
      await clock.sleep(PROBE_MS, signal);
    }
    this.#isTold = true;
    await this.#announce();
    return "ours";
  }

  async #announce(): Promise<void> {
    const { clock, signal } = this.#tools;
    const all = () => [...this.#records.unique, ...this.#records.shared];
    await this.#answers.tell(all());
    void clock.sleep(AGAIN_MS, signal).then(
      () => (this.#isTold ? this.#answers.tell(all()) : undefined),
      (error: unknown) => ignore(error, "the gateway stops"),
    );
  }

  #hear(bytes: Buffer, from: Sender): void {
    const message = readMessage(bytes);
    if (!message) return;
    const verdict = verdictOn(message, from, { unique: this.#records.unique, isTold: this.#isTold });
    if (verdict !== undefined) this.#contested?.(verdict);
    else if (!message.isResponse && this.#isTold) this.#answer(message, from);
  }

  #answer(message: Message, from: Sender): void {
    const { shared, unique } = this.#records;
    const all = [...shared, ...unique];
    const isAsked = ({ name, data }: Record) =>
      message.questions.some(
        (question) => isSameName(question.name, name) && (question.type === TYPE.ANY || question.type === typeOf(data)),
      );
    const wanted = all.filter(isAsked);
    if (wanted.length > 0) this.#answers.answer(wanted, all, { message, from });
  }

  /** Takes back what was told. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isTold) await this.#answers.tell([...this.#records.unique, ...this.#records.shared].map(ended));
    this.#isTold = false;
    this.#answers[Symbol.dispose]();
    await this.#multicast[Symbol.asyncDispose]();
  }
}

function ended(record: Record): Record {
  return { ...record, ttl: 0 };
}

function abortOf(signal: AbortSignal): Promise<"ended"> {
  return new Promise((resolve) => void onAbort(signal, () => resolve("ended")));
}

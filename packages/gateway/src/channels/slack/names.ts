/** The names of people and channels. Slack sends ids only; names are looked up once and cached for a while. */
import type { WebClient } from "@slack/web-api";
import { ignore } from "../../base/errors.ts";
import type { ChannelContext } from "../../kit/channel.ts";
import type { KnownNames } from "./readable.ts";

export interface Person {
  readonly name: string;
  readonly username: string | undefined;
  readonly isBot: boolean;
}

/** Most entries kept; the oldest goes first. */
const MOST = 2000;
/** Names change seldom. */
const KEPT_MS = 6 * 60 * 60 * 1000;
/** A message waits no longer than this for a name: Slack wants its ack within 3 s. */
const NAMES_LIMIT_MS = 1200;
/** Lookups for one message. */
const MOST_AT_ONCE = 8;

interface Entry<T> {
  readonly value: T | undefined;
  readonly until: number;
}

export class Names implements KnownNames {
  readonly #api: WebClient;
  readonly #clock: ChannelContext["clock"];
  readonly #people = new Map<string, Entry<Person>>();
  readonly #channels = new Map<string, Entry<string>>();

  constructor(api: WebClient, clock: ChannelContext["clock"]) {
    this.#api = api;
    this.#clock = clock;
  }

  person(id: string): Person | undefined {
    return this.#people.get(id)?.value;
  }

  user(id: string): string | undefined {
    return this.person(id)?.name;
  }

  channel(id: string): string | undefined {
    return this.#channels.get(id)?.value;
  }

  /** Asks for what is not known of these; gives up after a moment, so that no message waits for it. */
  async learn(userIds: readonly string[], channelId: string | undefined): Promise<void> {
    const people = [...new Set(userIds)].filter((id) => /^[UW]/.test(id) && this.#isStale(this.#people.get(id)));
    const isNamed = channelId !== undefined && /^[CG]/.test(channelId) && this.#isStale(this.#channels.get(channelId));
    if (people.length === 0 && !isNamed) return;
    const lookups = people.slice(0, MOST_AT_ONCE).map((id) => this.#learnPerson(id));
    if (isNamed) lookups.push(this.#learnChannel(channelId));
    const limit = new AbortController();
    const late = this.#clock
      .sleep(NAMES_LIMIT_MS, limit.signal)
      .catch((error: unknown) => ignore(error, "all is known"));
    await Promise.race([Promise.all(lookups), late]);
    limit.abort();
  }

  async #learnPerson(id: string): Promise<void> {
    const user = await this.#api.users.info({ user: id }).then(
      (answer) => answer.user,
      (error: unknown) => ignore(error, "a name that Slack does not tell stays unknown"),
    );
    const name = user?.profile?.display_name || user?.profile?.real_name || user?.real_name || user?.name;
    this.#keep(
      this.#people,
      id,
      name === undefined ? undefined : { name, username: user?.name, isBot: user?.is_bot === true },
    );
  }

  async #learnChannel(id: string): Promise<void> {
    const channel = await this.#api.conversations.info({ channel: id }).then(
      (answer) => answer.channel,
      (error: unknown) => ignore(error, "a name that Slack does not tell stays unknown"),
    );
    this.#keep(this.#channels, id, channel?.name);
  }

  /** What could not be learnt is asked for again soon, but not with every message. */
  #keep<T>(map: Map<string, Entry<T>>, id: string, value: T | undefined): void {
    const oldest = map.size >= MOST ? map.keys().next().value : undefined;
    if (oldest !== undefined) map.delete(oldest);
    map.delete(id);
    map.set(id, { value, until: this.#clock.now() + (value === undefined ? 60_000 : KEPT_MS) });
  }

  #isStale(entry: Entry<unknown> | undefined): boolean {
    return entry === undefined || entry.until < this.#clock.now();
  }
}

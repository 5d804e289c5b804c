/** Reads messages that no webhook reported: BlueBubbles calls once, and not again. */
import type { ChannelState, StateChanges } from "../../../kit/channel.ts";
import type { BlueBubblesApi } from "./api.ts";
import { type BlueMessage, type Reader, readMessage } from "./inbound.ts";

/** The time of the newest message that was taken in, epoch ms. */
const NEWEST_KEY = "cursor";
/** When the account was begun: nothing older is taken in. */
const BEGUN_KEY = "begunAt";
const PAGE = 100;
/** People can edit a message for 15 minutes, so each catch-up asks again for the last 15 minutes. */
export const CHANGEABLE_MS = 16 * 60_000;
/** A message that reaches the Mac late has the time at which it was written; so far back is asked at a start. */
export const LATE_MS = 24 * 3_600_000;

/** What was found, and the change of state that goes with having taken it in. */
export interface CaughtUp {
  readonly messages: readonly BlueMessage[];
  readonly unreadable: number;
  readonly state: StateChanges;
}

export class CatchUp {
  readonly #api: BlueBubblesApi;
  readonly #state: ChannelState;
  /** What was taken in before, of the time that is asked for again. */
  #known: ReadonlySet<string> = new Set();

  constructor(api: BlueBubblesApi, state: ChannelState) {
    this.#api = api;
    this.#state = state;
  }

  /** The first time there is nothing to catch up with: it begins with now. */
  begin(now: number): void {
    if (this.#state.get(BEGUN_KEY) === undefined)
      this.#state.write({ [BEGUN_KEY]: String(now), [NEWEST_KEY]: String(now) });
  }

  /** Everything new or changed, from `backMs` before the newest message that is known. Throws `ChannelError`. */
  async ask(reader: Reader, backMs: number, signal: AbortSignal): Promise<CaughtUp> {
    const [newest, begunAt] = [this.#timeOf(NEWEST_KEY, reader.now), this.#timeOf(BEGUN_KEY, reader.now)];
    const after = Math.max(begunAt, newest - backMs);
    const read = (await this.#pages(after, signal)).map((value) => readMessage(value, reader));
    const messages = read.filter((message) => message !== undefined && message.at >= after) as BlueMessage[];
    // A clock that was wrong dates a message years ahead; everything until then would be taken for known.
    const latest = messages.reduce((time, { at }) => Math.max(time, Math.min(at, reader.now)), newest);
    return {
      messages: messages.filter(({ version }) => !this.#known.has(version)),
      unreadable: read.filter((message) => message === undefined).length,
      state: latest > newest ? { [NEWEST_KEY]: String(latest) } : {},
    };
  }

  /** Takes note that what was found is in the inbox. */
  took({ messages }: CaughtUp): void {
    this.#known = new Set([...this.#known, ...messages.map(({ version }) => version)].slice(-10 * PAGE));
  }

  #timeOf(key: string, otherwise: number): number {
    return Number(this.#state.get(key) ?? otherwise);
  }

  async #pages(after: number, signal: AbortSignal): Promise<unknown[]> {
    const all: unknown[] = [];
    for (;;) {
      const json = { after, limit: PAGE, offset: all.length, sort: "ASC", with: ["chat", "handle", "attachment"] };
      const page = await this.#api.call("/message/query", { method: "POST", json, signal });
      if (!Array.isArray(page)) return all;
      all.push(...page);
      if (page.length < PAGE) return all;
    }
  }
}

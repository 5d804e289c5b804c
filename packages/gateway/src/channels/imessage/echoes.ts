/**
 * Messages that we have sent, as the Mac tells of them: how a send without an id learns its id, and how what the account
 * writes to itself is told apart from what others write.
 */
import type { Clock } from "../../base/time/clock.ts";

/** A message as far as an echo must know it. */
export interface Echo {
  readonly guid: string;
  /** All names of the conversation. */
  readonly chatIds: readonly string[];
  readonly text: string;
  readonly hasFiles: boolean;
  readonly at: number;
}

export interface Expected {
  readonly chatId: string;
  readonly text: string;
  readonly hasFile: boolean;
}

/**
 * A copy of a message within this time comes from Messages itself, which adds one when people write to themselves, ms.
 */
const COPY_MS = 5_000;
/** As many of our messages are known by their id, so that two with the same words are not taken for one. */
const REMEMBERED = 100;

export class Echoes {
  readonly #clock: Clock;
  readonly #claimed: string[];
  readonly #keep: (claimed: readonly string[]) => void;
  readonly #waiting = new Set<{ readonly expected: Expected; found(guid: string): void }>();
  #recent: readonly Echo[] = [];

  /** `claimed` are ids of messages known to be ours, from an earlier time; `keep` stores them. */
  constructor(clock: Clock, claimed: readonly string[], keep: (claimed: readonly string[]) => void) {
    this.#clock = clock;
    this.#claimed = [...claimed];
    this.#keep = keep;
  }

  /** Notes a message that the account has sent, from here or from another device. */
  sent(echo: Echo): void {
    this.#recent = [...this.#recent.filter(({ at }) => echo.at - at < COPY_MS), echo];
    if (this.#claimed.includes(echo.guid)) return;
    for (const waiting of this.#waiting) {
      if (!isSame(waiting.expected, echo)) continue;
      this.#waiting.delete(waiting);
      this.claim(echo.guid);
      waiting.found(echo.guid);
      return;
    }
  }

  /** Whether somebody else's message is the copy of one of ours. */
  isCopy({ chatIds, text, at }: Echo): boolean {
    return (
      text !== "" &&
      this.#recent.some(
        (sent) => sent.chatIds[0] === chatIds[0] && sent.text === text && Math.abs(at - sent.at) < COPY_MS,
      )
    );
  }

  /** Begins to wait for the echo of a message that is about to be sent. */
  expect(expected: Expected): { found(ms: number): Promise<string | undefined> } & Disposable {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const waiting = { expected, found: resolve };
    this.#waiting.add(waiting);
    return {
      found: async (ms) => {
        using _timer = this.#clock.after(ms, () => resolve(undefined));
        return await promise;
      },
      [Symbol.dispose]: () => void this.#waiting.delete(waiting),
    };
  }

  /** Of messages that the account has sent, the one that was expected; it is not found again. */
  find(expected: Expected, among: readonly Echo[]): string | undefined {
    const found = among.find((echo) => isSame(expected, echo) && !this.#claimed.includes(echo.guid));
    if (found) this.claim(found.guid);
    return found?.guid;
  }

  /** Whether a message is known to be ours. */
  isOwn(guid: string): boolean {
    return this.#claimed.includes(guid);
  }

  /** Takes note that a message is the one that a send has made. */
  claim(guid: string): void {
    if (this.#claimed.includes(guid)) return;
    this.#claimed.push(guid);
    if (this.#claimed.length > REMEMBERED) this.#claimed.shift();
    this.#keep(this.#claimed);
  }
}

function isSame({ chatId, text, hasFile }: Expected, echo: Echo): boolean {
  if (!echo.chatIds.includes(chatId)) return false;
  return hasFile ? echo.hasFiles : !echo.hasFiles && echo.text === text.trim();
}

/** The key of state under which the ids are kept. */
export const CLAIMED_KEY = "own";

/** Reads what `keep` has stored. */
export function readClaimed(stored: string | undefined): readonly string[] {
  return stored === undefined ? [] : (JSON.parse(stored) as string[]);
}

/** What messages hold in the place of a file. */
const FILE_MARK = /[\ufffc\ufffd]/g;

/** A text without the marks that stand for files. */
export function withoutFileMarks(text: string): string {
  return text.replace(FILE_MARK, "").trim();
}

/** When a message was lost on the way, how long it may still come to the surface. */
export const SETTLE_MS = 5_000;
/** How much earlier than it was queued a message may seem to have been sent: two machines, two clocks. */
export const SKEW_MS = 30_000;

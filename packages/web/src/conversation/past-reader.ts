// Reads what lies before the open conversation's newest messages, page by page; or a stretch around one message, with its
// own way forward to the newest.

import type { ChatPastParams, ChatPastResult } from "@moltbot/protocol";
import { edgeOf, holds, joined, type Past, readPast, withCurrent } from "./older-messages.ts";

/** What the reader needs of the page. */
export interface PastPort {
  /** Undefined when it cannot be asked now, or the gateway has no such method. */
  readonly fetch: (params: Omit<ChatPastParams, "sessionKey">) => Promise<ChatPastResult | undefined>;
  readonly onChange: () => void;
}

/** Messages of one page, in each direction. */
const PAGE = 60;

/** The past of the open conversation. Answers that come after another was opened count no more. */
export class PastReader {
  readonly #port: PastPort;
  #above: Past | undefined;
  #window: Past | undefined;
  /** The oldest message that the conversation itself shows: the past ends before it. */
  #edge: string | undefined;
  #visit = 0;
  #isBusy = false;

  constructor(port: PastPort) {
    this.#port = port;
  }

  /** What stands above the newest messages; undefined until it is known. */
  get above(): Past | undefined {
    return this.#above;
  }

  /** The stretch that is shown in place of the newest messages. */
  get window(): Past | undefined {
    return this.#window;
  }

  /** Another conversation is open now. */
  leave(): void {
    this.#visit++;
    this.#isBusy = false;
    this.#above = undefined;
    this.#window = undefined;
    this.#edge = undefined;
  }

  /** The newest messages were fetched, from `edge` on; what comes before them is fetched when it is not there yet. */
  async follow(edge: string | undefined): Promise<void> {
    const isKnown = this.#above !== undefined && edge === this.#edge;
    this.#edge = edge;
    if (isKnown) return;
    const page = await this.#fetch(edge === undefined ? {} : { before: edge }, withCurrent);
    if (page === undefined) return;
    this.#above = page;
    this.#port.onChange();
  }

  /** Something was asked again, or began anew: branches and beginnings are others now. */
  async refresh(): Promise<void> {
    const page = await this.#fetch(this.#edge === undefined ? {} : { before: this.#edge }, withCurrent);
    const known = this.#above;
    if (page === undefined) return;
    this.#above = known === undefined ? page : { ...joined(known, page), hasOlder: known.hasOlder };
    this.#port.onChange();
  }

  /** Fetches the page before what is shown, if there is one. */
  async older(): Promise<void> {
    const shown = this.#window ?? this.#above;
    const before = (shown && edgeOf(shown, "first")) ?? this.#edge;
    if (shown?.hasOlder !== true || before === undefined || this.#isBusy) return;
    await this.#alone(async () => {
      const page = await this.#fetch({ before });
      if (page !== undefined) this.#replace(shown, joined(page, shown));
    });
  }

  /** Fetches the page behind a stretch; at the newest message the stretch ends and the conversation itself is shown. */
  async newer(): Promise<void> {
    const shown = this.#window;
    const after = shown && edgeOf(shown, "last");
    if (shown === undefined || after === undefined || this.#isBusy) return;
    await this.#alone(async () => {
      const page = await this.#fetch({ after });
      if (page !== undefined) this.#replace(shown, joined(shown, page));
    });
  }

  /** Shows a stretch around a message, unless what is shown has it. False when the message is not there any more. */
  async around(messageId: string): Promise<boolean> {
    const shown = this.#window ?? this.#above;
    if (shown !== undefined && holds(shown, messageId)) return true;
    const page = await this.#fetch({ around: messageId });
    if (page === undefined || !holds(page, messageId)) return false;
    if (page.hasNewer) this.#window = page;
    else this.#above = page; // the newest messages follow it
    this.#port.onChange();
    return true;
  }

  /** Back to the newest messages. */
  toNow(): void {
    if (this.#window === undefined) return;
    this.#window = undefined;
    this.#port.onChange();
  }

  /** An earlier version of what was asked again. */
  async branch(id: string): Promise<Past | undefined> {
    return await this.#fetch({ branch: id });
  }

  #replace(shown: Past, past: Past): void {
    if (this.#window === shown) this.#window = past.hasNewer ? past : undefined;
    else if (this.#above === shown) this.#above = past;
    else return;
    this.#port.onChange();
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    const visit = this.#visit;
    this.#isBusy = true;
    await work();
    if (visit === this.#visit) this.#isBusy = false;
  }

  async #fetch(params: Omit<ChatPastParams, "sessionKey">, read = readPast): Promise<Past | undefined> {
    const visit = this.#visit;
    const answer = await this.#port.fetch({ ...params, limit: PAGE });
    return answer === undefined || visit !== this.#visit ? undefined : read(answer);
  }
}

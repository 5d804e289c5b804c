/** The line that says what became of a press: sending, sent, updated, or failed. */

type State = "sending" | "sent" | "updated" | "failed" | "lost" | "ended" | "closed";

const WORDS: Readonly<Record<State, string>> = {
  sending: "Sending…",
  sent: "Sent",
  updated: "Updated",
  failed: "Not sent",
  lost: "Not connected. Trying again…",
  closed: "Links open in the canvas's own tab only.",
  ended: "This address has ended. Open the canvas anew.",
};
/** How long a word is shown that nothing follows, ms. */
const SHOWN_MS: Readonly<Partial<Record<State, number>>> = {
  sent: 60_000,
  updated: 3_000,
  failed: 12_000,
  closed: 12_000,
};

export class Status {
  readonly #line: HTMLElement;
  #state: State | undefined;
  #hide: ReturnType<typeof setTimeout> | undefined;
  /** The action that is spoken of; words about others are old. */
  #id: string | undefined;

  constructor(line: HTMLElement) {
    this.#line = line;
  }

  sending(id: string): void {
    this.#id = id;
    this.#show("sending");
  }

  sent(id: string): void {
    if (id === this.#id && this.#state === "sending") this.#show("sent");
  }

  failed(id: string, reason?: string): void {
    if (id === this.#id) this.#show("failed", reason);
  }

  /** The screen has changed; after a press that is its answer. */
  updated(): void {
    if (this.#state === "sending" || this.#state === "sent") this.#show("updated");
  }

  lost(): void {
    this.#show("lost");
  }

  /** A link cannot be opened from here. */
  closed(): void {
    this.#show("closed");
  }

  ended(): void {
    this.#show("ended");
  }

  found(): void {
    if (this.#state === "lost") this.#clear();
  }

  #show(state: State, reason?: string): void {
    clearTimeout(this.#hide);
    this.#state = state;
    this.#line.dataset.state = state;
    this.#line.textContent = reason === undefined ? WORDS[state] : `${WORDS[state]}: ${reason}`;
    this.#line.hidden = false;
    const shownMs = SHOWN_MS[state];
    if (shownMs !== undefined) this.#hide = setTimeout(() => this.#clear(), shownMs);
  }

  #clear(): void {
    this.#state = undefined;
    this.#line.hidden = true;
    this.#line.textContent = "";
  }
}

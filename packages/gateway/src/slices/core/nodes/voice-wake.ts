/** The words that wake voice input (protocol: voicewake). */
import type { Base } from "../../../kit/base.ts";
import { voicewakeChanged } from "./events.ts";

/** Source: January 2026. */
const USUAL = ["clawd", "claude", "computer"];
const MAX_WORDS = 32;
const MAX_CHARS = 64;

export class VoiceWake {
  readonly #base: Pick<Base, "store" | "bus">;

  constructor(base: Pick<Base, "store" | "bus">) {
    this.#base = base;
  }

  triggers(): string[] {
    const rows = this.#base.store.all<{ word: string }>("select word from voice_triggers order by position");
    return rows.length > 0 ? rows.map(({ word }) => word) : [...USUAL];
  }

  /** Sets the words and tells everybody; without any, the usual ones count. */
  set(triggers: readonly string[]): string[] {
    const { store, bus } = this.#base;
    const words = triggers
      .map((each) => each.trim().slice(0, MAX_CHARS).toWellFormed())
      .filter((each) => each !== "")
      .slice(0, MAX_WORDS);
    store.transaction(() => {
      store.run("delete from voice_triggers");
      for (const [position, word] of words.entries())
        store.run("insert into voice_triggers (position, word) values (?, ?)", position, word);
    });
    bus.publish(voicewakeChanged, { triggers: this.triggers() });
    return this.triggers();
  }
}

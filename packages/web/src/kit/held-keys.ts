// Keys that a person presses while something opens.

/** A key that was held: a letter, or one of `NAMED`. */
export type HeldKey = string;

const NAMED = new Set(["Enter", "Backspace"]);

/**
 * Holds what is typed from now on, so that it does not go to the field behind. `release` gives the keys, in their order, and
 * lets later ones through.
 */
export function holdKeys(): { release(): readonly HeldKey[] } {
  const keys: HeldKey[] = [];
  const hold = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length !== 1 && !NAMED.has(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keys.push(event.key);
  };
  addEventListener("keydown", hold, { capture: true });
  return {
    release() {
      removeEventListener("keydown", hold, { capture: true });
      return keys.splice(0);
    },
  };
}

/** Waiting for what a fake platform will hold. */
import type { FakePlatform } from "./platform.ts";

/**
 * Resolves with the first truthy value of `look`, asked now and after each change of the platform. Rejects after
 * `limitMs` with what was waited for.
 */
export async function until<T>(
  platform: Pick<FakePlatform, "onChange">,
  what: string,
  look: () => T | undefined | false,
  limitMs = 60_000,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const check = () => {
    const found = look();
    if (found) resolve(found);
  };
  using _listener = platform.onChange(check);
  const timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms for ${what}`)), limitMs);
  check();
  return await promise.finally(() => clearTimeout(timer));
}

/** A list of listeners; what every fake uses for `onChange`. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  on(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

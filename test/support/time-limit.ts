/**
 * The bound on everything a test waits for: a wrong answer is reported as a sentence, not as a hang. No test may come near
 * it: a machine that does ten other things is ten times as slow.
 */
export const LIMIT_MS = 60_000;
/** Between two looks, ms. */
const LOOK_EVERY_MS = 50;

/** Resolves as `promise` does, or rejects with "waited in vain for …". */
export async function within<T>(promise: Promise<T>, what: string, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with the first value of `look` that is not undefined or false; rejects with what was waited for. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  for (;;) {
    const found = await look();
    if (found) return found;
    if (limit.aborted) throw new Error(`waited ${limitMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

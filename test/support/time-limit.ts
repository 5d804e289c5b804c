/** The bound on everything a test waits for: a wrong answer is reported as a sentence, not as a hang. */

const LIMIT_MS = 10_000;

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

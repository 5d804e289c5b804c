/** Waiting that ends when the signal does, whatever the other side makes of it: a run's time limit must free its lane. */
import { ignore } from "../../../../base/errors.ts";

/** The work's result, or the signal's reason as soon as it aborts; the work is then left alone. */
export async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch((error: unknown) => ignore(error, "nobody waits for it any more, or it has been thrown above"));
  }
}

/** Passes the steps on; throws the signal's reason as soon as it aborts, even while the next step hangs. */
export async function* interruptible<Step>(steps: AsyncIterable<Step>, signal: AbortSignal): AsyncGenerator<Step> {
  const iterator = steps[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await raced(iterator.next(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: what hangs would hang here too.
    void iterator.return?.().catch((error: unknown) => ignore(error, "the steps have ended or are ended here"));
  }
}

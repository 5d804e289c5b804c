/** Waits that end when the signal aborts, even if the other side ignores it: a run's time limit must free its lane. */

import { ignore } from "../../../../base/errors.ts";
import { within } from "../../../../base/time/deadline.ts";

/** Passes the steps on; throws the signal's reason as soon as it aborts, even while the next step hangs. */
export async function* interruptible<Step>(steps: AsyncIterable<Step>, signal: AbortSignal): AsyncGenerator<Step> {
  const iterator = steps[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(iterator.next(), { signal });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Do not await this: it may hang as well.
    void iterator.return?.().catch((error: unknown) => ignore(error, "the steps have ended or are ended here"));
  }
}

/** Runs requests that reading depends on: they wait as long as Discord says, and try longer than sends do. */
import type { ProbeContext } from "../../kit/channel.ts";
import { linkError, requestError } from "./errors.ts";

const ATTEMPTS = 3;
const PAUSE_MS = 1000;

/** What `ask` answers. Throws `ChannelError` "rejected" when Discord refuses it, "network" when it stays out of reach. */
export async function retryRead<T>(
  { clock, signal }: Pick<ProbeContext, "clock" | "signal">,
  ask: () => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await ask();
    } catch (error) {
      const known = requestError(error);
      signal.throwIfAborted();
      if (known.kind === "rate-limited") await clock.sleep(known.retryAfterMs ?? PAUSE_MS, signal);
      else if (known.kind === "rejected" || known.kind === "bad-credentials") throw known;
      else if (++failures === ATTEMPTS) throw linkError(known);
      else await clock.sleep(PAUSE_MS * failures, signal);
    }
  }
}

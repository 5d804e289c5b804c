/**
 * Reads the stream of events. signal-cli has acknowledged an event to Signal before it arrives here. So each event is
 * put into the inbox before the next is read, and gaps in the stream are kept short: while nobody listens, messages
 * wait at Signal's server.
 */
import { TellableError } from "../../base/errors.ts";
import { type ChannelContext, ChannelError } from "../../kit/channel.ts";
import { loggedOut, type Rpc } from "./rpc.ts";
import { serverEvents } from "./sse.ts";

/** Pauses between attempts to listen again, while the daemon answers. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** How often the inbox is asked to take an event that it has refused; then the account gives up. */
const STORE_ATTEMPTS = 30;
const STORE_PAUSE_MS = 1000;

/** What a proxy before the daemon says of itself: too slow, too early, too much. It is no word about the account. */
const PROXYS: ReadonlySet<number> = new Set([408, 425, 429]);

interface Options {
  readonly context: ChannelContext;
  readonly rpc: Rpc;
  readonly account: string;
  readonly signal: AbortSignal;
  /** Takes the data of one event into the inbox; may throw when the disk refuses. */
  take(data: string): void;
  /** The first stream is open. */
  onOpen(): void;
}

/** Listens until the signal aborts or the daemon is gone; resolves with the reason. Never rejects. */
export async function listen(options: Options): Promise<ChannelError> {
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    try {
      await listenOnce(options, () => {
        pauseMs = FIRST_PAUSE_MS;
      });
      options.context.log.debug("signal-cli ended the stream of events");
    } catch (error) {
      if (error instanceof ChannelError) return error;
      options.context.log.debug("signal-cli's stream of events broke", { reason: String(error) });
    }
    const { signal, rpc, context } = options;
    try {
      if (!(await rpc.isUp(signal))) {
        return new ChannelError("network", `signal-cli at ${rpc.url} is gone; the gateway connects again.`);
      }
      await context.clock.sleep(pauseMs, signal);
    } catch {
      return new ChannelError("network", "The connection to signal-cli was closed.");
    }
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

async function listenOnce(
  { context, rpc, account, signal, take, onOpen }: Options,
  onReply: () => void,
): Promise<void> {
  const address = `${rpc.url}/api/v1/events?account=${encodeURIComponent(account)}`;
  const response = await fetch(address, { headers: { accept: "text/event-stream" }, signal });
  if (response.status >= 400 && response.status < 500 && !PROXYS.has(response.status)) throw loggedOut();
  if (!response.ok || !response.body) throw new TellableError(`signal-cli answered ${response.status}`);
  onReply();
  onOpen();
  for await (const event of serverEvents(response.body)) {
    if (event.name !== "receive") context.log.debug("signal-cli's event is of no use", { name: event.name });
    else await store(() => take(event.data), { context, signal });
  }
}

/** Tries again while the disk refuses, because there is no second copy of an event. */
async function store(take: () => void, { context, signal }: Pick<Options, "context" | "signal">): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return take();
    } catch (cause) {
      const sentence = "What Signal sent cannot be stored; free space on the disk of the state folder.";
      if (attempt === STORE_ATTEMPTS) throw new ChannelError("unavailable", sentence, { cause });
      context.log.warn("what signal sent cannot be stored yet", { attempt });
      await context.clock.sleep(STORE_PAUSE_MS, signal);
    }
  }
}

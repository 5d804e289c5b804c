/**
 * Ids of traces and spans. They follow from what a trace is about, so that nothing has to be kept: a run that goes on after a
 * restart continues its trace, and `moltbot why` can name the trace of any message. Source: W3C Trace Context.
 */
import { sha256Hex } from "./ids.ts";

/** The trace of a message that came in over a channel. */
export function messageTraceId(message: {
  readonly channel: string;
  readonly account: string;
  readonly id: number;
  readonly receivedAt: number;
}): string {
  const { channel, account, id, receivedAt } = message;
  return hexOf(`message\n${channel}\n${account}\n${id}\n${receivedAt}`, 32);
}

/** The trace of a run that no message of a channel has begun. */
export function runTraceId(runId: string): string {
  return hexOf(`run\n${runId}`, 32);
}

/** The span of a name within a trace. */
export function spanIdOf(traceId: string, name: string): string {
  return hexOf(`${traceId}\n${name}`, 16);
}

function hexOf(text: string, digits: number): string {
  return sha256Hex(text).slice(0, digits);
}

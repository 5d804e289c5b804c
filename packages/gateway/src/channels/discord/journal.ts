/** Writes events of a connection to the inbox. */
import { type ChannelContext, ChannelError, type StateChanges } from "../../kit/channel.ts";
import type { Reading } from "../../kit/rules.ts";

/**
 * Stores events. Throws `ChannelError` "unavailable" when the disk refuses. Discord is told nothing: what a resume asks for
 * is in the state that is stored with them.
 */
export function journal(context: ChannelContext, readings: readonly Reading[], state: StateChanges): void {
  try {
    void context.receive(readings, state);
  } catch (cause) {
    const sentence = "What Discord sent cannot be stored; free space on the disk of the state folder.";
    throw new ChannelError("unavailable", sentence, { cause });
  }
}

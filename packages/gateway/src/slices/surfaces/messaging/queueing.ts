/** How messages wait in one conversation: what the settings say, and what was set for it alone. */
import type { QueueMode, QueueRules } from "../../agent/agent/lanes/queue.ts";
import type { Session } from "../../core/sessions/session-rows.ts";
import type { QueueSettings } from "./settings.ts";

/** The name under which settings know chats that are on no channel. */
const WEBCHAT = "webchat";

/** The rules for messages of a channel; those of their conversation stand above it. */
export function queueRules(
  { mode, debounceMs, cap, drop, byChannel = {}, debounceMsByChannel = {} }: QueueSettings,
  channel: string = WEBCHAT,
  session?: Pick<Session, "levels">,
): QueueRules {
  const own = session?.levels.queueMode as QueueSettings["mode"] | undefined;
  return {
    mode: named(own ?? byChannel[channel] ?? mode),
    debounceMs: debounceMsByChannel[channel] ?? debounceMs,
    cap,
    drop,
  };
}

/** "queue" is an old name (protocol: queue modes). */
function named(mode: QueueSettings["mode"]): QueueMode {
  return mode === "queue" ? "steer" : mode;
}

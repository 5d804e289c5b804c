/** Baileys: an optional package, as it rests on a library under the GPL. Loaded when an account first needs it. */

import { codeOf, messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { silenceConsoleOf } from "../../base/process/silence-output.ts";
import { ChannelError } from "../../kit/channel.ts";

/** The library, as what is handed around once it is loaded. */
export type Baileys = typeof import("@whiskeysockets/baileys");

/** Loads it. Throws `ChannelError` "unavailable" when it is not installed. */
export async function loadBaileys(): Promise<Baileys> {
  // It prints whole sessions, private keys included.
  silenceConsoleOf("libsignal");
  try {
    return await import("@whiskeysockets/baileys");
  } catch (error) {
    // The code of a module, and of the CommonJS that the gateway is built as.
    const isAbsent = /^(ERR_)?MODULE_NOT_FOUND$/.test(codeOf(error) ?? "");
    const reason = isAbsent ? "is not installed" : `cannot be loaded (${messageOf(error)})`;
    throw new ChannelError(
      "unavailable",
      `The package that speaks WhatsApp ${reason}; run npm install -g @whiskeysockets/baileys@7.0.0-rc14 beside moltbot, then start the gateway again.`,
      { cause: error },
    );
  }
}

/** What the library asks of a logger. */
type LibraryLog = import("@whiskeysockets/baileys").SocketConfig["logger"];

/** The library's own log lines, as debug lines of ours. Only the sentence is kept: the objects beside it hold keys. */
export function libraryLog(log: Log): LibraryLog {
  const tell = (object: unknown, sentence?: string) => {
    const line = typeof object === "string" ? object : sentence;
    if (line) log.debug("WhatsApp library", { line, problem: problemOf(object) });
  };
  const drop = () => {};
  const own: LibraryLog = {
    level: "info",
    child: () => own,
    trace: drop,
    debug: drop,
    info: tell,
    warn: tell,
    error: tell,
  };
  return own;
}

function problemOf(object: unknown): string | undefined {
  if (typeof object !== "object" || object === null) return undefined;
  const { err, error = err } = object as { err?: unknown; error?: unknown };
  return error instanceof Error ? error.message : undefined;
}

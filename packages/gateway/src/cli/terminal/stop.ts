/** How a command that goes on until Ctrl-C hears of it. */

/** A terminal, npm and a launcher may each pass on the same Ctrl-C; what comes this soon is the same one. */
export const SAME_SIGNAL_MS = 1_000;

/**
 * Calls `act` once, at the first Ctrl-C (SIGINT) or SIGTERM; one that is sent a second later ends the program. Call this before
 * the user is told that Ctrl-C stops something: until then it ends the program, with 130. Dispose it to hear no more.
 */
export function onStop(act: () => void): Disposable {
  let isHeard = false;
  const hear = () => {
    if (isHeard) return;
    isHeard = true;
    setTimeout(off, SAME_SIGNAL_MS).unref();
    act();
  };
  const off = () => {
    for (const name of SIGNALS) process.off(name, hear);
  };
  for (const name of SIGNALS) process.on(name, hear);
  return { [Symbol.dispose]: off };
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

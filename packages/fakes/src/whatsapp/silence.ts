/** libsignal prints sessions, private keys included, to the console. */

let isSilent = false;

/** Drops what libsignal prints in this process. */
export function silenceLibrary(): void {
  if (isSilent) return;
  isSilent = true;
  for (const name of ["info", "warn", "error"] as const) {
    const print = console[name].bind(console);
    console[name] = (...values: unknown[]) => {
      if (!new Error().stack?.includes("/libsignal/")) print(...values);
    };
  }
}

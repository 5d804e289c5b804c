/** Habits of the client library that a process with a fake in it must not suffer from. */

let isTamed = false;

/** Drops what libsignal prints, and lets no timer of Baileys keep the process alive. For the rest of the process. */
export function patchLibrary(): void {
  if (isTamed) return;
  isTamed = true;
  silenceSignal();
  releaseTimers();
}

/** It prints sessions, private keys included, to the console. */
function silenceSignal(): void {
  for (const name of ["info", "warn", "error"] as const) {
    const print = console[name].bind(console);
    console[name] = (...values: unknown[]) => {
      if (!isCalledFrom("/libsignal/")) print(...values);
    };
  }
}

const LONG_MS = 10_000;

/** The library leaves a timer of half a minute behind each upload of keys, which delays the end of a test. */
function releaseTimers(): void {
  const start = globalThis.setTimeout;
  const released = (...options: Parameters<typeof start>) => {
    const timer = start(...options);
    if (Number(options[1]) >= LONG_MS && isCalledFrom("/@whiskeysockets/")) timer.unref();
    return timer;
  };
  globalThis.setTimeout = Object.assign(released, start) as typeof start;
}

function isCalledFrom(folder: string): boolean {
  return new Error().stack?.includes(folder) ?? false;
}

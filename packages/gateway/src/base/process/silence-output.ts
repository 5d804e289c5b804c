/** Silences libraries that print secrets through the console. */

const silenced = new Set<string>();

/**
 * Drops what a package prints through `console`, for the rest of the process. libsignal, for example, prints sessions
 * that hold private keys. Output of other code is not changed.
 */
export function silenceConsoleOf(packageName: string): void {
  if (silenced.size === 0) watchConsole();
  silenced.add(`/node_modules/${packageName}/`);
}

function watchConsole(): void {
  for (const name of ["log", "info", "warn", "error", "debug", "trace"] as const) {
    const print = console[name].bind(console);
    console[name] = (...values: unknown[]) => {
      if (!isSilenced(new Error().stack ?? "")) print(...values);
    };
  }
}

/** Whether the caller of the console, two lines down the stack, is in a silenced package. */
function isSilenced(stack: string): boolean {
  const caller = (stack.split("\n")[2] ?? "").replaceAll("\\", "/");
  return [...silenced].some((folder) => caller.includes(folder));
}

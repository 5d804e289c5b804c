/** The console, for libraries that write to it what must not be printed. */

const silenced = new Set<string>();

/**
 * Drops what a package prints through `console`, for the rest of the process: such as libsignal's sessions, which hold
 * private keys. What other code prints is not touched.
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

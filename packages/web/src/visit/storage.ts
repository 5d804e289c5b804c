// What the page remembers between visits, in localStorage under one prefix. Works, forgetfully, where storage is blocked.

const PREFIX = "moltbot.";
const fallback = new Map<string, string>();

/** Reads a value; `undefined` when there is none. */
export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? fallback.get(name);
  } catch {
    return fallback.get(name);
  }
}

/** Keeps a value; an empty or missing one is forgotten. False when it will not survive a reload. */
export function remember(name: string, value: string | undefined): boolean {
  fallback.delete(name);
  try {
    if (value) localStorage.setItem(PREFIX + name, value);
    else localStorage.removeItem(PREFIX + name);
    return true;
  } catch {
    if (value) fallback.set(name, value);
    return false;
  }
}

/** The names that begin with `start`, in no particular order. */
export function remembered(start: string): string[] {
  return [...fallback.keys(), ...stored()].filter((name) => name.startsWith(start));
}

/** The names in the browser's storage; none where it is blocked. */
function stored(): string[] {
  try {
    const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? "");
    return keys.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

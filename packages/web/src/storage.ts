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
  const names = [...fallback.keys()];
  try {
    for (let index = 0; index < localStorage.length; index++) {
      const key = localStorage.key(index);
      if (key?.startsWith(PREFIX)) names.push(key.slice(PREFIX.length));
    }
  } catch {
    // Storage is blocked: only what this page holds in memory exists.
  }
  return names.filter((name) => name.startsWith(start));
}

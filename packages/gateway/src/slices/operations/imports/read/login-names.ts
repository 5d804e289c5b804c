/** The files of a WhatsApp login: which key of the login each of them holds. */

/** The types of keys, longer names first: `sender-key-memory-x` is no `sender-key`. */
const TYPES = [
  "app-state-sync-version",
  "sender-key-memory",
  "app-state-sync-key",
  "lid-mapping",
  "device-list",
  "sender-key",
  "identity-key",
  "tctoken",
  "pre-key",
  "session",
];

/**
 * The key of a file's name: `creds` for creds.json, else `key/TYPE/ID`. File names escape `/` as `__` and `:` as `-`, and
 * only what an id of its type can hold is taken back. Undefined for other files.
 */
export function loginKeyOf(file: string): string | undefined {
  if (file === "creds.json") return "creds";
  if (!file.endsWith(".json")) return undefined;
  const name = file.slice(0, -".json".length);
  const type = TYPES.find((each) => name.startsWith(`${each}-`));
  if (type === undefined) return undefined;
  return `key/${type}/${idOf(type, name.slice(type.length + 1))}`;
}

function idOf(type: string, written: string): string {
  if (type === "sender-key") return written.replaceAll("--", "::");
  if (type === "app-state-sync-key") return written.replaceAll("__", "/");
  return written;
}

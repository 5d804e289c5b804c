/** The user parts of addresses, as people write them: passwords may hold what an address should hold only in percent. */

/** A name and a password before the host of an address; `whole` is both as they stand there. */
export interface AddressUser {
  readonly whole: string;
  readonly name: string;
  readonly password: string | undefined;
}

/** Where an address begins in a word; no scheme is longer, and a look at more of it takes long. */
const SCHEME = /([a-z][a-z0-9+.-]{0,30}):\/\//i;
/** Addresses that stand in one word: a list of them, or one in the query of another. */
const NEXT_ADDRESS = /[,;|=(<"'](?=[a-z][a-z0-9+.-]{0,30}:\/\/)/i;

/**
 * The user part of each address of a text. It ends at the last `@` of the word, whatever stands before: `/`, `?`, `#` and
 * `@` in a password are its own. Only an address of the web that begins with a plain host has its `@` in its path.
 */
export function usersIn(text: string): AddressUser[] {
  if (!text.includes("://") || !text.includes("@")) return [];
  return text
    .split(/\s+/)
    .filter((word) => word.includes("://") && word.includes("@"))
    .flatMap((word) => word.split(NEXT_ADDRESS))
    .flatMap((address) => userOf(address) ?? []);
}

function userOf(address: string): AddressUser | undefined {
  const [scheme, name = ""] = SCHEME.exec(address) ?? [];
  if (scheme === undefined) return undefined;
  const start = address.indexOf("://") + 3;
  const whole = address.slice(start, Math.max(start, address.lastIndexOf("@")));
  if (whole === "" || (WEB.test(name) && BEGINS_WITH_HOST.test(whole))) return undefined;
  const colon = whole.indexOf(":");
  return colon < 0
    ? { whole, name: whole, password: undefined }
    : { whole, name: whole.slice(0, colon), password: whole.slice(colon + 1) };
}

const WEB = /^(?:git\+)?(?:https?|wss?)$/i;
/**
 * As in `https://host.example/@name`, or in `https://host/a:b@c`, where a name before the `:` would hold a `/`. A host that
 * has a port could be a name and the beginning of a password, except on this machine.
 */
const BEGINS_WITH_HOST =
  /^(?:(?:[a-z0-9-]+\.)+[a-z0-9-]+[/?#]|(?:localhost|[\d.]+|\[[\da-f:]+\])(?::\d+)?[/?#]|[a-z0-9-]+\/[^:]*:)/i;

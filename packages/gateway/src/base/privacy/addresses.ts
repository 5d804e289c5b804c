/**
 * Finds user parts in addresses as people write them: a password may hold characters that an address should
 * percent-encode.
 */

/** The name and password before the host of an address; `whole` is the text of both as written. */
export interface AddressUser {
  readonly whole: string;
  readonly name: string;
  readonly password: string | undefined;
}

/** The start of an address in a word. Schemes are short; a longer pattern would take long on a long text. */
const SCHEME = /([a-z][a-z0-9+.-]{0,30}):\/\//i;
/** The start of a further address in one word: in a list, or in the query of another address. */
const NEXT_ADDRESS = /[,;|=(<"'](?=[a-z][a-z0-9+.-]{0,30}:\/\/)/i;

/**
 * The user part of each address in a text. It ends at the last `@` of the word, because a password may hold `/`, `?`,
 * `#` and `@`. Only in a web address that begins with a plain host does the `@` belong to the path.
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
 * A web address that begins with a host, as in `https://host.example/@name` or `https://host/a:b@c`, where a user name
 * would hold a `/`. A host with a port could be a name and the start of a password, except on this machine.
 */
const BEGINS_WITH_HOST =
  /^(?:(?:[a-z0-9-]+\.)+[a-z0-9-]+[/?#]|(?:localhost|[\d.]+|\[[\da-f:]+\])(?::\d+)?[/?#]|[a-z0-9-]+\/[^:]*:)/i;

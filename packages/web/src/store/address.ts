// What stands behind `#` in the page's address: a conversation (`#chat/KEY`), or the id of a page beside it. Pure functions.

/** Where somebody is: the view, and of "chat" the conversation; without one, that which was open last. */
export interface Place {
  readonly view: string;
  /** Which part of a page: what follows its id and a slash. */
  readonly rest?: string | undefined;
  readonly sessionKey?: string | undefined;
}

const CHAT = "#chat/";

/** Reads the part of an address from `#` on; what is not understood is the last conversation. */
export function placeOf(hash: string, viewIds: readonly string[]): Place {
  if (hash.startsWith(CHAT)) return { view: "chat", sessionKey: decoded(hash.slice(CHAT.length)) };
  const [id = "", ...rest] = hash.slice(1).split("/");
  return viewIds.includes(id) ? { view: id, rest: decoded(rest.join("/")) } : { view: "chat" };
}

/** The address of a page or of a part of it. */
export function addressOfPage(view: string, rest: string): string {
  return rest === "" ? `#${view}` : `#${view}/${readable(rest)}`;
}

/** The address of a conversation; colons stay readable. */
export function addressOfSession(sessionKey: string): string {
  return CHAT + readable(sessionKey);
}

function readable(text: string): string {
  return encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%40", "@").replaceAll("%2F", "/");
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    return undefined; // somebody typed it
  }
}

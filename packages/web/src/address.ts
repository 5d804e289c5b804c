// What stands behind `#` in the page's address: a conversation (`#chat/KEY`), or the id of a page beside it. Pure functions.

/** Where somebody is: the view, and of "chat" the conversation; without one, that which was open last. */
export interface Place {
  readonly view: string;
  readonly sessionKey?: string | undefined;
}

const CHAT = "#chat/";

/** Reads the part of an address from `#` on; what is not understood is the last conversation. */
export function placeOf(hash: string, viewIds: readonly string[]): Place {
  if (hash.startsWith(CHAT)) return { view: "chat", sessionKey: decoded(hash.slice(CHAT.length)) };
  const id = hash.slice(1);
  return viewIds.includes(id) ? { view: id } : { view: "chat" };
}

/** The address of a conversation; colons stay readable. */
export function addressOfSession(sessionKey: string): string {
  return CHAT + encodeURIComponent(sessionKey).replaceAll("%3A", ":").replaceAll("%40", "@");
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch {
    return undefined; // somebody typed it
  }
}

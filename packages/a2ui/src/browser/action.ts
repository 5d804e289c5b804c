/** What a person did on a page, on its way to the gateway. */

export interface UserAction {
  readonly id: string;
  readonly name: string;
  readonly surfaceId: string;
  readonly sourceComponentId: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** What the gateway takes of one action, in characters of JSON, and how many in a second. */
const MOST_CHARACTERS = 16_000;
const MOST_A_SECOND = 5;

const sentAt: number[] = [];

/** An id that no other action has. `crypto.randomUUID` is missing where the page came over plain HTTP. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Throws an error for the person at the page when the gateway would refuse the action. */
export function checkAction(action: unknown): void {
  const now = Date.now();
  while (sentAt[0] !== undefined && sentAt[0] <= now - 1000) sentAt.shift();
  if (sentAt.length >= MOST_A_SECOND) throw new Error("Too many presses in a second. Wait a moment.");
  if (JSON.stringify(action).length > MOST_CHARACTERS) throw new Error("This is too long to send. Shorten it.");
  sentAt.push(now);
}

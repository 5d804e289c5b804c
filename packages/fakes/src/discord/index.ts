/**
 * A fake of Discord on loopback: REST API version 10, the gateway, and a place for files. `@discordjs/rest` and
 * `@discordjs/ws` connect to it unchanged. A group is a server with one text channel; each person has one direct chat.
 */
import type { FakePlatform, Said, SaysOptions } from "../platform.ts";
import { Platform } from "./fake.ts";

/** What this fake can do beyond what every fake can. */
export interface FakeDiscord extends FakePlatform {
  readonly botId: string;
  /** How often a client began a session, and how often it took one up again. */
  readonly counted: { readonly identify: number; readonly resume: number };
  /** How many requests the API had, by method and path pattern such as "POST /channels/:id/messages". */
  readonly requests: ReadonlyMap<string, number>;
  /** A message with fields that `says` does not make. */
  sends(fields: object, options?: Omit<SaysOptions, "files">): Promise<Said>;
  /** Any event of the gateway. */
  tells(type: string, data: object): void;
  presses(messageId: string, data: string, options?: Pick<SaysOptions, "from">): Promise<void>;
  /** Ends all sessions: those who are connected are told, the others when they come back. */
  expireSessions(): void;
  /** Asks clients to connect again. */
  askToReconnect(): void;
  /** Makes the addresses of files invalid that were given out so far. */
  expireLinks(): void;
  /** Flips the portal's switch "Message Content Intent". */
  allowMessageContent(isAllowed: boolean): void;
  /** Refuses the next request of any kind for all routes. */
  limitGlobally(retryAfterMs: number): void;
  /** Closes the connections with one of Discord's close codes. */
  closeWith(code: number): void;
}

/** Starts a fake Discord with one bot account. */
export async function fakeDiscord(): Promise<FakeDiscord> {
  const platform = new Platform();
  await platform.up();
  return platform;
}

/** A fake of Signal: people and groups behind signal-cli's HTTP daemon, on loopback. */
import type { FakePlatform, Said, SaysOptions } from "../platform.ts";
import { Platform } from "./fake.ts";
import type { ResultType } from "./rpc.ts";
import type { Person } from "./world.ts";

/** What this fake can do beyond what every fake can. */
export interface FakeSignal extends FakePlatform {
  readonly self: Person;
  /** The address of the daemon. */
  readonly url: string;
  /** The style ranges of a message that the account has sent. */
  stylesOf(messageId: string): readonly string[];
  /** The owner writes on the phone: to somebody, or a note to self. `as` is somebody else who claims to be it. */
  fromPhone(text: string, options?: { readonly to?: string; readonly as?: string }): Promise<Said>;
  /** A message with fields of signal-cli's JSON that `says` does not make. */
  sends(data: object, options?: Pick<SaysOptions, "from" | "in">): Promise<Said>;
  /** An event of alice's that is no message. */
  tells(content: Record<string, unknown>): void;
  /** The account id of somebody, beside their number. */
  uuidOf(name: string): string;
  /** Files are slow: they arrive when what is returned is disposed. */
  holdFiles(): Disposable;
  /** The next message reaches nobody, although the call succeeds. */
  failNext(type: Exclude<ResultType, "SUCCESS">): void;
  scan(shown: string): Promise<void>;
  edits(said: Said, text: string, options?: Pick<SaysOptions, "from">): Promise<void>;
  unsends(said: Said, options?: Pick<SaysOptions, "from">): Promise<void>;
  reacts(messageId: string, emoji: string, options?: Pick<SaysOptions, "from" | "in">): Promise<void>;
}

export interface FakeSignalOptions {
  /** Whether the account is linked already; otherwise a login and `scan` link it. */
  readonly isLinked?: boolean;
  /** Whether gateways start signal-cli themselves, here a program between them and the fake. */
  readonly asProgram?: boolean;
}

/** Starts a fake Signal with one account, which is linked unless said otherwise. */
export async function fakeSignal(options: FakeSignalOptions = {}): Promise<FakeSignal> {
  const platform = new Platform(options);
  await platform.up();
  return platform;
}

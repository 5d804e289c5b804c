import type { Intake } from "../in/intake/intake.ts";
import type { Sender } from "../out/sender.ts";
import type { Account } from "./account.ts";
import type { AccountSettings } from "./account-settings.ts";
import type { AccountState, Chats } from "./account-store.ts";

/** An account with everything that works for it. */
export interface RunningAccount {
  readonly account: Account;
  readonly sender: Sender;
  readonly chats: Chats;
  readonly state: AccountState;
  readonly intake: Intake;
  /** The settings that need a restart when they change, as text. */
  startedWith: string;
  /** The last known settings; they remain for an account that is being removed from the config. */
  last: AccountSettings;
}

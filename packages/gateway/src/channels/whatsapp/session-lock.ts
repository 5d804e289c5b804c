/** One process on a machine for each account: two would take the session from each other and damage its keys. */
import { HostLockError, takeHostLock } from "../../base/process/host-lock.ts";
import { ChannelError } from "../../kit/channel.ts";
import { peerId, withoutDevice } from "./addresses.ts";

/** Takes the account's session until disposed. Throws `ChannelError` "replaced" with the pid of who has it. */
export function lockSession(address: string): Disposable {
  const id = peerId(withoutDevice(address));
  try {
    return takeHostLock(`whatsapp-${id}`);
  } catch (error) {
    if (!(error instanceof HostLockError)) throw error;
    const who = error.pid === undefined ? "another process" : `process ${error.pid}`;
    throw new ChannelError(
      "replaced",
      `The WhatsApp session of ${id} is in use by ${who} on this machine; stop that one, then restart this account.`,
      { cause: error },
    );
  }
}

/** All methods of the slice. */

export {
  channelsAdd,
  channelsLogout,
  channelsRemove,
  channelsStart,
  channelsStatus,
  channelsStop,
  loginStart,
  loginWait,
  settingsNames,
} from "./accounts.ts";
export { inboxList, inboxWhy, outboxDiscard, outboxList, outboxResend } from "./inbox-outbox.ts";
export { channelsPairingList, pairingApprove, pairingList, pairingRevoke } from "./people.ts";
export { action, edit, poll, react, send, unsend } from "./sending.ts";

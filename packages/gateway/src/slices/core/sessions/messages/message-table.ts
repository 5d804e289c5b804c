/** The table of messages as it is read for runs, newest first. */

import type { Store } from "../../../../base/store/store.ts";
import type { MessageTable, PlacedMessage } from "./recent-messages.ts";
import { MESSAGE, type MessageRow, toMessage } from "./stored-message.ts";

/** An object, its parts and its keys, without the texts, bytes. */
const OBJECT_BYTES = 400;

/** The table as it is read for runs. */
export function tableIn(store: Store): MessageTable {
  return {
    get isInTransaction() {
      return store.isInTransaction;
    },
    newestBetween: (sessionId, { after, before, limit }) =>
      store
        .all<MessageRow & { readonly place: number }>(
          `select seq as place, ${MESSAGE} from messages
           where session_id = ? and seq > ? and seq < ? and archived_at is null order by seq desc limit ?`,
          ...[sessionId, after, before, limit],
        )
        .map(toPlacedMessage),
  };
}

function toPlacedMessage({ place, ...row }: MessageRow & { readonly place: number }): PlacedMessage {
  return { place, message: toMessage(row), bytes: OBJECT_BYTES + 2 * (row.text.length + row.body.length) };
}

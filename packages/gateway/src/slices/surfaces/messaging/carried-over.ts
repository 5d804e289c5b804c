/**
 * What came in and went out since a backup, for the database of the backup: platforms hand a message over once, and what was
 * sent cannot be taken back. `before` is the newer database; `main` takes its place.
 */

/** A draft is not yet the reply. */
const isReply = (row: string) => `not coalesce(${row}.payload ->> '$.isDraft', 0)`;
/** Newer ids stay as they are, for runs are named after them; they move up where the older database has used them. */
const moved = (table: string) => `id + max(0, 1 - min(id) over () +
       (select coalesce(max(seq), 0) from main.sqlite_sequence where name = '${table}'))`;

const INBOX = `channel, account, chat, thread, chat_kind, sender, kind, message_id, at, received_at, payload, state, run_id,
  session_key, outcome, rule, detail, setting, decided_at, binding`;
const OUTBOX = `client_id, channel, account, chat, thread, origin, part, payload, session_key, state, problem, provider_id,
  attempts, not_before, queued_at, expires_at, sent_at`;
const DECIDED = "state, run_id, session_key, outcome, rule, detail, setting, decided_at, binding";
const SENT = "payload, state, problem, provider_id, attempts, not_before, sent_at";

export const CARRIED_OVER: readonly string[] = [
  // Which row of the one is which of the other: an event is known by its keys, and ids were given anew after the backup.
  `create temp table carried (was integer primary key, now integer not null, is_new integer not null);
   insert into temp.carried
     select one.inbox_id, min(other.inbox_id), 0 from before.inbox_keys one
     join main.inbox_keys other using (channel, account, key) group by one.inbox_id;
   insert into temp.carried
     select id, ${moved("inbox")}, 1 from before.inbox where id not in (select was from temp.carried);`,
  `update main.inbox as old set (${DECIDED}) =
     (select ${DECIDED} from before.inbox where id = (select was from temp.carried where now = old.id))
   where state <> 'done' and id in
     (select now from temp.carried join before.inbox newer on newer.id = was where newer.state = 'done');
   insert into main.inbox (id, ${INBOX})
     select now, ${INBOX} from before.inbox join temp.carried on was = id where is_new;
   insert into main.inbox_keys
     select channel, account, key, now from before.inbox_keys join temp.carried on was = inbox_id
     where true on conflict do nothing;`,
  `update main.outbox as old set (${SENT}) =
     (select ${SENT} from before.outbox newer where newer.origin = old.origin and newer.part = old.part)
   where (state in ('composing', 'queued', 'sending') or not ${isReply("old")})
     and exists (select 1 from before.outbox newer where newer.origin = old.origin and newer.part = old.part);
   insert into main.outbox (id, ${OUTBOX})
     select ${moved("outbox")}, ${OUTBOX} from before.outbox newer
     where (state in ('sent', 'unknown', 'failed') or ${isReply("newer")}) and not exists (
       select 1 from main.outbox old
       where (old.origin = newer.origin and old.part = newer.part) or old.client_id = newer.client_id);`,
  // The run that was named after an id belongs to another message now.
  `update main.inbox set run_id = null where id in (select now from temp.carried where is_new and now <> was);`,
  // A run of which no reply is left is not there either: the message is decided again.
  `update main.inbox set state = 'received', run_id = null, session_key = null, rule = null, detail = null,
     setting = null, binding = null
   where state = 'running' and id in (select now from temp.carried where is_new) and not exists (
     select 1 from main.outbox reply where reply.origin = 'run:' || run_id and ${isReply("reply")});
   drop table temp.carried;`,
  // An id that was given once is not given again.
  `update main.sqlite_sequence as old set seq = max(seq, coalesce(
     (select max(seq) from before.sqlite_sequence newer where newer.name = old.name), 0))
   where name in ('inbox', 'outbox');
   insert into main.sqlite_sequence (name, seq) select name, max(seq) from before.sqlite_sequence
     where name in ('inbox', 'outbox') and name not in (select name from main.sqlite_sequence) group by name;`,
  `insert into main.chats select * from before.chats where true on conflict do nothing;
   insert into main.sender_requests (channel, sender, account, name, code, created_at, last_seen_at, aliases)
     select channel, sender, account, name, code, created_at, last_seen_at, aliases from before.sender_requests
     where (channel, sender) not in (select channel, sender from main.paired_senders) on conflict do nothing;`,
];

/**
 * What came in and went out since a backup, for the database of the backup: platforms hand a message over once, and what was
 * sent cannot be taken back. `before` is the newer database; `main` takes its place.
 */

/** A draft is not yet the reply. */
const isReply = (row: string) => `not coalesce(${row}.payload ->> '$.isDraft', 0)`;
/** Newer ids stay as they are, for runs are named after them; they move up where the older database has used them. */
const moved = (table: string, id: string) => `${id} + max(0, 1 - min(${id}) over () +
       (select coalesce(max(seq), 0) from main.sqlite_sequence where name = '${table}'))`;

const INBOX = `channel, account, chat, thread, chat_kind, sender, kind, message_id, at, received_at, payload, state, run_id,
  session_key, outcome, rule, detail, setting, decided_at, binding`;
const DECIDED = "state, run_id, session_key, outcome, rule, detail, setting, decided_at, binding";
const SENT = "payload, state, problem, provider_id, attempts, not_before, sent_at";
/** The columns of the outbox before and after the origin and part, which are those of `posted`. */
const OUTBOX = [
  "client_id, channel, account, chat, thread",
  `payload, session_key, state, problem, provider_id, attempts, not_before, queued_at, expires_at, sent_at`,
] as const;
/** The run of a row as the older database calls it: a run is named after the message that it answers. */
const RENAMED = "coalesce((select substr(now, 5) from temp.renamed where was = 'run:' || run_id), run_id)";
const renamedRun = (columns: string) => columns.replace("run_id", RENAMED);

export const CARRIED_OVER: readonly string[] = [
  // Which row of the one is which of the other: an event is known by its keys, and ids were given anew after the backup.
  `create temp table carried (was integer primary key, now integer not null, is_new integer not null);
   insert into temp.carried
     select one.inbox_id, min(other.inbox_id), 0 from before.inbox_keys one
     join main.inbox_keys other using (channel, account, key) group by one.inbox_id;
   insert into temp.carried
     select id, ${moved("inbox", "id")}, 1 from before.inbox where id not in (select was from temp.carried);
   create index temp.carried_now on carried (now);
   create temp table renamed (was text primary key, now text not null);
   insert into temp.renamed select 'run:msg-' || was, 'run:msg-' || now from temp.carried where now <> was;
   create temp table posted (was integer primary key, origin text not null, part integer not null, unique (origin, part));
   insert into temp.posted
     select id, coalesce((select now from temp.renamed where was = origin), origin), part from before.outbox newer
     where state in ('sent', 'unknown', 'failed') or ${isReply("newer")} on conflict do nothing;`,
  // What becomes of a message whose run is not there is decided at the next start.
  `update main.inbox as old set (${DECIDED}) =
     (select ${renamedRun(DECIDED)} from before.inbox where id = (select was from temp.carried where now = old.id))
   where state <> 'done' and id in (
     select now from temp.carried join before.inbox newer on newer.id = was where not is_new and newer.state <> 'received');
   insert into main.inbox (id, ${INBOX})
     select now, ${renamedRun(INBOX)} from before.inbox join temp.carried on was = id where is_new;
   insert into main.inbox_keys
     select channel, account, key, now from before.inbox_keys join temp.carried on was = inbox_id
     where true on conflict do nothing;`,
  // A reply that has been cut into parts since is those parts.
  `delete from main.outbox as old where part = -1 and state = 'composing'
     and exists (select 1 from temp.posted where origin = old.origin)
     and not exists (select 1 from temp.posted where origin = old.origin and part = -1);
   update main.outbox as old set (${SENT}) =
     (select ${SENT} from before.outbox newer join temp.posted on was = newer.id
      where posted.origin = old.origin and posted.part = old.part)
   where (state <> 'sent' or not ${isReply("old")})
     and exists (select 1 from temp.posted where origin = old.origin and part = old.part);
   insert into main.outbox (id, ${OUTBOX[0]}, origin, part, ${OUTBOX[1]})
     select ${moved("outbox", "newer.id")}, ${OUTBOX[0]}, posted.origin, posted.part, ${OUTBOX[1]}
     from before.outbox newer join temp.posted on was = newer.id
     where not exists (
       select 1 from main.outbox old where old.origin = posted.origin and old.part = posted.part)
     and not exists (select 1 from main.outbox old where old.client_id = newer.client_id);`,
  // An id that was given once is not given again.
  `drop table temp.carried;
   drop table temp.renamed;
   drop table temp.posted;
   update main.sqlite_sequence as old set seq = max(seq, coalesce(
     (select max(seq) from before.sqlite_sequence newer where newer.name = old.name), 0))
   where name in ('inbox', 'outbox');
   insert into main.sqlite_sequence (name, seq) select name, max(seq) from before.sqlite_sequence
     where name in ('inbox', 'outbox') and name not in (select name from main.sqlite_sequence) group by name;`,
  // How far an account has read, and the keys that opened what it read, belong to the messages above.
  `delete from main.channel_state where (channel, account) in (select channel, account from before.channel_state);
   insert into main.channel_state (channel, account, key, value)
     select channel, account, key, value from before.channel_state;
   insert into main.chats (channel, account, chat, kind, title, space, is_self, is_member, last_at)
     select channel, account, chat, kind, title, space, is_self, is_member, last_at from before.chats where true
     on conflict do update set kind = excluded.kind, title = excluded.title, space = excluded.space,
       is_self = excluded.is_self, is_member = excluded.is_member, last_at = excluded.last_at
     where excluded.last_at >= last_at;
   insert into main.sender_requests (channel, sender, account, name, code, created_at, last_seen_at, aliases)
     select channel, sender, account, name, code, created_at, last_seen_at, aliases from before.sender_requests
     where (channel, sender) not in (select channel, sender from main.paired_senders) on conflict do nothing;`,
];

/** State folders of later 2026: most of them are databases. */
import { extname } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { jsonOr } from "../../../../base/json.ts";
import type { FoundCommand, FoundDevice, FoundJob, FoundSender, FoundTranscript } from "../found.ts";
import type { SourceDatabase } from "./database.ts";
import { deviceOf } from "./devices.ts";
import { type Fields, fieldsOf, textIn, timeIn } from "./fields.ts";
import { bareId } from "./ids.ts";
import { commandsIn } from "./january.ts";
import { type KeyWords, ourKey } from "./session-names.ts";
import type { SourceFolder } from "./source.ts";
import { type Entry, messagesOf } from "./transcript.ts";

/** The most bytes of one event, unpacked. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;
/** Jobs that the other gateway makes for itself, by what they are declared as. */
const OWN_JOBS = /^(?:heartbeat|skill-collection-review|memory-core):/;
const PICTURES: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
};

/** All transcripts of an agent. A reset is an event within one, so a transcript there may be several here. */
export function transcriptsIn(
  source: SourceFolder,
  database: SourceDatabase,
  { agentId, words, file }: { agentId: string; words: KeyWords; file: string },
): FoundTranscript[] {
  const nodes = new Map(
    database
      .rows("select session_key as key, current_session_id as id, entry_json as entry from session_nodes")
      .map(({ key, id, entry }) => [textIn(id), { key: textIn(key), entry: fieldsOf(jsonOr(String(entry))) }]),
  );
  const owners = new Map(
    (database.has("session_windows")
      ? database.rows("select session_id as id, session_key as key from session_windows")
      : []
    ).map(({ id, key }) => [textIn(id), textIn(key)]),
  );
  if (database.has("session_transcript_cold_archives")) {
    const [row] = database.rows("select count(*) as count from session_transcript_cold_archives");
    if (Number(row?.count) > 0) source.warn(file, `${String(row?.count)} transcripts in cold archives are left out`);
  }
  return database.rows("select distinct session_id as id from transcript_events order by id").flatMap(({ id }) => {
    const sid = textIn(id);
    if (sid === undefined) return [];
    const node = nodes.get(sid);
    const key = node?.key ?? owners.get(sid);
    const place = {
      sid,
      agentId,
      key: key === undefined ? undefined : ourKey(key, agentId, words),
      isCurrent: node !== undefined,
    };
    return spansOf(source, database, { ...place, entry: node?.entry ?? {}, file });
  });
}

interface Place {
  readonly sid: string;
  readonly agentId: string;
  readonly key: string | undefined;
  readonly isCurrent: boolean;
  readonly entry: Fields;
  readonly file: string;
}

function spansOf(source: SourceFolder, database: SourceDatabase, place: Place): FoundTranscript[] {
  const { sid, agentId, key, isCurrent, entry, file } = place;
  const rows = database.rows(
    "select seq, event_json as json, event_zstd as packed from transcript_events where session_id = ? order by seq",
    sid,
  );
  const entries = rows.flatMap((row): Entry[] => {
    const fields = eventOf(row);
    if (fields === undefined)
      source.warn(`${file}:${sid}:${String(row.seq)}`, "an event cannot be read and is left out");
    return fields === undefined ? [] : [{ line: Number(row.seq), fields }];
  });
  const { spans, elsewhere } = messagesOf(entries, (url) => pictureOf(source, url));
  if (elsewhere > 0) source.warn(`${file}:${sid}`, `${elsewhere} messages of other branches are left out`);
  return spans.map(({ reason, messages }, index): FoundTranscript => {
    const isLast = index === spans.length - 1;
    const updatedAt = (isLast ? timeIn(entry.updatedAt) : undefined) ?? messages.at(-1)?.at ?? 0;
    return {
      ...{ id: isLast ? sid : `${sid}.${index + 1}`, agentId, key, reason, isCurrent: isCurrent && isLast },
      ...{ createdAt: messages[0]?.at ?? updatedAt, updatedAt },
      label: isLast ? textIn(entry.label) : undefined,
      messages: () => messages,
    };
  });
}

/** An event. From about 2 KB on it is packed, and nothing of it is in the column beside. */
function eventOf({ json, packed }: Fields): Fields | undefined {
  try {
    const text =
      typeof json === "string"
        ? json
        : packed instanceof Uint8Array
          ? zstdDecompressSync(packed, { maxOutputLength: MAX_EVENT_BYTES }).toString("utf8")
          : undefined;
    return text === undefined ? undefined : fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function pictureOf(source: SourceFolder, url: string): { data: string; mimeType: string } | undefined {
  const name = /^media:\/\/inbound\/([^/\\]+)$/.exec(url)?.[1];
  const mimeType = PICTURES[extname(name ?? "").toLowerCase()];
  const bytes = name === undefined || mimeType === undefined ? undefined : source.bytes(`media/inbound/${name}`);
  return bytes === undefined || mimeType === undefined ? undefined : { data: bytes.toString("base64"), mimeType };
}

export function devicesIn(source: SourceFolder, database: SourceDatabase): FoundDevice[] {
  if (!database.has("device_pairing_paired")) return [];
  return database.rows("select * from device_pairing_paired").flatMap((row) => {
    const device = deviceOf({
      ...{ deviceId: row.device_id, publicKey: row.public_key, displayName: row.display_name, platform: row.platform },
      ...{ clientId: row.client_id, clientMode: row.client_mode, role: row.role },
      ...{
        roles: listOf(row.roles_json),
        scopes: listOf(row.scopes_json),
        approvedScopes: listOf(row.approved_scopes_json),
      },
      tokens: typeof row.tokens_json === "string" ? jsonOr(row.tokens_json) : undefined,
      ...{ createdAtMs: row.created_at_ms ?? row.created_at, approvedAtMs: row.approved_at_ms ?? row.approved_at },
    });
    if (device === undefined) source.warn("state/openclaw.sqlite", "a device without a key is left out");
    return device ?? [];
  });
}

function listOf(json: unknown): unknown {
  return typeof json === "string" ? jsonOr(json) : undefined;
}

/** The jobs that people made; those that the gateway made for itself are left out. */
export function jobsIn(database: SourceDatabase): { jobs: FoundJob[]; own: number } {
  if (!database.has("cron_jobs")) return { jobs: [], own: 0 };
  const rows = database.rows("select * from cron_jobs").map((row) => ({ row, job: fieldsOf(listOf(row.job_json)) }));
  const isOwn = ({ row, job }: (typeof rows)[number]) =>
    OWN_JOBS.test(textIn(row.declaration_key) ?? textIn(job.declarationKey) ?? "") ||
    fieldsOf(job.payload).kind === "heartbeat";
  const jobs = rows
    .filter((each) => !isOwn(each))
    .flatMap(({ row, job }): FoundJob[] => {
      const { id, name, state: _state, createdAtMs: _created, updatedAtMs: _updated, ...rest } = job;
      const jobId = textIn(id) ?? textIn(row.id) ?? textIn(row.job_id);
      if (jobId === undefined) return [];
      const jobName = textIn(name) ?? jobId;
      const nextRunAtMs = timeIn(fieldsOf(listOf(row.state_json)).nextRunAtMs);
      return [{ id: jobId, name: jobName, job: { name: jobName, ...rest }, nextRunAtMs }];
    });
  return { jobs, own: rows.filter(isOwn).length };
}

export function sendersIn(database: SourceDatabase): FoundSender[] {
  if (!database.has("channel_pairing_allow_entries")) return [];
  return database
    .rows("select channel_key as channel, account_id as account, entry from channel_pairing_allow_entries")
    .flatMap(({ channel, account, entry }) => {
      const [name, sender] = [textIn(channel), textIn(entry)];
      if (name === undefined || sender === undefined) return [];
      return [{ channel: name, account: textIn(account), sender: bareId(sender, name) }];
    });
}

export function commandsOf(database: SourceDatabase): FoundCommand[] {
  if (!database.has("exec_approvals_config")) return [];
  return database
    .rows("select raw_json as json from exec_approvals_config")
    .flatMap(({ json }) => commandsIn(listOf(json)));
}

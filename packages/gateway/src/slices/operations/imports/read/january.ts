/** State folders of January 2026: files of JSON, JSON5 and JSON lines. */
import { basename } from "node:path";
import type {
  FoundCommand,
  FoundDevice,
  FoundJob,
  FoundKey,
  FoundLogin,
  FoundSender,
  FoundTranscript,
} from "../found.ts";
import { deviceOf } from "./devices.ts";
import { countIn, type Fields, fieldsOf, listIn, textIn, textsIn, timeIn } from "./fields.ts";
import { bareId } from "./ids.ts";
import { loginKeyOf } from "./login-names.ts";
import { type KeyWords, ourKey } from "./session-names.ts";
import type { SourceFolder } from "./source.ts";
import { type Entry, messagesOf } from "./transcript.ts";

/** All transcripts of the agents: those that conversations go on in, and those that resets have left behind. */
export function transcriptsIn(source: SourceFolder, words: KeyWords): FoundTranscript[] {
  return source.names("agents").flatMap((agentId) => transcriptsOf(source, agentId, words));
}

function transcriptsOf(source: SourceFolder, agentId: string, words: KeyWords): FoundTranscript[] {
  const folder = `agents/${agentId}/sessions`;
  const files = source.names(folder).filter((name) => name.endsWith(".jsonl"));
  const rows = Object.entries(fieldsOf(source.json(`${folder}/sessions.json`))).map(([key, value]) =>
    rowOf(key, value),
  );
  const fileOf = byId(files);
  const current = rows.flatMap(({ key, id, ...row }): FoundTranscript[] => {
    const file = id === undefined ? undefined : fileOf.get(id);
    if (id === undefined || file === undefined) return [];
    return [
      transcriptAt(source, `${folder}/${file}`, {
        ...row,
        id,
        agentId,
        key: ourKey(key, agentId, words),
        isCurrent: true,
      }),
    ];
  });
  const known = new Set(current.map(({ id }) => id));
  const older = files
    .map((file) => ({ file, id: basename(file, ".jsonl").replace(/-topic-.*$/, "") }))
    .filter(({ id }) => !known.has(id))
    .map(({ file, id }) =>
      transcriptAt(source, `${folder}/${file}`, { id, agentId, key: undefined, isCurrent: false }),
    );
  return [...current, ...older];
}

/** The first file of each session: `ID.jsonl`, or `ID-topic-N.jsonl`. */
function byId(files: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of files) {
    const name = basename(file, ".jsonl");
    const ids = [...name.matchAll(/-topic-/g)].map(({ index }) => name.slice(0, index));
    for (const id of [name, ...ids]) if (!found.has(id)) found.set(id, file);
  }
  return found;
}

function rowOf(key: string, value: unknown) {
  const row = fieldsOf(value);
  const [input, output, total] = [row.inputTokens, row.outputTokens, row.totalTokens].map((each) => countIn(each) ?? 0);
  return {
    key,
    id: textIn(row.sessionId),
    updatedAt: timeIn(row.updatedAt),
    label: textIn(row.label) ?? textIn(row.displayName),
    tokens: { input: input!, output: output!, total: total! },
  };
}

/** What the list of conversations says of a transcript. */
type TranscriptRow = Omit<FoundTranscript, "messages" | "createdAt" | "updatedAt"> & {
  readonly updatedAt?: number | undefined;
};

/** A transcript whose messages are read when they are asked for. */
function transcriptAt(source: SourceFolder, file: string, { updatedAt, ...row }: TranscriptRow): FoundTranscript {
  let read: ReturnType<typeof messagesOf> | undefined;
  const entries = (): Entry[] => [...source.lines(file)].map(({ line, value }) => ({ line, fields: fieldsOf(value) }));
  const messages = () => {
    if (read === undefined) {
      read = messagesOf(entries());
      if (read.elsewhere > 0) source.warn(file, `${read.elsewhere} messages of other branches are left out`);
    }
    return read.spans.flatMap((span) => span.messages);
  };
  return {
    ...row,
    get createdAt() {
      return messages()[0]?.at ?? updatedAt ?? 0;
    },
    get updatedAt() {
      return updatedAt ?? messages().at(-1)?.at ?? 0;
    },
    messages,
  };
}

export function devicesIn(source: SourceFolder): FoundDevice[] {
  return Object.entries(fieldsOf(source.json("devices/paired.json"))).flatMap(([id, value]) => {
    const device = deviceOf({ deviceId: id, ...fieldsOf(value) });
    if (device === undefined) source.warn("devices/paired.json", `the device ${id.slice(0, 16)} has no key`);
    return device ?? [];
  });
}

export function jobsIn(source: SourceFolder): FoundJob[] {
  return listIn(fieldsOf(source.json("cron/jobs.json")).jobs).flatMap((value, index) => {
    const { id, name, state, createdAtMs: _created, updatedAtMs: _updated, ...job } = fieldsOf(value);
    const [jobId, jobName] = [textIn(id), textIn(name)];
    if (jobId === undefined) {
      source.warn("cron/jobs.json", `job ${index + 1} has no id`);
      return [];
    }
    return [
      {
        id: jobId,
        name: jobName ?? jobId,
        job: { name: jobName ?? jobId, ...job },
        nextRunAtMs: timeIn(fieldsOf(state).nextRunAtMs),
      },
    ];
  });
}

/** Senders whom a person let in: per channel there, and per channel here. */
export function sendersIn(source: SourceFolder): FoundSender[] {
  return source.names("credentials").flatMap((name) => {
    const channel = /^([a-z0-9-]+)-allowFrom\.json$/.exec(name)?.[1];
    if (channel === undefined) return [];
    const { allowFrom } = fieldsOf(source.json(`credentials/${name}`));
    return textsIn(allowFrom).map((sender) => ({ channel, sender: bareId(sender, channel) }));
  });
}

/** The logins of WhatsApp, and how far Telegram's messages were read. */
export function loginsIn(source: SourceFolder): FoundLogin[] {
  return [...whatsappLogins(source), ...telegramOffsets(source)];
}

function whatsappLogins(source: SourceFolder): FoundLogin[] {
  const accounts = source
    .names("credentials/whatsapp")
    .map((account) => ({ account, folder: `credentials/whatsapp/${account}` }));
  // Older ones kept the one account's files beside all others.
  const places = source.has("credentials/creds.json")
    ? [...accounts, { account: "default", folder: "credentials" }]
    : accounts;
  return places.flatMap(({ account, folder }) => {
    const values = new Map<string, string>();
    for (const name of source.names(folder)) {
      const key = loginKeyOf(name);
      const text = key === undefined ? undefined : source.text(`${folder}/${name}`);
      if (key !== undefined && text !== undefined && isJson(text)) values.set(key, text);
    }
    return values.has("creds") ? [{ channel: "whatsapp", account, values }] : [];
  });
}

function telegramOffsets(source: SourceFolder): FoundLogin[] {
  return source.names("telegram").flatMap((name) => {
    const account = /^update-offset-(.+)\.json$/.exec(name)?.[1];
    const last = account === undefined ? undefined : countIn(fieldsOf(source.json(`telegram/${name}`)).lastUpdateId);
    return account === undefined || last === undefined
      ? []
      : [{ channel: "telegram", account, values: new Map([["offset", String(last)]]) }];
  });
}

export function commandsIn(value: unknown): FoundCommand[] {
  return Object.entries(fieldsOf(fieldsOf(value).agents)).flatMap(([agentId, rules]) =>
    listIn(fieldsOf(rules).allowlist).flatMap((each) => {
      const pattern = textIn(fieldsOf(each).pattern) ?? textIn(each);
      return pattern === undefined ? [] : [{ agentId, pattern }];
    }),
  );
}

/** API keys. The file is copied into every agent's folder, so each is counted once. Logins of subscriptions are not keys. */
export function keysIn(source: SourceFolder): { keys: FoundKey[]; logins: string[] } {
  const keys = new Map<string, FoundKey>();
  const logins = new Set<string>();
  for (const agentId of source.names("agents")) {
    const { profiles } = fieldsOf(source.json(`agents/${agentId}/agent/auth-profiles.json`));
    for (const [profile, value] of Object.entries(fieldsOf(profiles))) {
      const { type, provider, key, token } = fieldsOf(value) as Fields;
      const [name, secret] = [textIn(provider), textIn(key) ?? textIn(token)];
      if (name === undefined) continue;
      if (type === "api_key" && secret !== undefined)
        keys.set(`${name} ${secret}`, { provider: name, profile, key: secret });
      else logins.add(`${name} (${profile})`);
    }
  }
  return { keys: [...keys.values()], logins: [...logins] };
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

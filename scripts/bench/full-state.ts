/** What a full life costs: a gateway with 10,000 conversations of 1,000,000 messages over one with nothing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import { type Client, connect, waitForPort } from "./client.ts";
import { against, alone, type Bench, type Figure } from "./figures.ts";
import { Child, median, rssMb } from "./process.ts";

const CONVERSATIONS = 10_000;
const MESSAGES = 1_000_000;
/** The conversation that is read: it has more messages than are asked for. */
const READ_KEY = "agent:main:telegram:dm:p0";
/** A call may take so much longer than on an empty state beside what the ratio allows, ms. */
const CALL_GRACE_MS = 20;
const CALL_REACH = 3;
const LOOP_REACH_MS = 50;

/** The calls that are measured; the words are the commonest one, the beginning of it, and one that is nowhere with it. */
const CALLS = {
  "sessions.list of 50": ["sessions.list", { limit: 50, includeDerivedTitles: true, includeLastMessage: true }],
  "sessions.search of the commonest word": ["sessions.search", { query: "the" }],
  "sessions.search of its beginning": ["sessions.search", { query: "mess" }],
  "sessions.search of words that never meet": ["sessions.search", { query: "even odd" }],
  "chat.history of 200": ["chat.history", { sessionKey: READ_KEY, limit: 200 }],
} as const satisfies Record<string, readonly [method: string, params: object]>;

/** Start, idle memory, and calls that read much, on a full state over an empty one. */
export async function fullState(bench: Bench): Promise<Figure[]> {
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-full-"));
  try {
    fill(join(stateDir, "state.db"), bench.quick ? 10 : 1);
    const full = { ...bench, stateDir, env: { ...bench.env, MOLTBOT_STATE_DIR: stateDir } };
    writeFileSync(join(stateDir, "moltbot.json"), JSON.stringify({ models: { detectLocal: false } }));
    const start = { ours: [] as number[], floor: [] as number[] };
    for (let round = 0; round < (bench.quick ? 3 : 9); round++) {
      start.floor.push(await startMs(bench));
      start.ours.push(await startMs(full));
    }
    const floor = await measured(bench);
    const ours = await measured(full);
    return [
      against("full state: spawn to first hello-ok, over an empty one", "ms", {
        ours: median(start.ours),
        floor: median(start.floor),
        reach: 1.1,
      }),
      against("full state: idle memory after 10 s, over an empty one", "MB", {
        ours: ours.memoryMb,
        floor: floor.memoryMb,
        reach: 1.2,
      }),
      ...Object.keys(CALLS).flatMap((name): Figure[] => {
        const [own, least] = [ours.calls[name]!, floor.calls[name]!];
        const allowed = CALL_REACH * least.ms + CALL_GRACE_MS;
        return [
          against(`full state: ${name}`, "ms", { ours: own.ms, floor: least.ms, reach: round(allowed / least.ms) }),
          alone(`full state: ${name}, loop held`, "ms", own.heldMs, LOOP_REACH_MS),
        ];
      }),
    ];
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** Spawn to hello-ok, ms. */
export async function startMs(bench: Bench): Promise<number> {
  const startedAt = performance.now();
  await using _gateway = launched(bench);
  await waitForPort(bench.port);
  (await connect(bench)).close();
  return performance.now() - startedAt;
}

export function launched(bench: Bench, preload: readonly string[] = []): Child {
  const child = new Child([...preload, bench.bin, "gateway", "--port", String(bench.port)], bench.env);
  child.process.stdout!.resume();
  return child;
}

interface Measured {
  readonly memoryMb: number;
  readonly calls: Readonly<Record<string, { readonly ms: number; readonly heldMs: number }>>;
}

async function measured(bench: Bench): Promise<Measured> {
  const file = join(bench.stateDir, "loop-held");
  const env = { ...bench.env, LOOP_HELD_FILE: file };
  await using gateway = launched({ ...bench, env }, [
    "--conditions=moltbot-source",
    "--import",
    join(bench.here, "loop-held.ts"),
  ]);
  await waitForPort(bench.port);
  await sleep(10_000);
  const memoryMb = rssMb(gateway.pid);
  const client = await connect(bench);
  const calls: Record<string, { ms: number; heldMs: number }> = {};
  for (const [name, [method, params]] of Object.entries(CALLS)) {
    const ms = await callMs(client, method, params, bench.quick ? 5 : 15);
    calls[name] = { ms, heldMs: await heldMs(gateway, file) };
  }
  client.close();
  return { memoryMb, calls };
}

async function callMs(client: Client, method: string, params: object, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    await client.request(method, params);
    times.push(performance.now() - startedAt);
  }
  return median(times);
}

/** The longest that the loop was held since the last question, ms. */
export async function heldMs(gateway: Child, file: string): Promise<number> {
  rmSync(file, { force: true });
  gateway.process.kill("SIGUSR2");
  for (;;) {
    try {
      return Number(readFileSync(file, "utf8"));
    } catch {
      await sleep(20);
    }
  }
}

/** Writes the state as a gateway would have in years; `part` leaves out all but one of so many. */
export function fill(path: string, part: number): void {
  openStore(path, TABLES)[Symbol.dispose]();
  const db = new DatabaseSync(path);
  db.exec("pragma synchronous = off; pragma journal_mode = off; pragma cache_size = -200000");
  const trigger = db.prepare("select sql from sqlite_schema where name = 'messages_search_insert'").get()!
    .sql as string;
  db.exec("drop trigger messages_search_insert; begin");
  const session = db.prepare(
    "insert into sessions (key, session_id, agent_id, created_at, updated_at) values (?, ?, 'main', ?, ?)",
  );
  const message = db.prepare(
    "insert into messages (id, session_key, session_id, role, at, text, body) values (?, ?, ?, ?, ?, ?, ?)",
  );
  const now = Date.now();
  const conversations = CONVERSATIONS / part;
  for (let n = 0; n < conversations; n++) session.run(keyOf(n), `s${n}`, now - MESSAGES * 1_000, now - n * 1_000);
  for (let n = 0; n < MESSAGES / part; n++) {
    // A fifth of all is said in the first conversation's neighbourhood, as it is with people.
    const owner = n % 5 === 0 ? (n / 5) % 100 : n % conversations;
    const text = textOf(n);
    const body = JSON.stringify({ content: [{ type: "text", at: [0, text.length] }] });
    const role = Math.floor(n / 10) % 2 === 0 ? "user" : "assistant";
    message.run(`m${n}`, keyOf(owner), `s${owner}`, role, now - (MESSAGES - n) * 1_000, text, body);
  }
  db.exec(`commit; ${trigger}; insert into messages_search (messages_search) values ('rebuild')`);
  db.close();
}

function keyOf(n: number): string {
  return `agent:main:telegram:dm:p${n}`;
}

const WORDS = "garden letter window market river paper table music winter summer train coffee answer question".split(
  " ",
);

/** A message of some 150 characters; every one says “the”, and no number is both even and odd. */
function textOf(n: number): string {
  const words = Array.from({ length: 16 }, (_, index) => WORDS[(n * 7 + index * (n % 11) + index) % WORDS.length]);
  return `This is message ${n}, an ${n % 4 < 2 ? "even" : "odd"} one about the ${words.join(" ")}.`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// State folders that somebody hostile has made: an import tells what it does not read, reads nothing outside, and does not hold
// the gateway.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { longestTurnMs } from "../support/cpu-time.ts";
import { testGateway } from "../support/gateway.ts";
import { januaryFolder, put, todayFolder } from "../support/other-gateways.ts";

/** In memory where that can be: a disk is slow with so many files. */
const home = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "moltbot-hostile-"));
const gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }), env: { HOME: home } });
after(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});
const client = await gateway.connect({ scopes: ["operator.admin"] });
const SECRET = "a-secret-that-stands-outside";
writeFileSync(join(home, "outside.txt"), SECRET);

/** A folder of January, spoiled; what a plan for it answers, and the longest that the gateway was held for it, ms of CPU. */
async function planFor(spoil: (folder: string) => void, make = januaryFolder as (folder: string) => unknown) {
  const folder = join(home, `.openclaw-${readdirSync(home).length}`);
  make(folder);
  spoil(folder);
  let answer: Awaited<ReturnType<typeof client.request>> | undefined;
  const heldMs = await longestTurnMs(async () => {
    answer = await client.request("import.plan", { folder });
  });
  rmSync(folder, { recursive: true });
  return { answer: answer!, warnings: ((answer!.payload?.warnings ?? []) as string[]).join("\n"), heldMs };
}

/** A file of that size that takes no room, with a beginning. */
function sparse(path: string, bytes: number, head = ""): void {
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  writeSync(file, head, 0);
  closeSync(file);
}

const SESSIONS = "agents/main/sessions";
const CASES: Readonly<Record<string, readonly [spoil: (folder: string) => void, says: RegExp]>> = {
  "a transcript that is a link out of the folder": [
    (folder) => {
      rmSync(join(folder, SESSIONS, "s-main.jsonl"), { force: true });
      symlinkSync(join(home, "outside.txt"), join(folder, SESSIONS, "s-main.jsonl"));
    },
    /s-main\.jsonl: is a link, and links are not followed/,
  ],
  "a folder that is a link upwards": [
    (folder) => {
      rmSync(join(folder, "cron"), { recursive: true, force: true });
      put(join(home, "elsewhere"), "jobs.json", { version: 1, jobs: [] });
      symlinkSync("../elsewhere", join(folder, "cron"));
    },
    /cron\/jobs\.json: is reached through a link, and links are not followed/,
  ],
  "a pipe in the place of the sessions": [
    (folder) => {
      rmSync(join(folder, SESSIONS, "sessions.json"));
      spawnSync("mkfifo", [join(folder, SESSIONS, "sessions.json")]);
    },
    /sessions\.json: is not a regular file/,
  ],
  "a settings file that includes what stands outside": [
    (folder) => put(folder, "clawdbot.json", `{ "$include": "../outside.txt" }`),
    /outside\.txt/,
  ],
  "JSON of 100 MB": [
    (folder) => put(folder, `${SESSIONS}/sessions.json`, `{"main":{"sessionId":"${"x".repeat(100_000_000)}"}}`),
    /sessions\.json: is larger than 64 MiB/,
  ],
  "JSON5 of 30 MB": [
    (folder) => put(folder, `${SESSIONS}/sessions.json`, `{${"a:1,".repeat(7_500_000)}}`),
    /sessions\.json: is no JSON, and larger than the 2 MiB of JSON5 that are read/,
  ],
  "JSON5 that is nested without end": [
    (folder) => put(folder, `${SESSIONS}/sessions.json`, "[".repeat(1_000_000)),
    /sessions\.json: is nested deeper than 200 levels/,
  ],
  "a transcript of 10 GB that takes no room": [
    (folder) => sparse(join(folder, SESSIONS, "s-main.jsonl"), 10 * 1024 ** 3),
    /s-main\.jsonl: is larger than 1024 MiB/,
  ],
  "names with control characters": [(folder) => put(folder, `${SESSIONS}/a\x1b[2Jb\nc.jsonl`, "not JSON\n"), /^/],
};

for (const [what, [spoil, says]] of Object.entries(CASES))
  test(`an import of a folder with ${what}`, async () => {
    const { answer, warnings, heldMs } = await planFor(spoil);

    assert.equal(answer.ok, true, JSON.stringify(answer.error));
    assert.match(warnings, says);
    assert.doesNotMatch(JSON.stringify(answer), new RegExp(`${SECRET}|\\x1b`));
    assert.ok(heldMs < 3_000, `${heldMs} ms of CPU`);
  });

test("a file that is no database is not copied, however large it looks", async () => {
  const database = "state/openclaw.sqlite";
  const before = process.memoryUsage().rss;
  const large = await planFor((folder) => {
    rmSync(join(folder, database), { force: true });
    sparse(join(folder, database), 1_900 * 1024 ** 2, "no database");
  }, closed(todayFolder));

  assert.match(large.warnings, /openclaw\.sqlite: is not a whole database/);
  assert.ok(process.memoryUsage().rss - before < 500_000_000, "its size was taken as memory");
  assert.ok(large.heldMs < 3_000, `${large.heldMs} ms of CPU`);
});

test("30,000 transcripts and as many rows that name none of them do not hold the gateway", async () => {
  const { answer, heldMs } = await planFor((folder) => {
    mkdirSync(join(folder, "agents", "many", "sessions"), { recursive: true });
    const rows: Record<string, unknown> = {};
    for (let n = 0; n < 30_000; n++) {
      closeSync(openSync(join(folder, "agents", "many", "sessions", `file-${n}.jsonl`), "w"));
      rows[`row-${n}`] = { sessionId: `none-${n}` };
    }
    put(folder, "agents/many/sessions/sessions.json", rows);
  });

  assert.equal(answer.ok, true, JSON.stringify(answer.error));
  assert.ok(heldMs < 4_000, `${heldMs} ms of CPU`);
});

/** Closes what a folder was made with. */
function closed(make: (folder: string) => readonly { close(): void }[]): (folder: string) => void {
  return (folder) => {
    for (const each of make(folder)) each.close();
  };
}

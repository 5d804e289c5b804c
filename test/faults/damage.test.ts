// Damage of the database: real bytes written over in a real file, and a real gateway process that starts on it.
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Home, RunningGateway } from "../cli/harness.ts";
import { WireClient } from "../support/wire-client.ts";
import {
  copyOf,
  cut,
  databaseOf,
  misplacePage,
  noise,
  overwrite,
  PAGE_BYTES,
  pagesIn,
  SESSIONS,
  usedHome,
} from "./damage-stage.ts";

let stopped: Home;
let killed: Home;
before(async () => {
  [stopped, killed] = await Promise.all([usedHome("SIGTERM"), usedHome("SIGKILL")]);
});
after(() => {
  stopped?.[Symbol.dispose]();
  killed?.[Symbol.dispose]();
});

const SENTENCE = /state\.db is (damaged|missing|empty).*`moltbot doctor --salvage`/s;
const DAMAGED = /^the database is (damaged; stop the gateway|being checked for damage)/;

async function connected(gateway: RunningGateway): Promise<WireClient> {
  const client = new WireClient(gateway.url, { token: gateway.token });
  await client.opened();
  await client.shakeHands({ scopes: ["operator.admin"] });
  return client;
}

/** What reads of every table, and one thing that writes. */
const CALLS: readonly (readonly [method: string, params: object])[] = [
  ["health", { probe: true }],
  ["status", {}],
  ["sessions.list", {}],
  ["sessions.search", { query: "word7" }],
  ...[0, 5, 11, 23, 39].map((n) => ["chat.history", { sessionKey: `agent:main:chat${n}` }] as const),
  ["device.pair.list", {}],
  ["pairing.list", {}],
  ["inbox.list", {}],
  ["outbox.list", {}],
  ["usage.cost", {}],
  ["runs.list", {}],
  ["agent", { message: "/echo still here", sessionKey: "agent:main:chat3", idempotencyKey: "after-damage" }],
  ["chat.history", { sessionKey: "agent:main:chat3" }],
];

/** What is wrong with the answers: nothing, when each is one or a sentence about the damage. */
async function complaints(gateway: RunningGateway): Promise<string[]> {
  using client = await connected(gateway);
  const wrong: string[] = [];
  for (const [method, params] of CALLS) {
    const { ok, error } = await client.request(method, params);
    if (!ok && !DAMAGED.test(error!.message)) wrong.push(`${method}: ${error!.message}`);
  }
  return wrong;
}

/** Starts a gateway; what is wrong with its answers, or with the sentence with which it refuses. */
async function judged(home: Home): Promise<{ started: boolean; wrong: readonly string[] }> {
  let gateway: RunningGateway;
  try {
    gateway = await home.gateway();
  } catch (error) {
    const { message } = error as Error;
    return { started: false, wrong: SENTENCE.test(message) ? [] : [message] };
  }
  await using _ended = gateway;
  const wrong = await complaints(gateway);
  const code = await gateway.end("SIGTERM");
  return { started: true, wrong: code === 0 ? wrong : [...wrong, `it ended with ${code}`] };
}

type Harm = (database: string, seed: number) => void;

const HARMS: Readonly<Record<string, Harm>> = {
  "noise over a page": (path, seed) => overwrite(path, pageAt(path, seed) * PAGE_BYTES, noise(PAGE_BYTES, seed)),
  "zeros over a page": (path, seed) => overwrite(path, pageAt(path, seed) * PAGE_BYTES, Buffer.alloc(PAGE_BYTES)),
  "noise in the middle of a page": (path, seed) =>
    overwrite(path, pageAt(path, seed) * PAGE_BYTES + 1_000 + (seed % 2_000), noise(300, seed)),
  "a page in the place of another": (path, seed) =>
    misplacePage(path, pageAt(path, seed * 7 + 1) + 1, pageAt(path, seed) + 1),
  "noise over many pages": (path, seed) =>
    overwrite(path, pageAt(path, seed) * PAGE_BYTES, noise(PAGE_BYTES * 12, seed)),
};

function pageAt(path: string, seed: number): number {
  return 1 + ((Math.imul(seed, 2_654_435_761) >>> 0) % (pagesIn(path) - 1));
}

describe("damage of pages", { concurrency: 2 }, () => {
  const PLACES = 4;
  for (const [name, harm] of Object.entries(HARMS)) {
    for (let place = 1; place <= PLACES; place++) {
      test(`${name}, place ${place}: the gateway answers properly, or says a sentence`, async () => {
        using home = copyOf(place % 2 === 0 ? killed : stopped);
        harm(databaseOf(home), place * 31 + name.length);

        const { wrong } = await judged(home);

        assert.deepEqual(wrong, []);
      });
    }
  }
});

describe("damage of the file", { concurrency: 2 }, () => {
  const kinds: Readonly<Record<string, (path: string) => void>> = {
    "a header of noise": (path) => overwrite(path, 0, noise(100, 1)),
    "a first page of zeros": (path) => overwrite(path, 0, Buffer.alloc(PAGE_BYTES)),
    "another page size in the header": (path) => overwrite(path, 16, Buffer.from([0x10, 0x01])),
    "half of the file": (path) => cut(path, 0.5),
    "an odd part of the file": (path) => cut(path, 0.317),
    "less than a header": (path) => writeFileSync(path, "SQLite format 3\0"),
    "no bytes at all": (path) => writeFileSync(path, ""),
    "no file": (path) => rmSync(path),
  };
  for (const [name, harm] of Object.entries(kinds)) {
    test(`${name}: a start is refused for good, and nothing is made or deleted`, async () => {
      using home = copyOf(stopped);
      harm(databaseOf(home));
      const files = readdirSync(home.stateDir).filter((file) => file.startsWith("state.db"));

      const { code, stderr } = await home.run(["gateway", "--port", "0"]);

      assert.match(stderr, SENTENCE);
      assert.equal(code, 78);
      assert.deepEqual(
        readdirSync(home.stateDir).filter((file) => /^state\.db(?!-wal$|-shm$)/.test(file)),
        files,
      );
    });
  }

  test("a journal whose file is gone is refused, and stays as it is", async () => {
    using home = copyOf(killed);
    writeFileSync(databaseOf(home), "");
    const journal = readFileSync(`${databaseOf(home)}-wal`);

    const { code, stderr } = await home.run(["gateway", "--port", "0"]);

    assert.match(stderr, /state\.db is empty, but this folder was used\. Nothing was changed\./);
    assert.equal(code, 78);
    assert.ok(readFileSync(`${databaseOf(home)}-wal`).equals(journal));
  });
});

/** How many messages a database has. */
function messagesIn(path: string): number {
  using db = new DatabaseSync(path, { readOnly: true });
  return Number(db.prepare("select count(*) as n from messages").get()!.n);
}

/** Asks for the health until it satisfies `isSo`; each answer is waited for. */
async function healthUntil(client: WireClient, isSo: (database: DatabaseHealth) => boolean): Promise<DatabaseHealth> {
  for (let asked = 0; asked < 600; asked++) {
    const { database } = await client.call("health", { probe: true });
    if (isSo(database)) return database;
    await sleep(50);
  }
  throw new Error("the database's health did not change");
}

interface DatabaseHealth {
  readonly ok: boolean;
  readonly problem?: string;
  readonly checkedAt?: number;
}

describe("a gateway that runs", { concurrency: 2 }, () => {
  test("checks its database after a kill, and not after a clean end", async () => {
    using unclean = copyOf(killed);
    {
      await using gateway = await unclean.gateway();
      using client = await connected(gateway);
      const { ok } = await healthUntil(client, ({ checkedAt }) => checkedAt !== undefined);
      assert.equal(ok, true);
      assert.equal(await gateway.end("SIGTERM"), 0);
    }
    const lines = () => readFileSync(join(unclean.stateDir, "logs", "gateway.log"), "utf8");
    const said = () => lines().split("the gateway did not end cleanly the last time").length - 1;
    const before = said();

    await using gateway = await unclean.gateway();
    using client = await connected(gateway);
    await client.call("health");

    assert.deepEqual([before, said()], [1, 1]);
  });

  test("says of damage that comes while it runs what to do, in health, status, doctor and once in the log", async () => {
    using home = copyOf(stopped);
    await using gateway = await home.gateway();
    using client = await connected(gateway);
    const path = databaseOf(home);
    for (let page = 100; page < pagesIn(path); page++) overwrite(path, page * PAGE_BYTES, noise(PAGE_BYTES, page));

    const wrong = await complaints(gateway);
    const { problem } = await healthUntil(client, ({ ok }) => !ok);
    const doctor = await home.run(["doctor"]);
    const health = await home.run(["health"]);
    const log = readFileSync(join(home.stateDir, "logs", "gateway.log"), "utf8");

    assert.deepEqual(wrong, []);
    assert.match(problem!, /^The database is damaged: stop the gateway, then `moltbot doctor --salvage`/);
    assert.match(doctor.stdout, /fail {2}database/);
    assert.match(health.stdout, /answers\.\n(.*\n)*.*The database is damaged/);
    assert.equal(log.split('"msg":"the database is damaged').length - 1, 1);
  });

  test("keeps a damaged journal before it goes on without a part of it, and says so", async () => {
    using home = copyOf(killed);
    const journal = `${databaseOf(home)}-wal`;
    overwrite(journal, Math.floor(statSync(journal).size / 2), noise(600, 5));
    const bytes = readFileSync(journal);

    await using gateway = await home.gateway();
    using client = await connected(gateway);
    const { problem } = await healthUntil(client, (database) => database.problem !== undefined);

    const kept = readdirSync(home.stateDir).find((file) => file.startsWith("state.db-wal.damaged-"))!;
    assert.ok(readFileSync(join(home.stateDir, kept)).equals(bytes));
    assert.match(problem!, /^(What was written last|The database is damaged)/);
  });
});

describe("moltbot doctor", { concurrency: 2 }, () => {
  test("--salvage gets back all that was said from a file without its first page, and a gateway goes on with it", async () => {
    using home = copyOf(stopped);
    const path = databaseOf(home);
    const messages = messagesIn(path);
    overwrite(path, 0, noise(PAGE_BYTES, 3));

    const asked = await home.run(["doctor", "--salvage"]);
    const stillDamaged = await home.run(["gateway", "--port", "0"]);
    const done = await home.run(["doctor", "--salvage", "--yes"]);

    assert.match(asked.stdout, /state\.db\.salvaged; nothing else was changed/);
    assert.equal(stillDamaged.code, 78);
    assert.match(done.stdout, /The new file is in place\. The damaged one is kept as state\.db\.damaged-/);
    assert.equal(messagesIn(path), messages);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const { started, wrong } = await judged(home);
    assert.deepEqual({ started, wrong }, { started: true, wrong: [] });
  });

  test("--salvage counts what a journal holds, and what bad pages have lost", async () => {
    using home = copyOf(killed);
    const path = databaseOf(home);
    for (const page of [40, 90, 140]) overwrite(path, page * PAGE_BYTES, Buffer.alloc(PAGE_BYTES));

    const { stdout, code } = await home.run(["doctor", "--salvage", "--yes", "--json"]);

    const { tables } = JSON.parse(stdout) as { tables: { table: string; rows: number; missing: number }[] };
    const { rows, missing } = tables.find(({ table }) => table === "messages")!;
    assert.equal(code, 0);
    assert.equal(messagesIn(path), rows);
    assert.ok(rows + missing >= 2 * SESSIONS, `${rows} messages, ${missing} missing`);
    assert.deepEqual((await judged(home)).wrong, []);
  });

  test("does nothing while a gateway runs", async () => {
    using home = copyOf(stopped);
    await using _gateway = await home.gateway();
    const files = readdirSync(home.stateDir);

    for (const how of ["--salvage", "--restore", "--start-empty"]) {
      const { code, stderr } = await home.run(["doctor", how, "--yes"]);

      assert.deepEqual([code, /A gateway runs on .*; stop it first/.test(stderr)], [1, true]);
    }
    assert.deepEqual(readdirSync(home.stateDir), files);
  });

  test("--restore goes back to the newest sound copy, and leaves a damaged one", async () => {
    using home = copyOf(stopped);
    const path = databaseOf(home);
    copyFileSync(path, `${path}.daily.1`);
    writeFileSync(`${path}.daily`, noise(50_000, 1));
    writeFileSync(path, "");

    const refused = await home.run(["doctor", "--restore"]);
    const done = await home.run(["doctor", "--restore", "--yes"]);

    assert.match(
      refused.stderr,
      /Nothing was changed\. To go back to state\.db\.daily\.1: `moltbot doctor --restore --yes`/,
    );
    assert.match(done.stdout, /^state\.db\.daily\.1 is in place\. What was there is kept as state\.db\.damaged-/);
    assert.deepEqual(await judged(home), { started: true, wrong: [] });
  });

  test("--start-empty begins anew and keeps the old files", async () => {
    using home = copyOf(killed);
    const path = databaseOf(home);
    overwrite(path, 0, noise(200, 9));
    const journal = readFileSync(`${path}-wal`);

    const { code } = await home.run(["doctor", "--start-empty", "--yes"]);

    const kept = readdirSync(home.stateDir).find((file) => /^state\.db\.damaged-.*-wal$/.test(file))!;
    assert.equal(code, 0);
    assert.ok(readFileSync(join(home.stateDir, kept)).equals(journal));
    assert.deepEqual(await judged(home), { started: true, wrong: [] });
  });

  for (const [how, name] of [
    ["--salvage", "salvaged"],
    ["--start-empty", "empty"],
  ] as const)
    test(`${how} works again after one that was killed when its new file was closed`, async () => {
      using home = copyOf(stopped);
      writeFileSync(`${databaseOf(home)}.${name}.closed`, "60 bytes, written at 1 ns\n");

      const { code, stderr } = await home.run(["doctor", how, "--yes"]);

      assert.deepEqual([code, stderr], [0, ""]);
      assert.deepEqual(await judged(home), { started: true, wrong: [] });
    });

  test("looks at the database of a gateway that does not run, and changes nothing", async () => {
    using sound = copyOf(killed);
    using broken = copyOf(killed);
    for (let page = 20; page < 60; page++) overwrite(databaseOf(broken), page * PAGE_BYTES, noise(PAGE_BYTES, page));
    for (let page = 5; page < 60; page++)
      overwrite(`${databaseOf(broken)}-wal`, page * PAGE_BYTES, noise(PAGE_BYTES, page));
    const files = readdirSync(sound.stateDir);

    const [whole, damaged] = [await sound.run(["doctor"]), await broken.run(["doctor"])];

    assert.match(whole.stdout, /ok {4}database +Whole/);
    assert.match(damaged.stdout, /fail {2}database/);
    assert.deepEqual(readdirSync(sound.stateDir), files);
  });
});

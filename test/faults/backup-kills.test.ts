// Kills at random changes of files during everything that moves a whole state: what there is afterwards is whole each time.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { backupsIn } from "../../packages/gateway/src/base/backup/backup-folder.ts";
import { readArchive } from "../../packages/gateway/src/base/backup/unpack.ts";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { dumpInSubprocess } from "../../packages/gateway/src/base/store/store-subprocess.ts";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import { takeUpRestore } from "../../packages/gateway/src/start/restored.ts";
import { Home, type Outcome } from "../cli/harness.ts";
import { januaryFolder } from "../support/other-gateways.ts";
import { LIMIT_MS } from "../support/time-limit.ts";

const PRELOAD = fileURLToPath(new URL("kill-at.mjs", import.meta.url));
/** Kills of each command, at changes that are spread over all of its changes. */
const KILLS = 4;
const signal = AbortSignal.timeout(30 * LIMIT_MS);

/** A state as it stands on disk: its rows, and a file beside them that belongs to them. */
type Side = readonly [rows: string, file: string];

/** A state folder, its backups, and a place where both are kept to begin again. */
class Stage implements Disposable {
  readonly home = new Home();
  readonly folder = join(this.home.stateDir, "..");
  readonly stateDir = this.home.stateDir;
  readonly backups = `${this.stateDir}-backups`;
  readonly database = join(this.stateDir, "state.db");
  readonly #kept = join(this.folder, "kept");

  constructor() {
    mkdirSync(join(this.stateDir, "workspace"), { recursive: true, mode: 0o700 });
    writeFileSync(join(this.stateDir, "moltbot.json"), JSON.stringify({ backup: { keepDaily: 1, keepWeekly: 0 } }));
    openStore(this.database, TABLES)[Symbol.dispose]();
  }

  /** Something is said, and a file beside it says so. */
  says(text: string): void {
    using store = openStore(this.database, TABLES);
    const at = Date.now();
    store.transaction(() => {
      store.run(
        "insert or ignore into sessions (key, session_id, agent_id, created_at, updated_at) values ('agent:main:main', 's', 'main', ?, ?)",
        ...[at, at],
      );
      store.run(
        "insert into messages (id, session_key, session_id, role, at, text, body) values (?, 'agent:main:main', 's', 'user', ?, ?, '{}')",
        ...[text, at, text],
      );
    });
    writeFileSync(join(this.stateDir, "workspace", "said.txt"), text);
  }

  /** Runs a command to its end; with `killAt` it is killed at that change. */
  async run(args: readonly string[], { killAt = 0, count = "" } = {}): Promise<Outcome> {
    const kill = { KILL_WITHIN: this.folder, KILL_AT: String(killAt), KILL_COUNT: count };
    return await this.home.run(args, {
      env: { HOME: this.folder, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import ${PRELOAD}`, ...kill },
    });
  }

  async side(): Promise<Side> {
    openStore(this.database, TABLES)[Symbol.dispose]();
    const { dump } = await dumpInSubprocess(this.database, { clock: systemClock, signal });
    return [dump, readFileSync(join(this.stateDir, "workspace", "said.txt"), "utf8")];
  }

  /** What a start does first: an interrupted exchange is taken back, one that is ready is done. */
  startsAgain(): void {
    const restored = takeUpRestore(this.stateDir);
    if (restored?.kind === "trial") restored.commitPlan();
  }

  keep(): void {
    rmSync(this.#kept, { recursive: true, force: true });
    for (const name of this.#names()) cpSync(join(this.folder, name), join(this.#kept, name), { recursive: true });
  }

  beginAgain(): void {
    for (const name of this.#names()) rmSync(join(this.folder, name), { recursive: true });
    cpSync(this.#kept, this.folder, { recursive: true });
  }

  #names(): string[] {
    return readdirSync(this.folder).filter((name) => name !== "kept");
  }

  /** Reads every file that has the name of a backup; throws when one is not whole. Returns how many there are. */
  async allWhole(): Promise<number> {
    const all = await backupsIn(this.backups);
    for (const { path } of all) await readArchive(path, { signal });
    return all.length;
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
  }
}

let stage: Stage;
let old: Side;
let fresh: Side;
before(async () => {
  stage = new Stage();
  stage.says("before the backup");
  old = await stage.side();
  assert.equal((await stage.run(["backup", "now"])).code, 0);
  stage.says("after the backup");
  fresh = await stage.side();
  stage.keep();
});
after(() => stage[Symbol.dispose]());

/** Where a command is killed: its first change, its last, and others that nobody has chosen. */
async function moments(args: readonly string[], prepare: () => Promise<void>): Promise<number[]> {
  stage.beginAgain();
  await prepare();
  const file = join(stage.folder, "count");
  const { code, stderr } = await stage.run(args, { count: file });
  assert.equal(code, 0, stderr);
  const changes = Number(readFileSync(file, "utf8"));
  assert.ok(changes > KILLS, `only ${changes} changes were seen`);
  const between = Array.from({ length: KILLS - 2 }, () => 1 + Math.floor(Math.random() * changes));
  return [1, ...between, changes];
}

interface Killed {
  readonly args: readonly string[];
  /** What there is before the command. */
  prepare?(): Promise<void>;
  /** What must hold after each kill and the start that follows. */
  check(): Promise<void>;
}

/** Kills a command again and again; afterwards it runs to its end as if nothing had been. */
async function survives({ args, prepare = async () => {}, check }: Killed): Promise<void> {
  for (const killAt of await moments(args, prepare)) {
    stage.beginAgain();
    await prepare();
    const { code, stdout } = await stage.run(args, { killAt });
    const where = `killed at change ${killAt}`;
    assert.equal(code, null, `${where}: it ended with ${code}: ${stdout}`);
    stage.startsAgain();
    await check().catch((error: unknown) => assert.fail(`${where}: ${error}`));
    const again = await stage.run(args);
    assert.equal(again.code, 0, `${where}, then: ${again.stderr}`);
  }
}

async function isOneOf(...sides: readonly Side[]): Promise<void> {
  const found = await stage.side();
  assert.ok(
    sides.some((side) => side[0] === found[0] && side[1] === found[1]),
    `neither side is there: the file says ${found[1]}`,
  );
}

test("a backup that is killed changes nothing, and no half one is taken for one", async () => {
  await survives({
    args: ["backup", "now"],
    async check() {
      await isOneOf(fresh);
      assert.ok((await stage.allWhole()) >= 1);
    },
  });
});

test("a restore that is killed leaves the one state or the other, never some of both", async () => {
  await survives({
    args: ["restore", "--yes"],
    check: () => isOneOf(old, fresh),
  });
});

test("a restore that is taken back, and killed at that, leaves the one state or the other", async () => {
  await survives({
    args: ["restore", "undo"],
    async prepare() {
      assert.equal((await stage.run(["restore", "--yes"])).code, 0);
    },
    async check() {
      await isOneOf(old, fresh);
      // It may have happened just before the kill: then there is a restore again that can be taken back.
      if ((await stage.side())[0] === fresh[0]) assert.equal((await stage.run(["restore", "--yes"])).code, 0);
    },
  });
});

test("a prune that is killed leaves whole backups, the newest among them", async () => {
  const [newest] = await backupsIn(stage.backups);
  await survives({
    args: ["backup", "prune"],
    async prepare() {
      for (const day of ["01", "02", "03", "04", "05", "06"])
        cpSync(newest!.path, join(stage.backups, `moltbot-2020-01-${day}T03-00-00-000Z.tar.zst`));
    },
    async check() {
      assert.ok(existsSync(newest!.path));
      assert.ok((await stage.allWhole()) >= 1);
      await isOneOf(fresh);
    },
  });
});

test("an import that is killed has happened or not, and can be made again", async () => {
  const january = join(stage.folder, ".clawdbot");
  await survives({
    args: ["import", "--yes"],
    async prepare() {
      mkdirSync(january, { recursive: true });
      januaryFolder(january);
    },
    async check() {
      using store = openStore(stage.database, TABLES);
      const { n } = store.get<{ n: number }>("select count(*) as n from messages")!;
      assert.ok([2, 10].includes(n), `${n} messages`);
    },
  });
});

test("a salvage that is killed loses nothing of the damaged file", async () => {
  const sumOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
  let damaged = "";
  await survives({
    args: ["doctor", "--salvage"],
    async prepare() {
      damage(stage.database);
      damaged = sumOf(stage.database);
    },
    async check() {
      const sums = readdirSync(stage.stateDir).map((name) => join(stage.stateDir, name));
      assert.ok(sums.some((path) => /state\.db[^/]*$/.test(path) && sumOf(path) === damaged));
    },
  });
});

/** A page of the messages' table holds what is no page. */
function damage(path: string): void {
  const db = new DatabaseSync(path);
  db.exec("pragma wal_checkpoint(truncate)");
  const page = Number(
    db.prepare("select rootpage from sqlite_schema where name = 'hook_deliveries'").get()?.rootpage ?? 9,
  );
  const size = Number(db.prepare("pragma page_size").get()?.page_size);
  db.close();
  const bytes = readFileSync(path);
  bytes.fill(0xff, (page - 1) * size, page * size);
  writeFileSync(path, bytes);
  rmSync(`${path}.closed`, { force: true });
}

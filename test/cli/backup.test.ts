// `moltbot backup` and `moltbot restore`, with a gateway that runs and with one that does not.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { eventually } from "../support/time-limit.ts";
import { Home } from "./harness.ts";

/** What a conversation says, as the command line reads it. */
async function said(home: Home): Promise<string> {
  const { stdout } = await home.run(["sessions", "show", "main", "--json"]);
  return stdout;
}

async function ran(home: Home, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.run(args);
  assert.equal(code, 0, stderr);
  return stdout;
}

describe("while the gateway runs", async () => {
  const home = new Home();
  const gateway = await home.gateway();
  after(async () => {
    await gateway[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });
  const folder = `${home.stateDir}-backups`;

  test("a backup is made, listed, verified and drilled", async () => {
    await ran(home, "agent", "-m", "before the backup");

    const made = JSON.parse(await ran(home, "backup", "now", "--json"));
    const list = JSON.parse(await ran(home, "backup", "list", "--json"));

    assert.deepEqual(readdirSync(folder), [list.backups[0].file]);
    assert.equal(statSync(made.path).mode & 0o777, 0o600);
    assert.equal(list.backups[0].encrypted, false);
    assert.match(await ran(home, "backup", "verify"), /is whole: \d+ files and \d+ rows/);
    assert.match(await ran(home, "backup", "drill"), /can be restored/);
    assert.deepEqual(readdirSync(folder), [list.backups[0].file]);
    const { backup } = JSON.parse(await ran(home, "health", "--json"));
    assert.equal(backup.at, list.backups[0].at);
    assert.match((await home.run(["doctor"])).stdout, /ok {4}backup +The newest was made/);
  });

  test("a restore goes back in place, and undo goes forth", async () => {
    await ran(home, "agent", "-m", "after the backup");

    const restored = await ran(home, "restore", "--yes");
    const backThen = await said(home);
    const undone = await ran(home, "restore", "undo");
    const now = await said(home);

    assert.match(restored, /is in place\. What was there is in .*before-restore-/);
    assert.match(backThen, /before the backup/);
    assert.doesNotMatch(backThen, /after the backup/);
    assert.match(undone, /is back/);
    assert.match(now, /after the backup/);
  });

  test("a backup that does not fit is refused, and the gateway goes on with what it has", async () => {
    writeFileSync(join(folder, "moltbot-2020-01-01T00-00-00-000Z.tar.zst"), "no backup");

    const { code, stderr } = await home.run(["restore", "moltbot-2020-01-01T00-00-00-000Z.tar.zst", "--yes"]);

    assert.equal(code, 1);
    assert.match(stderr, /The backup is damaged or cut off; take another one: `moltbot backup list`\./);
    assert.deepEqual(
      readdirSync(home.stateDir).filter((name) => name.startsWith("restoring")),
      [],
    );
    assert.match(await said(home), /after the backup/);
  });

  test("the state says what takes room, and what a prune frees", async () => {
    const old = join(home.stateDir, "before-restore-2020-01-01T00-00-00-000Z");
    mkdirSync(old);
    writeFileSync(join(old, "state.db"), "x".repeat(5_000));

    const before = JSON.parse(await ran(home, "state", "--json"));
    await ran(home, "backup", "prune");
    const after = JSON.parse(await ran(home, "state", "--json"));

    const kinds = before.sizes.map(({ kind }: { kind: string }) => kind);
    for (const kind of ["database", "backups", "earlier restores", "logs"]) assert.ok(kinds.includes(kind), kind);
    assert.equal(before.prunableBytes, 5_000);
    assert.equal(after.prunableBytes, 0);
    assert.match(await ran(home, "state"), /earlier restores .* backup\.keepRestoresDays/);
  });

  test("a backup for elsewhere is encrypted or not made, and names the way", async () => {
    const to = join(home.stateDir, "..", "elsewhere", "one.sealed");

    const refused = await home.run(["backup", "now", "--to", to]);
    const env = { MOLTBOT_BACKUP_PASSPHRASE: "correct horse" };
    const made = await home.run(["backup", "now", "--to", to], { env });
    const verified = await home.run(["backup", "verify", to], { env });
    const closed = await home.run(["backup", "verify", to]);

    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /set backup\.passphrase \(or MOLTBOT_BACKUP_PASSPHRASE\)/);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(closed.stderr, /is encrypted; give its passphrase in MOLTBOT_BACKUP_PASSPHRASE/);
  });
});

describe("while no gateway runs", () => {
  const home = new Home();
  after(() => home[Symbol.dispose]());

  test("a state that a kill has left is backed up, lost, and restored on an empty machine", async () => {
    const gateway = await home.gateway();
    await ran(home, "agent", "-m", "nothing is lost");
    gateway.child.kill("SIGKILL");
    await gateway[Symbol.asyncDispose]();
    assert.ok(existsSync(join(home.stateDir, "state.db-wal")));

    await ran(home, "backup", "now");
    const config = readFileSync(join(home.stateDir, "moltbot.json"), "utf8");
    rmSync(home.stateDir, { recursive: true });
    await ran(home, "restore", "--yes");

    assert.equal(readFileSync(join(home.stateDir, "moltbot.json"), "utf8"), config);
    await using again = await home.gateway();
    assert.ok(again.pid > 0);
    assert.match(await said(home), /nothing is lost/);
  });

  test("without an answer nothing is changed", async () => {
    const { code, stderr } = await home.run(["restore"]);

    assert.equal(code, 1);
    assert.match(stderr, /Nothing was changed\. To go back: `moltbot restore FILE --yes`\./);
  });
});

test("doctor warns when the newest backup is older than seven days", async () => {
  using home = new Home();
  const folder = `${home.stateDir}-backups`;
  const at = new Date(Date.now() - 8 * 24 * 3_600_000).toISOString().replace(/[:.]/g, "-");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `moltbot-${at}.tar.zst`), "as it was then");
  await using _gateway = await home.gateway();
  await eventually("the backups to be looked at", async () => {
    return JSON.parse(await ran(home, "health", "--json")).backup.at !== undefined;
  });

  const { stdout } = await home.run(["doctor"]);

  assert.match(stdout, /warn +backup +The newest was made 8 d ago; that is old[\s\S]*`moltbot backup now`/);
});

test("a restore that was given up is told by health, status and doctor, until one is in place", async () => {
  using home = new Home();
  await using gateway = await home.gateway();
  await ran(home, "backup", "now");
  gateway.child.kill("SIGKILL");
  await gateway[Symbol.asyncDispose]();
  const [source, aside, staging] = ["gone", "before-restore-1", "restoring-1"].map((name) => join(home.stateDir, name));
  const plan = { phase: "ready", moves: [], outside: [], what: "moltbot-1.tar.zst", source, aside, staging };
  writeFileSync(join(home.stateDir, "restore.json"), JSON.stringify(plan));
  await using _again = await home.gateway();
  await eventually("the backups to be looked at", async () => {
    return JSON.parse(await ran(home, "health", "--json")).backup.problem !== undefined;
  });

  const told = [await ran(home, "health"), await ran(home, "status"), (await home.run(["doctor"])).stdout];
  const restored = await ran(home, "restore", "--yes");
  await eventually("the backups to be looked at", async () => {
    return JSON.parse(await ran(home, "health", "--json")).backup.at !== undefined;
  });
  const { backup } = JSON.parse(await ran(home, "health", "--json"));

  for (const each of told) {
    const line = each.replace(/\s+/g, " ");
    assert.match(
      line,
      /The restore of moltbot-1\.tar\.zst was given up \(the log says why\), and what was there before/,
    );
    assert.match(line, /Mend that, and restore again; `moltbot logs` says more/);
  }
  assert.match(told[0]!, /The gateway at .* answers\./);
  assert.match(restored, /Pairings are as they were in the backup: `moltbot devices list` and `moltbot pairing list`/);
  assert.equal(backup.problem, undefined);
});

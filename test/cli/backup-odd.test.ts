// Backups in odd places and under odd circumstances: each works, or says in a sentence what to do.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { lockBackups } from "../../packages/gateway/src/base/backup/backup-folder.ts";
import { readTar, tarEnd, tarHeader, tarPadding } from "../../packages/gateway/src/base/backup/tar.ts";
import { openStore } from "../../packages/gateway/src/base/store/store.ts";
import { TABLES } from "../../packages/gateway/src/catalog.ts";
import { canMount } from "../faults/bench.ts";
import { Home, type Outcome } from "./harness.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
  mkdirSync(home.stateDir, { recursive: true, mode: 0o700 });
  openStore(join(home.stateDir, "state.db"), TABLES)[Symbol.dispose]();
});
afterEach(() => home[Symbol.dispose]());

const gateway = { auth: { mode: "token", token: "a-token-for-the-tests-of-backups" } };

/** A path beside the state folder. */
const beside = (name: string) => join(home.stateDir, "..", name);

function configured(backup: object): void {
  writeFileSync(join(home.stateDir, "moltbot.json"), JSON.stringify({ gateway, backup }), { mode: 0o600 });
}

/** How a command ended: its code, and what it said last. */
function ending({ code, stderr }: Outcome): [number | null, string] {
  return [code, stderr.trim()];
}

test("a folder of backups that is a link is gone along with, and keeps the mode that it has", async () => {
  mkdirSync(beside("disk"), { mode: 0o755 });
  chmodSync(beside("disk"), 0o755);
  symlinkSync(beside("disk"), beside("link"));
  configured({ folder: beside("link"), plain: true });

  const made = await home.run(["backup", "now"]);
  const checked = await home.run(["backup", "verify"]);

  assert.deepEqual(
    [ending(made), ending(checked)],
    [
      [0, ""],
      [0, ""],
    ],
  );
  assert.equal(readdirSync(beside("disk")).length, 1);
  assert.equal(statSync(beside("disk")).mode & 0o777, 0o755);
});

test("a link that leads nowhere is told in a sentence", async () => {
  symlinkSync(beside("nowhere"), beside("link"));
  configured({ folder: beside("link"), plain: true });

  const { code, stderr } = await home.run(["backup", "now"]);

  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Backups cannot be put into .*link: .*; make it a folder that can be written, or name another place\.$/m,
  );
});

const MOUNTED = { skip: canMount() ? false : "needs root, to mount a file system" };

test("a folder that is read-only is told in a sentence", MOUNTED, async () => {
  mkdirSync(beside("disk"));
  spawnSync("mount", ["-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", beside("disk")]);
  configured({ folder: beside("disk"), plain: true });

  const { code, stderr } = await home.run(["backup", "now"]);
  spawnSync("umount", ["--lazy", beside("disk")]);

  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Backups cannot be put into .*disk: .*; make it a folder that can be written, or name another place\.$/m,
  );
});

test("a file that is no backup is never written over, and a backup is", async () => {
  const [notes, usual] = [beside("notes.txt"), beside("usual.zst")];
  writeFileSync(notes, "of years");

  const refused = await home.run(["backup", "now", "--plain", "--to", notes]);
  const first = await home.run(["backup", "now", "--plain", "--to", usual]);
  const second = await home.run(["backup", "now", "--plain", "--to", usual]);

  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /notes\.txt is there and is no backup; name another file/);
  assert.equal(readFileSync(notes, "utf8"), "of years");
  assert.deepEqual(
    [ending(first), ending(second)],
    [
      [0, ""],
      [0, ""],
    ],
  );
});

test("a passphrase with letters of any script opens a backup however they are composed", async () => {
  const passphrase = "Grüße, 鶴 und 🦅";
  const to = beside("one.sealed");
  const withPassphrase = (text: string) => ({ env: { MOLTBOT_BACKUP_PASSPHRASE: text } });

  const made = await home.run(["backup", "now", "--to", to], withPassphrase(passphrase.normalize("NFC")));
  const opened = await home.run(["backup", "verify", to], withPassphrase(passphrase.normalize("NFD")));
  const closed = await home.run(["backup", "verify", to], withPassphrase("Grusse, 鶴 und 🦅"));

  assert.deepEqual(
    [ending(made), ending(opened)],
    [
      [0, ""],
      [0, ""],
    ],
  );
  assert.equal(closed.code, 1);
  assert.match(closed.stderr, /the passphrase is another one, or the file is damaged/);
});

test("a second backup at once is refused in a sentence, and the first is not touched", async () => {
  const folder = `${home.stateDir}-backups`;
  mkdirSync(folder);
  writeFileSync(join(folder, "moltbot-2026-11-30T03-00-00-000Z.tar.zst.partial"), "of the first");

  const first = lockBackups(home.stateDir);
  const { code, stderr } = await home.run(["backup", "now"]);
  const during = readdirSync(folder);
  first[Symbol.dispose]();
  const second = await home.run(["backup", "now"]);

  assert.equal(code, 1);
  assert.match(stderr, /Another backup of .* is being made; wait until it is there\./);
  assert.ok(during.some((name) => name.endsWith(".partial")));
  assert.deepEqual(ending(second), [0, ""]);
  assert.equal(readdirSync(folder).length, 1);
});

test("after the clock was set back the backup that was just made stays", async () => {
  const folder = `${home.stateDir}-backups`;
  configured({ keepDaily: 1, keepWeekly: 0 });
  mkdirSync(folder);
  const ahead = "moltbot-2099-01-01T03-00-00-000Z.tar.zst";
  writeFileSync(join(folder, ahead), "made while the clock was wrong");

  const made = await home.run(["backup", "now"]);

  assert.deepEqual(ending(made), [0, ""]);
  assert.equal(readdirSync(folder).length, 2);
});

test("a backup of a newer form is refused with the version that made it", async () => {
  const to = beside("one.zst");
  await home.run(["backup", "now", "--plain", "--to", to]);
  writeFileSync(to, await changed(readFileSync(to), (name, said) => name === "backup.json" && newer(said)));

  const { code, stderr } = await home.run(["restore", to, "--yes"]);

  assert.equal(code, 1);
  assert.match(stderr, /^The backup was made by moltbot 2031\.1\.0; update moltbot\.$/m);
});

test("a backup that says its workspace stood among the settings of other programs puts it elsewhere", async () => {
  const to = beside("hostile.zst");
  const victim = beside(".ssh");
  mkdirSync(victim);
  writeFileSync(join(victim, "authorized_keys"), "mine");
  await home.run(["backup", "now", "--plain", "--to", to]);
  const file = {
    path: "workspace-1/authorized_keys",
    size: 6,
    sha256: createHash("sha256").update("theirs").digest("hex"),
  };
  const more = tarOf("workspace-1/authorized_keys", Buffer.from("theirs"));
  const hostile = await changed(
    readFileSync(to),
    (name, said) =>
      name === "manifest.json"
        ? { ...said, roots: [...said.roots, { name: "workspace-1", path: victim }], files: [...said.files, file] }
        : undefined,
    more,
  );
  writeFileSync(to, hostile);

  const { code, stdout, stderr } = await home.run(["restore", to, "--yes"]);

  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(readFileSync(join(victim, "authorized_keys"), "utf8"), "mine");
  assert.equal(readFileSync(join(home.stateDir, "restored", "workspace-1", "authorized_keys"), "utf8"), "theirs");
  assert.match(stdout, /^Put elsewhere, for this machine has no such place for it: .*\.ssh → .*workspace-1$/m);
});

// biome-ignore lint/suspicious/noExplicitAny: what stands in it is the test's own matter.
type Said = any;

const newer = (said: Said) => ({ ...said, version: 2, productVersion: "2031.1.0" });

/** The backup with other entries; `more` stands before its last one. */
async function changed(
  backup: Buffer,
  change: (name: string, said: Said) => unknown,
  more: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const source = async function* () {
    yield zstdDecompressSync(backup);
  };
  await readTar(source(), async ({ name }, bytes) => {
    const content: Buffer[] = [];
    for await (const piece of bytes) content.push(piece);
    const text = Buffer.concat(content);
    const other = name.endsWith(".json") && !name.includes("/") ? change(name, JSON.parse(text.toString())) : undefined;
    if (name === "manifest.json") pieces.push(more);
    pieces.push(tarOf(name, other ? Buffer.from(JSON.stringify(other)) : text));
  });
  return zstdCompressSync(Buffer.concat([...pieces, tarEnd()]));
}

function tarOf(name: string, body: Buffer): Buffer {
  return Buffer.concat([tarHeader({ name, size: body.length }), body, tarPadding(body.length)]);
}

test("a database of a newer version is refused, and nothing is changed", async () => {
  const to = beside("one.zst");
  const database = join(home.stateDir, "state.db");
  {
    using store = openStore(database, TABLES);
    store.run("update schema_versions set version = 999 where slice = 'sessions'");
  }
  const made = await home.run(["backup", "now", "--plain", "--to", to]);
  rmSync(database);
  rmSync(`${database}.closed`, { force: true });
  openStore(database, TABLES)[Symbol.dispose]();

  const { code, stderr } = await home.run(["restore", to, "--yes"]);

  assert.deepEqual(ending(made), [0, ""]);
  assert.equal(code, 1);
  assert.match(stderr, /was written by a newer version \(its sessions tables\); update moltbot/);
  assert.deepEqual(
    readdirSync(home.stateDir).filter((name) => /restor/.test(name)),
    [],
  );
});

test("a backup that was made while no gateway ran is brought forward by the journal", async () => {
  mkdirSync(beside("journals"));
  configured({ stream: beside("journals") });
  const says = async (text: string) => assert.deepEqual(ending(await home.run(["agent", "-m", text])), [0, ""]);
  {
    await using _gateway = await home.gateway();
    await says("before the backup");
  }
  const made = await home.run(["backup", "now"]);
  let moment = "";
  {
    await using _gateway = await home.gateway();
    await says("before the moment");
    moment = new Date().toISOString();
    await says("after the moment");
  }

  const back = await home.run(["restore", "--at", moment, "--yes"]);

  await using _gateway = await home.gateway();
  const { stdout } = await home.run(["sessions", "show", "main", "--json"]);
  assert.deepEqual(
    [ending(made), ending(back)],
    [
      [0, ""],
      [0, ""],
    ],
  );
  assert.deepEqual(
    ["before the backup", "before the moment", "after the moment"].map((text) => stdout.includes(text)),
    [true, true, false],
  );
});

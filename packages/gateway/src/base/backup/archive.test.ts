import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import fc from "fast-check";
import { writeArchive } from "./archive.ts";
import { opening, sealing } from "./cipher.ts";
import { rootsOf } from "./contents.ts";
import { safeName } from "./manifest.ts";
import { readTar, tarEnd, tarHeader, tarPadding } from "./tar.ts";
import { readArchive } from "./unpack.ts";

const root = mkdtempSync(join(tmpdir(), "moltbot-archive-"));
after(() => rmSync(root, { recursive: true }));

let home: string;
let state: string;
beforeEach(() => {
  home = mkdtempSync(join(root, "test-"));
  state = join(home, "state");
  mkdirSync(join(state, "identity"), { recursive: true });
});

const { signal } = new AbortController();
const DATABASE = { dump: "0", tables: { birds: 1 }, versions: { birds: 1 } };
const about = { createdAt: 1_000, productVersion: "1" };

function fill(): void {
  writeFileSync(join(state, "identity", "device.key"), "key");
  writeFileSync(join(state, "moltbot.json"), "{}");
  mkdirSync(join(state, "media"));
  writeFileSync(join(state, "media", "a.jpg"), "picture");
  writeFileSync(join(state, "media", "b.jpg"), "picture");
  writeFileSync(join(state, "media", "c.jpg.part"), "half a picture");
  writeFileSync(join(state, "media", "film.mp4"), Buffer.alloc(5 * 1024 * 1024, "film"));
  mkdirSync(join(state, "workspace", "empty"), { recursive: true });
  writeFileSync(join(state, "workspace", `${"sehr-".repeat(40)}Grüße.md`), "long name");
  writeFileSync(join(state, "workspace", "run.sh"), "#!/bin/sh", { mode: 0o755 });
  symlinkSync("run.sh", join(state, "workspace", "inside"));
  symlinkSync("/etc/passwd", join(state, "workspace", "outside"));
  writeFileSync(join(state, "gateway.json"), "of this machine");
  writeFileSync(join(state, "state.db-wal"), "the live journal");
  writeFileSync(join(home, "copy"), "the database");
}

async function write(passphrase?: string): Promise<string> {
  const target = join(home, "backups", "one");
  const roots = rootsOf(state, { config: join(state, "moltbot.json"), workspaces: [] });
  await writeArchive(
    target,
    { roots, database: join(home, "copy"), about, dump: Promise.resolve(DATABASE) },
    { signal, passphrase },
  );
  return target;
}

async function restored(path: string, passphrase?: string): Promise<string> {
  const into = join(home, "into");
  mkdirSync(into);
  await readArchive(path, { signal, into, passphrase });
  return join(into, "state");
}

test("what comes out is what went in: content, programs, links inside, empty folders, long names", async () => {
  fill();

  const there = await restored(await write());

  assert.deepEqual(readdirSync(there, { recursive: true }).toSorted(), [
    ...["identity", "identity/device.key", "media", "media/a.jpg", "media/b.jpg", "media/film.mp4", "moltbot.json"],
    ...["state.db", "workspace", "workspace/empty", "workspace/inside", "workspace/run.sh"],
    `workspace/${"sehr-".repeat(40)}Grüße.md`,
  ]);
  assert.equal(readFileSync(join(there, "state.db"), "utf8"), "the database");
  assert.equal(readFileSync(join(there, "media", "b.jpg"), "utf8"), "picture");
  assert.deepEqual(readFileSync(join(there, "media", "film.mp4")), readFileSync(join(state, "media", "film.mp4")));
  assert.equal(readlinkSync(join(there, "workspace", "inside")), "run.sh");
  const modes = ["workspace/run.sh", "moltbot.json", "media"].map((name) => statSync(join(there, name)).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o600, 0o700]);
});

test("equal files are kept once, and what was left out is named", async () => {
  fill();

  const { files, left } = await readArchive(await write(), { signal });

  assert.equal(files.find(({ path }) => path === "state/media/b.jpg")?.at, "state/media/a.jpg");
  assert.deepEqual(left, ["state/workspace/outside"]);
});

test("a backup is readable for its owner alone, and one that fails leaves nothing", async () => {
  fill();
  const path = await write();
  rmSync(join(home, "copy"));

  await assert.rejects(write(), { code: "ENOENT" });

  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(home, "backups")), ["one"]);
});

/** Whether a backup is refused with a sentence of ours; a change that changes nothing of its content may pass. */
async function isRefused(path: string, manifest: unknown, passphrase?: string): Promise<boolean> {
  try {
    assert.deepEqual(await readArchive(path, { signal, passphrase }), manifest);
    return false;
  } catch (error) {
    assert.equal((error as Error).name, "TellableError");
    return true;
  }
}

for (const passphrase of [undefined, "correct horse"])
  test(`each changed byte and each cut of ${passphrase ? "an encrypted" : "a plain"} backup is found`, async () => {
    fill();
    const path = await write(passphrase);
    const manifest = await readArchive(path, { signal, passphrase });
    const whole = readFileSync(path);
    let passed = 0;
    for (let at = 0; at < whole.length; at += Math.ceil(whole.length / 40)) {
      const spoilt = Buffer.from(whole);
      spoilt[at]! ^= 1;
      writeFileSync(path, spoilt);
      if (!(await isRefused(path, manifest, passphrase))) passed++;
      writeFileSync(path, whole.subarray(0, at));
      if (!(await isRefused(path, manifest, passphrase))) passed++;
    }
    assert.ok(passed <= (passphrase ? 0 : 4), `${passed} changed nothing`);
  });

test("an encrypted backup shows nothing, and opens with its passphrase only", async () => {
  fill();
  const path = await write("correct horse");

  assert.equal(readFileSync(path).includes("picture"), false);
  await assert.rejects(readArchive(path, { signal }), /is encrypted; give its passphrase/);
  await assert.rejects(readArchive(path, { signal, passphrase: "wrong" }), /the passphrase is another one/);
  assert.equal(readFileSync(join(await restored(path, "correct horse"), "state.db"), "utf8"), "the database");
});

test("sealing and opening give back any bytes, however they are cut", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 300_000 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(pieces, async (given) => {
      const buffers = given.map((piece) => Buffer.from(piece));
      async function* source() {
        yield* buffers;
      }
      const found: Buffer[] = [];
      for await (const piece of opening("x")(sealing("x")(source()))) found.push(piece);
      assert.deepEqual(Buffer.concat(found), Buffer.concat(buffers));
    }),
    { numRuns: 4 },
  );
});

test("names that lead elsewhere are refused", () => {
  for (const name of ["../x", "/etc/passwd", "state/../../x", "state//x", "state\\x", "", "state/\0", "."])
    assert.throws(() => safeName(name), /damaged/, name);
});

/** An archive that nobody here has made. */
async function hostile(...files: readonly (readonly [name: string, text: string])[]): Promise<string> {
  const head = { version: 1, product: "moltbot", productVersion: "1", createdAt: 1, bytes: 10, host: "x" };
  const bytes = [["backup.json", JSON.stringify(head)] as const, ...files].flatMap(([name, text]) => [
    ...[tarHeader({ name, size: text.length }), Buffer.from(text), tarPadding(text.length)],
  ]);
  const { zstdCompressSync } = await import("node:zlib");
  writeFileSync(join(home, "hostile"), zstdCompressSync(Buffer.concat([...bytes, tarEnd()])));
  return join(home, "hostile");
}

test("an archive with a file for elsewhere writes nothing there", async () => {
  const file = await hostile(["../stolen", "x"]);

  await assert.rejects(restored(file), /damaged/);

  assert.deepEqual(readdirSync(home).toSorted(), ["hostile", "into", "state"]);
});

for (const [what, names] of Object.entries({
  "two files of one name": ["state/a", "state/a"],
  "a file below a file": ["state/a", "state/a/b"],
  "a file in the place of a folder": ["state/a/b", "state/a"],
  "a name that no disk takes": [`state/${"n".repeat(300)}`],
}))
  test(`an archive with ${what} is told in a sentence`, async () => {
    const file = await hostile(...names.map((name) => [name, "x"] as const));

    await assert.rejects(restored(file), { name: "TellableError", message: /damaged/ });
  });

test("a size below nothing is refused: it would give back what was counted", async () => {
  const records = Buffer.from("11 path=a\n12 size=-9\n");
  const [head] = [tarHeader({ name: "a".repeat(101), size: 0 }).subarray(0, 512)];
  const extended = Buffer.concat([
    head!,
    records,
    tarPadding(records.length),
    tarHeader({ name: "a", size: 0 }),
    tarEnd(),
  ]);
  extended.write(records.length.toString(8).padStart(11, "0"), 124, "ascii");
  const sum = extended.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
  extended.write(sum.toString(8).padStart(6, "0"), 148, "ascii");

  async function* source() {
    yield extended;
  }

  await assert.rejects(
    readTar(source(), async () => {}),
    /damaged/,
  );
});

test("names and sizes survive the tar, whatever they are", async () => {
  const name = fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }).filter((text) => !text.includes("\0"));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, fc.uint8Array({ maxLength: 2_000 })), { maxLength: 5 }), async (files) => {
      async function* source() {
        for (const [each, content] of files) {
          yield tarHeader({ name: each, size: content.length });
          yield Buffer.from(content);
          yield tarPadding(content.length);
        }
        yield tarEnd();
      }
      const found: [string, Uint8Array][] = [];
      await readTar(source(), async (entry, bytes) => {
        const pieces: Buffer[] = [];
        for await (const piece of bytes) pieces.push(piece);
        found.push([entry.name, new Uint8Array(Buffer.concat(pieces))]);
      });
      assert.deepEqual(found, files);
    }),
    { numRuns: 50 },
  );
});

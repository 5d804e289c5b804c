// The folder of a package that somebody hostile has packed: refused in a sentence, and nothing of it is copied.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fetchVersion } from "./fetch.ts";

/** In memory where that can be: a disk takes half a minute for so many files. */
const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "moltbot-copy-"));
after(() => rmSync(root, { recursive: true }));
const { signal } = new AbortController();

/** A package, and the state folder into which it is brought. */
function prepared(): { from: string; stateDir: string; bring(): Promise<string>; versions(): string[] } {
  const home = mkdtempSync(join(root, "test-"));
  const from = join(home, "package");
  const stateDir = join(home, "state");
  mkdirSync(join(from, "bin"), { recursive: true });
  writeFileSync(join(from, "package.json"), JSON.stringify({ name: "moltbot", version: "2100.1.0" }));
  writeFileSync(join(from, "bin", "moltbot.mjs"), "run", { mode: 0o755 });
  return {
    from,
    stateDir,
    bring: () => fetchVersion(stateDir, { from, running: "2026.1.0" }, signal),
    versions: () => (existsSync(join(stateDir, "versions")) ? readdirSync(join(stateDir, "versions")) : []),
  };
}

/** A file that says it is that large and takes no room. */
function sparse(path: string, bytes: number): void {
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  closeSync(file);
}

test("a package is copied with its links inside and its programs, for its owner alone", async () => {
  const { from, stateDir, bring } = prepared();
  mkdirSync(join(from, "node_modules", ".bin"), { recursive: true });
  symlinkSync("../../bin/moltbot.mjs", join(from, "node_modules", ".bin", "moltbot"));

  const version = await bring();

  const there = join(stateDir, "versions", version);
  assert.equal(version, "2100.1.0");
  assert.equal(readFileSync(join(there, "node_modules", ".bin", "moltbot"), "utf8"), "run");
  assert.deepEqual(
    ["bin", "bin/moltbot.mjs", "package.json"].map((name) => statSync(join(there, name)).mode & 0o777),
    [0o700, 0o700, 0o600],
  );
});

const HOSTILE: Readonly<Record<string, readonly [(from: string) => void, RegExp]>> = {
  "an absolute link": [
    (from) => symlinkSync("/etc/passwd", join(from, "passwd")),
    /has a link that leads out of it, passwd;/,
  ],
  "a link upwards": [
    (from) => symlinkSync("../../other", join(from, "bin", "up")),
    /has a link that leads out of it, bin\/up;/,
  ],
  "a link that leads out through another one": [
    (from) => {
      mkdirSync(join(from, "deep", "er"), { recursive: true });
      symlinkSync("../..", join(from, "deep", "er", "top"));
      symlinkSync("top/../../secret", join(from, "deep", "er", "out"));
    },
    /has a link that leads out of it, deep\/er\/out;/,
  ],
  "a pipe": [
    (from) => void spawnSync("mkfifo", [join(from, "pipe")]),
    /holds pipe, which is neither a file nor a folder;/,
  ],
  "a file of 10 GB that takes no room": [
    (from) => sparse(join(from, "large.bin"), 10 * 1024 ** 3),
    /is larger than 2 GB;/,
  ],
  "60,000 files": [
    (from) => {
      mkdirSync(join(from, "many"));
      for (let n = 0; n < 60_000; n++) closeSync(openSync(join(from, "many", String(n)), "w"));
    },
    /holds more than 50000 files;/,
  ],
  "a name with control characters": [
    (from) => writeFileSync(join(from, "a\x1b[2Jb\nc"), ""),
    /has a file with an odd name, "a\\u001b\[2Jb\\nc";/,
  ],
};

for (const [what, [spoil, says]] of Object.entries(HOSTILE))
  test(`a package with ${what} is refused, and nothing of it is copied`, async () => {
    const { from, bring, versions } = prepared();
    spoil(from);

    await assert.rejects(bring(), (error: Error) => {
      assert.equal(error.name, "TellableError");
      assert.match(error.message, says);
      assert.match(error.message, /name the folder of a package as npm installs it$/);
      return true;
    });
    assert.deepEqual(versions(), []);
  });

const MANIFESTS: Readonly<Record<string, (path: string) => void>> = {
  "that is a pipe": (path) => void spawnSync("mkfifo", [path]),
  "that is a device": (path) => symlinkSync("/dev/zero", path),
  "of 100 MB": (path) =>
    writeFileSync(path, `{"name":"moltbot","version":"2100.1.0","x":"${"x".repeat(100_000_000)}"}`),
  "that is nested without end": (path) => writeFileSync(path, "[".repeat(900_000)),
};

for (const [what, make] of Object.entries(MANIFESTS))
  test(`a manifest ${what} is no package`, async () => {
    const { from, bring, versions } = prepared();
    rmSync(join(from, "package.json"));
    make(join(from, "package.json"));

    await assert.rejects(bring(), { name: "TellableError", message: /holds no package of moltbot$/ });
    assert.deepEqual(versions(), []);
  });

test("a folder that changes while it is copied is told of, or copied as it was; nothing from outside comes along", async () => {
  const { from, stateDir, bring } = prepared();
  const secret = join(from, "..", "secret");
  writeFileSync(secret, "not yours");
  for (let n = 0; n < 400; n++) writeFileSync(join(from, `file-${n}`), "x".repeat(2_000));
  let isOver = false;
  const changing = (async () => {
    for (let n = 399; !isOver && n > 0; n--) {
      rmSync(join(from, `file-${n}`));
      symlinkSync(secret, join(from, `file-${n}.new`));
      renameSync(join(from, `file-${n}.new`), join(from, `file-${n}`));
      await new Promise(setImmediate);
    }
  })();

  const outcome = await bring().catch((error: Error) => `${error.name}: ${error.message}`);
  isOver = true;
  await changing;

  const there = join(stateDir, "versions", "2100.1.0");
  const files = existsSync(there) ? readdirSync(there).map((name) => join(there, name)) : [];
  assert.match(outcome, /^2100\.1\.0$|^TellableError: .* (?:changes while it is read|has a link that leads out of it)/);
  assert.deepEqual(
    files.filter((path) => lstatSync(path).isFile() && readFileSync(path, "utf8") === "not yours"),
    [],
  );
});

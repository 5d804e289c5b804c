// What V8 has compiled of the build is kept between starts, and is used only while it is whole and of the same file.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const BIN = fileURLToPath(new URL("../../packages/gateway/bin", import.meta.url));

/** A program that is started as ours is, and the folder in which its compiled code is kept. */
class Program implements Disposable {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), "moltbot-compiled-")));
  readonly #cache = join(this.#folder, "cache", "moltbot", "run");

  constructor(source: string) {
    for (const name of ["bin", "dist"]) mkdirSync(join(this.#folder, name));
    for (const name of ["moltbot.mjs", "compiled.cjs"]) copyFileSync(join(BIN, name), join(this.#folder, "bin", name));
    this.write("main.cjs", source);
    this.version("1.0.0");
  }

  version(version: string): void {
    writeFileSync(join(this.#folder, "package.json"), JSON.stringify({ version }));
  }

  write(name: string, source: string): void {
    writeFileSync(join(this.#folder, "dist", name), source);
  }

  remove(name: string): void {
    rmSync(join(this.#folder, "dist", name));
  }

  /** What it prints. */
  async run(...words: string[]): Promise<string> {
    const { NODE_DISABLE_COMPILE_CACHE: _, ...env } = process.env;
    const args = [join(this.#folder, "bin", "moltbot.mjs"), ...words];
    const cached = { ...env, XDG_CACHE_HOME: join(this.#folder, "cache"), NODE_OPTIONS: "", NODE_V8_COVERAGE: "" };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env: cached });
    return stdout + stderr;
  }

  /** The kept files by the names of their sources. */
  kept(): Record<string, string> {
    const names = readdirSync(this.#cache).toSorted();
    return Object.fromEntries(names.map((name) => [name.replace(/-[0-9a-f]+$/, ""), join(this.#cache, name)]));
  }

  get cache(): string {
    return this.#cache;
  }

  /** The folder of Node's own cache, by version of the product. */
  get ofNode(): string {
    return join(this.#cache, "..", "compiled");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const HELLO = 'const say = (text) => console.log(text); say("one");';

test("compiled code is kept for its owner alone, and used by the next run", async () => {
  using program = new Program(HELLO);
  await program.run();
  const [file = ""] = Object.values(program.kept());
  const before = statSync(file);

  const said = await program.run();

  const after = statSync(file);
  assert.deepEqual([said, after.ino, after.mtimeMs], ["one\n", before.ino, before.mtimeMs]);
  assert.deepEqual([statSync(program.cache).mode & 0o777, after.mode & 0o777], [0o700, 0o600]);
});

test("flags of V8 that are set while the program runs do not make the next run compile again", async () => {
  using program = new Program(`require("node:v8").setFlagsFromString("--semi-space-growth-factor=1"); ${HELLO}`);
  await program.run();
  const [file = ""] = Object.values(program.kept());
  const before = statSync(file);

  const said = await program.run();

  assert.deepEqual([said, statSync(file).ino], ["one\n", before.ino]);
});

test("a file that was changed runs as it is now, even when it is as long as before", async () => {
  using program = new Program(HELLO);
  await program.run();
  program.write("main.cjs", HELLO.replace("one", "two"));

  const said = [await program.run(), await program.run()];

  assert.deepEqual(said, ["two\n", "two\n"]);
});

for (const [what, spoil] of [
  ["cut in half", (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ["empty", (path: string) => truncateSync(path, 0)],
  [
    "with another beginning",
    (path: string) => writeFileSync(path, `x${readFileSync(path, "latin1").slice(1)}`, "latin1"),
  ],
  [
    "with another byte in its middle",
    (path: string) => {
      const bytes = readFileSync(path);
      const middle = Math.floor(bytes.length / 2);
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
  ],
  ["without its end", (path: string) => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(512)]))],
] as const)
  test(`kept code that is ${what} is not run, and is kept anew`, async () => {
    using program = new Program(HELLO);
    await program.run();
    const [file = ""] = Object.values(program.kept());
    const whole = readFileSync(file);
    spoil(file);

    const said = await program.run();

    const again = readFileSync(file);
    assert.deepEqual([said, again.length, again[0]], ["one\n", whole.length, whole[0]]);
  });

test("what was kept of files that are gone is dropped when something new is kept", async () => {
  using program = new Program('require(process.argv[2] ?? "./old.cjs");');
  program.write("old.cjs", HELLO);
  program.write("new.cjs", HELLO);
  await program.run("./old.cjs");
  const before = Object.keys(program.kept());
  program.remove("old.cjs");

  await program.run("./new.cjs");

  assert.deepEqual(
    [before, Object.keys(program.kept())],
    [
      ["main.cjs", "old.cjs"],
      ["main.cjs", "new.cjs"],
    ],
  );
});

const needsRoot = { skip: process.getuid?.() !== 0 && "only root can give a folder away" };
test("code that lies in another user's folder is not run", needsRoot, async () => {
  using program = new Program(HELLO);
  await program.run();
  const [file = ""] = Object.values(program.kept());
  chownSync(program.cache, 12_345, 12_345);
  truncateSync(file, 0);

  const said = await program.run();

  assert.deepEqual([said, statSync(file).size], ["one\n", 0]);
});

for (const name of [".", "run", "compiled"])
  test(`nothing is put in a folder of another user: moltbot/${name}`, needsRoot, async () => {
    using program = new Program(HELLO);
    await program.run();
    const folder = join(program.cache, "..", name);
    for (const each of readdirSync(folder)) rmSync(join(folder, each), { recursive: true });
    chownSync(folder, 12_345, 12_345);

    const said = await program.run();

    assert.deepEqual([said, readdirSync(folder)], ["one\n", []]);
  });

test("no folder is made in that of another user, such as the home folder under sudo", needsRoot, async () => {
  using program = new Program(HELLO);
  const above = join(program.cache, "..", "..");
  mkdirSync(above);
  chownSync(above, 12_345, 12_345);

  const said = await program.run();

  assert.deepEqual([said, readdirSync(above)], ["one\n", []]);
});

for (const name of [".", "run", "compiled"])
  test(`what lies in a folder that others can write is dropped, and the folder closed: moltbot/${name}`, async () => {
    using program = new Program(HELLO);
    await program.run();
    const folder = join(program.cache, "..", name);
    writeFileSync(join(folder, "planted"), "by whom?");
    chmodSync(folder, 0o775);

    const said = await program.run();

    assert.deepEqual(
      [said, statSync(folder).mode & 0o777, readdirSync(folder).includes("planted")],
      ["one\n", 0o700, false],
    );
  });

test("a link in the place of the folder is not followed", async () => {
  using program = new Program(HELLO);
  await program.run();
  const folder = join(program.cache, "..");
  const away = `${folder}-away`;
  renameSync(folder, away);
  rmSync(join(away, "run"), { recursive: true });
  symlinkSync(away, folder);

  const said = await program.run();

  assert.deepEqual([said, readdirSync(away)], ["one\n", ["compiled"]]);
});

test("what Node keeps of versions that are gone is dropped, and that of a program which stands elsewhere stays", async () => {
  using program = new Program(HELLO);
  using other = new Program(HELLO);
  await program.run();
  await other.run();
  const [ofOther = ""] = readdirSync(other.ofNode);
  const [before = ""] = readdirSync(program.ofNode);
  cpSync(join(other.ofNode, ofOther), join(program.ofNode, ofOther), { recursive: true });
  for (const left of ["v20.1.0-x64-1234abcd-0", "0.9.0-deadbeef"])
    mkdirSync(join(program.ofNode, left, "inner"), { recursive: true });
  program.version("1.0.1");
  // As an update writes all files anew.
  program.write("main.cjs", HELLO);

  await program.run();

  const after = readdirSync(program.ofNode).toSorted();
  assert.equal(before, after.find((name) => name.startsWith("1.0.1"))?.replace("1.0.1", "1.0.0"));
  assert.deepEqual(after, [ofOther, before.replace("1.0.0", "1.0.1")].toSorted());
});

test("what another version of Node left is dropped", async () => {
  using program = new Program(HELLO);
  await program.run();
  const [own = ""] = readdirSync(program.ofNode);
  mkdirSync(join(program.ofNode, own, "v20.1.0-x64-1234abcd-0"));
  program.write("main.cjs", HELLO);

  await program.run();

  const left = readdirSync(join(program.ofNode, own)).filter((name) => name !== "of");
  assert.deepEqual(
    left.filter((name) => !name.startsWith(`${process.version}-`)),
    [],
  );
  assert.ok(left.length > 0);
});

test("a file that a killed process did not finish is dropped", async () => {
  using program = new Program(HELLO);
  await program.run();
  const [file = ""] = Object.values(program.kept());
  const part = `${file}.4711`;
  copyFileSync(file, part);
  utimesSync(part, 1, 1);
  program.write("main.cjs", HELLO);

  await program.run();

  assert.deepEqual(Object.values(program.kept()), [file]);
});

test("where nothing can be written, the program runs all the same", async () => {
  using program = new Program(HELLO);
  mkdirSync(join(program.cache, ".."), { recursive: true });
  writeFileSync(program.cache, "a file in the way");

  const said = await program.run();

  assert.equal(said, "one\n");
});

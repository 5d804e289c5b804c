// What V8 has compiled of the build is kept between starts, and is used only while it is whole and of the same file.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
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
  readonly #folder = mkdtempSync(join(tmpdir(), "moltbot-compiled-"));
  readonly #cache = join(this.#folder, "cache", "moltbot", "run");

  constructor(source: string) {
    for (const name of ["bin", "dist"]) mkdirSync(join(this.#folder, name));
    for (const name of ["moltbot.mjs", "compiled.cjs"]) copyFileSync(join(BIN, name), join(this.#folder, "bin", name));
    this.write("main.cjs", source);
  }

  write(name: string, source: string): void {
    writeFileSync(join(this.#folder, "dist", name), source);
  }

  remove(name: string): void {
    rmSync(join(this.#folder, "dist", name));
  }

  /** What it prints. */
  async run(...words: string[]): Promise<string> {
    const { NODE_V8_COVERAGE: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env;
    const args = [join(this.#folder, "bin", "moltbot.mjs"), ...words];
    const cached = { ...env, XDG_CACHE_HOME: join(this.#folder, "cache"), NODE_OPTIONS: "" };
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

test("where nothing can be written, the program runs all the same", async () => {
  using program = new Program(HELLO);
  mkdirSync(join(program.cache, ".."), { recursive: true });
  writeFileSync(program.cache, "a file in the way");

  const said = await program.run();

  assert.equal(said, "one\n");
});

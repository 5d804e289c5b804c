// Properties of the confinement: whatever path is named, nothing outside the folder is read, written or listed.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { GatewayError } from "../../packages/gateway/src/base/errors.ts";
import { matchesPath } from "../../packages/gateway/src/base/text/glob.ts";
import { Confined } from "../../packages/gateway/src/slices/agent/workspace/files/confined.ts";
import { cpuMsOf } from "../support/cpu-time.ts";

const SECRET = "outside";

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  ..."a,a,b,deep,..,..,.,.,...,link,self,up,file.txt,secret.txt,out,%2e%2e,..%2f,\u202e,~,C:,con".split(","),
  ...["", " ", "\0", "\\", "\\..\\", "a\\..\\..", "é", "e\u0301", "\ud800", "x".repeat(300)],
];

/** A folder full of ways out, and what they lead to. */
function tree() {
  const base = mkdtempSync(join(tmpdir(), "moltbot-confined-"));
  const root = join(base, "in");
  const out = join(base, "out");
  mkdirSync(join(root, "a/b/deep"), { recursive: true });
  mkdirSync(out);
  for (const folder of ["", "a", "a/b", "a/b/deep"]) {
    writeFileSync(join(root, folder, "file.txt"), "inside");
    symlinkSync(out, join(root, folder, "link"));
    symlinkSync(root, join(root, folder, "self"));
    symlinkSync("..", join(root, folder, "up"));
  }
  for (const name of ["secret.txt", "file.txt"]) writeFileSync(join(out, name), SECRET);
  writeFileSync(join(base, "secret.txt"), SECRET);
  return { base, root, out, [Symbol.dispose]: () => rmSync(base, { recursive: true }) };
}

/** What a call gave, or undefined when it was refused with a sentence. */
function unlessRefused<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

test("10,000 paths made of names, dots, links and traps read and write inside only", () => {
  using place = tree();
  const files = new Confined({ root: place.root });
  const random = numbers(7);
  const paths = Array.from({ length: 10_000 }, () => {
    const pieces = Array.from({ length: random(5) }, () => PIECES[random(PIECES.length)]);
    const path = [...pieces, ...(random(2) === 0 ? ["file.txt"] : [])].join("/");
    return [path, `/${path}`, `${place.root}/${path}`, `${place.base}/${path}`][random(4)]!;
  });

  const read = paths.flatMap((path) => unlessRefused(() => files.read(path).data.toString()) ?? []);
  const listed = paths.flatMap((path) => unlessRefused(() => files.entries(path, 100)) ?? []);
  for (const path of paths) unlessRefused(() => files.write(path, "written"));

  assert.ok(read.length > 100);
  assert.deepEqual([...new Set(read)], ["inside"]);
  assert.ok(!listed.some(({ name }) => name === "secret.txt"));
  assert.deepEqual(readdirSync(place.base).sort(), ["in", "out", "secret.txt"]);
  assert.deepEqual(readdirSync(place.out).sort(), ["file.txt", "secret.txt"]);
  assert.equal(readFileSync(join(place.out, "file.txt"), "utf8"), SECRET);
});

test("a folder that becomes a link while it is open leads to where it was", () => {
  using place = tree();
  const files = new Confined({ root: place.root });
  using open = files.folder(["a", "b"]);

  rmSync(join(place.root, "a/b"), { recursive: true });
  symlinkSync(place.out, join(place.root, "a/b"));

  assert.throws(() => open.openFile("secret.txt"), /there is no secret\.txt there/);
  assert.throws(() => files.read("a/b/secret.txt"), /b is a link, and links are not followed/);
});

test("a workspace that is itself a link of its owner's is followed", () => {
  using place = tree();
  symlinkSync(place.root, join(place.base, "alias"));

  const file = new Confined({ root: join(place.base, "alias") }).read("a/file.txt");

  assert.equal(file.data.toString(), "inside");
});

const GLOBS: readonly [path: string, glob: string, fits: boolean][] = [
  ["a.md", "*.md", true],
  ["docs/a.md", "*.md", true],
  ["docs/a.md", "docs/*.md", true],
  ["docs/deep/a.md", "docs/*.md", false],
  ["docs/deep/a.md", "docs/**/*.md", true],
  ["docs/a.md", "docs/**/*.md", true],
  ["docs/a.md", "**", true],
  ["src/a.tsx", "src/*.{ts,tsx}", true],
  ["src/a.ts", "src/?.ts", true],
  ["src/ab.ts", "src/?.ts", false],
  ["a.mdx", "*.md", false],
  ["a+b(1).md", "a+b(1).md", true],
];

for (const [path, glob, fits] of GLOBS) {
  test(`the glob ${glob} ${fits ? "finds" : "does not find"} ${path}`, () => {
    assert.equal(matchesPath(glob, path), fits);
  });
}

test("a glob full of stars answers at once", () => {
  const ms = cpuMsOf(() => {
    assert.equal(matchesPath(`${"*a".repeat(90)}b`, "a".repeat(1_000)), false);
    assert.equal(matchesPath(`${"**/a/".repeat(40)}b`, "a/".repeat(400)), false);
  });

  assert.ok(ms < 500, `${ms} ms`);
});

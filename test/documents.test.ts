// What the pages for people who change moltbot say of its files: each path exists, and each addition applies to the code.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { additionsIn, applied, contributing } from "./support/additions.ts";
import { readTexts } from "./support/imports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = ["CONTRIBUTING.md", "docs/architecture.md", ...globSync("docs/decisions/*.md", { cwd: root })];
/** Where a path of these pages begins. Those of the architecture's two walks name their slice in the first line. */
const BASES = [
  "",
  "test",
  "packages/gateway/src",
  "packages/gateway/src/slices",
  "packages",
  "packages/gateway/src/slices/surfaces/messaging",
  "packages/gateway/src/slices/agent",
  "packages/gateway/src/slices/agent/agent",
  "packages/web/src",
  "packages/gateway",
];
/** Names of files that are written while moltbot runs, or that the reader is to make. */
const NOT_HERE = ["gateway.json", "clock.json", "node_modules/.bin", "docs/channels/matrix.md"];
const FILES = globSync("{docs,packages,scripts,test}/**/*.*", {
  cwd: root,
  exclude: (path) => /(?:^|\/)(?:node_modules|dist)$/.test(path),
});
const BASENAMES = new Set(FILES.map((path) => basename(path)));

describe("additions", () => {
  // Those to files that an addition before them has made are tried in `test/new-slice.test.ts`.
  const additions = additionsIn(contributing()).filter(({ path }) => existsSync(join(root, path)));

  const changed = new Map<string, string>();

  for (const [index, addition] of additions.entries()) {
    test(`${index + 1}, of ${addition.path}, applies after those before it`, () => {
      const text = changed.get(addition.path) ?? readFileSync(join(root, addition.path), "utf8");

      changed.set(addition.path, applied(text, addition));

      assert.notEqual(changed.get(addition.path), text);
    });
  }

  test("there are some of each kind", () => assert.ok(additions.length > 12));
});

test("the code that docs/architecture.md shows of a file is in that file", () => {
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const blocks = [...page.matchAll(/```ts\n\/\/ (slices\/[^\n]*)\n([\s\S]*?)```/g)];

  const wrong = blocks.flatMap(([, named = "", code = ""]) => {
    const paths = named.match(/slices\/\S+?\.ts/g) ?? [];
    const text = paths.map((path) => readFileSync(join(root, "packages/gateway/src", path), "utf8")).join("\n");
    const lines = code.split("\n").map((line) => line.replace(/\s*\/\/ .*$/, ""));
    return lines.filter((line) => !text.includes(line)).map((line) => `${named}: ${line}`);
  });

  assert.deepEqual([blocks.length, wrong], [2, []]);
});

describe("paths", () => {
  for (const page of pages.toSorted()) {
    test(`in ${page} are those of files`, () => {
      const text = readFileSync(join(root, page), "utf8").replace(/```[\s\S]*?```/g, "");

      const wrong = pathsIn(text).filter((path) => !exists(path, dirname(page)));

      assert.deepEqual(wrong, []);
    });
  }

  test("in comments are those of files", () => {
    const all = `/${FILES.join("\n/")}`;
    const wrong = [...readTexts("{packages/*/src,scripts,test}/**/*.{ts,mjs}")].flatMap(([path, text]) =>
      commentsOf(text)
        .flatMap((comment) => [...comment.matchAll(/`((?:[\w.-]+\/)*[\w-]+\.(?:test\.)?(?:ts|mjs|cjs))`/g)])
        .map(([, named = ""]) => named)
        .filter((named) => !all.includes(`/${named}`))
        .map((named) => `${path}: ${named}`),
    );

    assert.deepEqual(wrong, []);
  });
});

function pathsIn(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)]
    .map(([, said = ""]) => said)
    .filter((said) => /^\w[\w./{},*-]*$/.test(said) && /\/|\w\.(?:ts|mjs|cjs|md|json)$/.test(said))
    .flatMap(expanded);
}

/** `a/{b,c}.ts` names two files. */
function expanded(path: string): string[] {
  const [whole, before, inside = "", after] = /^(.*?)\{(.*?)\}(.*)$/.exec(path) ?? [];
  return whole === undefined ? [path] : inside.split(",").map((each) => `${before}${each}${after}`);
}

function exists(path: string, from: string): boolean {
  if (NOT_HERE.includes(path) || BASENAMES.has(path)) return true;
  if (path.includes("*")) return BASES.some((base) => globSync(join(base, path), { cwd: root }).length > 0);
  return [from, ...BASES].some((base) => existsSync(join(root, base, path)));
}

function commentsOf(text: string): string[] {
  return [...text.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g)].map(([comment]) => comment);
}

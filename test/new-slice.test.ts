// `npm run new slice` and `npm run new page`: what they write into a copy of the sources compiles, passes its test, and answers
// over the wire.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Addition, additionsIn, applied, contributing } from "./support/additions.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "moltbot-new-"));
after(() => rmSync(copy, { recursive: true, force: true }));

for (const name of [
  "biome.json",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "docs",
  "packages",
  "scripts",
  "test",
])
  cpSync(join(root, name), join(copy, name), {
    recursive: true,
    filter: (path) => !/[\\/](?:dist|dist\.old|dist\.new|node_modules|images)$/.test(path),
  });
linkPackages(join(root, "node_modules"), join(copy, "node_modules"));

/** The installed packages, but those of this repository from the copy. */
function linkPackages(from: string, to: string): void {
  mkdirSync(join(to, "@moltbot"), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith(".stamp")) cpSync(join(from, name), join(to, name));
    else if (name !== "@moltbot") symlinkSync(join(from, name), join(to, name));
  }
  for (const name of readdirSync(join(copy, "packages")).filter((each) => each !== "gateway"))
    symlinkSync(join(copy, "packages", name), join(to, "@moltbot", name));
}

/** Makes the additions of CONTRIBUTING.md, those of the new slice with its own name. Returns the files. */
function addAll(): string[] {
  const text = contributing();
  const named = text
    .replace(/(?<=["/])chores(?=["/])|chores(?=\.ts)/g, "night-watches")
    .replace(/\bchores\b/g, "nightWatches")
    .replace(/\bChores\b/g, "NightWatches");
  const isLeft = ({ path }: Addition) => path.endsWith("/night-watches/slice.ts") || !written.includes(path);
  const additions = additionsIn(named).filter(isLeft);
  for (const addition of additions) {
    const path = join(copy, addition.path);
    const before = addition.isNew ? "" : readFileSync(path, "utf8");
    writeFileSync(path, addition.path.endsWith(".json") ? "{}" : applied(before, addition));
  }
  const channel = "packages/gateway/src/channels/matrix";
  const [, definition = ""] = /```ts\n\/\/ \S+\/matrix\/channel\.ts[^\n]*\n([\s\S]*?)```/.exec(text) ?? [];
  mkdirSync(join(copy, channel));
  writeFileSync(join(copy, channel, "channel.ts"), definition);
  writeFileSync(
    join(copy, channel, "format.ts"),
    'export declare const matrixDialect: import("../../kit/text/dialect.ts").Dialect;',
  );
  writeFileSync(
    join(copy, channel, "connection.ts"),
    'export declare function connect(context: object): Promise<import("../../kit/channel.ts").Connection>;',
  );
  return [...additions.map(({ path }) => path), `${channel}/channel.ts`].filter((path) => path.endsWith(".ts"));
}

async function run(...args: string[]) {
  // Node skips the tests of a process that a test has started, unless it does not know.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ["--conditions=moltbot-source", ...args], { cwd: copy, env });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

const tooSoon = await run("scripts/new-page.ts", "night-watches");
const made = await run("scripts/bootstrap.mjs", "new", "slice", "night-watches", "--floor", "automation");
const page = await run("scripts/bootstrap.mjs", "new", "page", "night-watches");
const written = [made, page].flatMap(({ stdout }) => stdout.trim().split("\n"));

test("it names what it wrote, and generates what follows", () => {
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual(made.stdout.trim().split("\n"), [
    "packages/gateway/src/slices/automation/night-watches/slice.ts",
    "packages/gateway/src/slices/automation/night-watches/index.ts",
    "packages/gateway/src/slices/automation/night-watches/methods.ts",
    "packages/gateway/src/slices/automation/night-watches/night-watches.ts",
    "packages/gateway/src/slices/automation/night-watches/night-watches.test.ts",
    "packages/gateway/src/cli/commands/night-watches.ts",
    "packages/gateway/src/catalog.ts",
    "packages/gateway/src/cli/commands/index.ts",
    "test/wire/access.test.ts",
  ]);
  assert.match(made.stderr, /wrote packages\/protocol\/schema\.json/);
});

test("its page is a folder and a line, and its texts are collected", () => {
  assert.equal(page.code, 0, page.stderr);
  assert.deepEqual(page.stdout.trim().split("\n"), [
    "packages/web/src/night-watches/view.ts",
    "packages/web/src/night-watches/night-watches-page.ts",
    "packages/web/src/views.ts",
    "test/support/control-page.ts",
  ]);
  assert.match(page.stderr, /wrote packages\/web\/src\/words\/en\.json/);
  const views = readFileSync(join(copy, "packages/web/src/views.ts"), "utf8");
  assert.match(views, /^import \{ nightWatchesView \} from "\.\/night-watches\/view\.ts";$/m);
  assert.match(views, /^ {2}nightWatchesView,$/m);
});

test("slice and page compile", async () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(copy, "tsconfig.json"), "utf8"));
  // What was written, with all that it imports. What lists all slices imports the whole gateway; it is run below.
  const listsAll = /(?:catalog|commands\/index|access\.test)\.ts$/;
  const include = written.filter((path) => !listsAll.test(path));
  writeFileSync(join(copy, "tsconfig.json"), JSON.stringify({ compilerOptions, include }));

  const checked = await run("node_modules/typescript/bin/tsc", "-p", "tsconfig.json");

  assert.deepEqual([checked.code, checked.stdout], [0, ""]);
});

test("its own test passes, the rules for slices hold, and the table of access knows its method", async () => {
  const slice = "packages/gateway/src/slices/automation/night-watches/night-watches.test.ts";
  const rules = "--test-name-pattern=status says|slice|catalog|floor|command line";
  const [tested, access] = await Promise.all([
    run("--test", rules, slice, "test/architecture.test.ts"),
    run("--test", "test/wire/access.test.ts"),
  ]);

  assert.equal(tested.code, 0, tested.stdout);
  assert.match(tested.stdout, /the status says since when it is open/);
  assert.equal(access.code, 0, access.stdout);
});

test("its command answers from a gateway", async () => {
  const env = { ...process.env, MOLTBOT_STATE_DIR: join(copy, "state"), NO_COLOR: "1" };
  const command = ["--conditions=moltbot-source", "packages/gateway/src/cli/main.ts"];
  const gateway = spawn(process.execPath, [...command, "gateway", "--port", "0"], { cwd: copy, env });
  const ended = once(gateway, "exit");
  gateway.stdout.setEncoding("utf8");
  for await (const chunk of gateway.stdout) if (String(chunk).includes("http")) break;

  const child = spawn(process.execPath, [...command, "night-watches"], { cwd: copy, env });
  const said = await text(child.stdout);
  gateway.kill();
  await ended;

  assert.match(said, /^Opened (just now|\d+ (s|min) ago)\.\n$/);
});

test("a name that is taken, or that is none, is refused and nothing is written", async () => {
  const taken = await run("scripts/new-slice.ts", "sessions");
  const command = await run("scripts/new-slice.ts", "doctor");
  const bad = await run("scripts/new-slice.ts", "Night Watch");
  const floor = await run("scripts/new-slice.ts", "tides", "--floor", "cellar");
  const again = await run("scripts/new-page.ts", "night-watches");

  assert.deepEqual(
    [taken, command, bad, floor, tooSoon, again].map(({ code, stdout }) => [code, stdout]),
    Array(6).fill([2, ""]),
  );
  assert.match(
    tooSoon.stderr,
    /^There is no method night-watches\.status .*run `npm run new slice night-watches` first\.$/m,
  );
  assert.match(again.stderr, /^There is a folder packages\/web\/src\/night-watches already; choose another name\.$/m);
  assert.match(
    taken.stderr,
    /^There is a slice sessions already, in packages\/gateway\/src\/slices\/core\/sessions\.$/m,
  );
  assert.match(floor.stderr, /^--floor is one of core, agent, surfaces, automation, operations, not "cellar"\.$/m);
});

test("what CONTRIBUTING.md adds compiles", async () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(copy, "tsconfig.json"), "utf8"));
  writeFileSync(join(copy, "tsconfig.json"), JSON.stringify({ compilerOptions, include: addAll() }));

  const checked = await run("node_modules/typescript/bin/tsc", "-p", "tsconfig.json");

  assert.deepEqual([checked.code, checked.stdout], [0, ""]);
});

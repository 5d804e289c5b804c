// Which part of the product a test belongs to: every test file has one, and every slice has tests.
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { SLICES } from "../../packages/gateway/src/catalog.ts";
import { readerOf } from "../../scripts/test/batches.ts";
import { partsOf, partsWithTests } from "../../scripts/test/parts.ts";
import { FILES, FOLDERS } from "../parts.ts";
import { ROOT } from "../support/imports.ts";

const read = readerOf(ROOT);
const paths = globSync(["packages/*/src/**/*.test.ts", "test/**/*.test.ts"], { cwd: ROOT }).toSorted();

test("every test file belongs to a part", () => {
  const lost = paths.filter((path) => partsOf(path, read(path), ROOT).length === 0);

  assert.deepEqual(lost, [], "name the folder in test/parts.ts");
});

test("every file that the list names is there", () => {
  const gone = Object.keys(FILES).filter((name) => !existsSync(join(ROOT, "test", `${name}.test.ts`)));

  assert.deepEqual(gone, []);
});

test("every part that the list names is a slice, a package, or what a folder of tests is about", () => {
  const packages = globSync("packages/*", { cwd: ROOT }).map((path) => basename(path));
  const known = new Set([...SLICES.map(({ name }) => name), ...packages, ...Object.values(FOLDERS).flat()]);

  assert.deepEqual(
    Object.entries(FILES).filter(([, parts]) => !parts.every((part) => known.has(part))),
    [],
  );
});

test("every slice has tests", () => {
  const parts = partsWithTests(paths, read, ROOT);

  assert.deepEqual(
    SLICES.map(({ name }) => name).filter((name) => !parts.has(name)),
    [],
  );
});

test("a test belongs to the slice it stands in, to those that the list names, and to those it imports from", () => {
  const inSlice = paths.find((path) => path.endsWith("/messaging/in/inbound.test.ts"))!;

  assert.deepEqual(partsOf(inSlice, "", ROOT), ["messaging"]);
  assert.deepEqual(partsOf("test/agent/exec.test.ts", "", ROOT), ["agent", "approvals"]);
  assert.deepEqual(partsOf("packages/gateway/src/base/a.test.ts", "", ROOT), ["base"]);
  assert.deepEqual(partsOf("packages/web/src/a.test.ts", "", ROOT), ["web"]);
  const imports = `import { x } from "../../${inSlice.replace(".test.ts", ".ts")}";`;
  assert.deepEqual(partsOf("test/wire/frames.test.ts", imports, ROOT), ["messaging", "server"]);
  assert.deepEqual(partsOf("test/nowhere/a.test.ts", "", ROOT), []);
});

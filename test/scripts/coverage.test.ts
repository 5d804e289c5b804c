// Coverage as a map: a row for each part, the least reached first, read off what V8 writes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { coverageTable, type FileCoverage } from "../../scripts/coverage/map.ts";
import { coverageIn } from "../../scripts/coverage/v8.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-coverage-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (path: string, covered: number): FileCoverage => ({
  path,
  lines: { covered, total: 10 },
  branches: { covered: 1, total: 2 },
});

test("parts are rows, the least reached first, with the files that are reached least", () => {
  const files = [file("a/one.ts", 10), file("b/two.ts", 5), file("b/three.ts", 0)];

  const table = coverageTable(files, (path) => path.slice(0, 1));

  assert.deepEqual(table.split("\n"), [
    "slice  lines  branches  least covered",
    "b      25 %   50 %      b/three.ts 0 %, b/two.ts 50 %",
    "a      100 %  50 %      a/one.ts 100 %",
  ]);
});

test("a line counts when one of several processes ran it", () => {
  const path = join(folder, "program.ts");
  writeFileSync(path, 'if (process.argv[2] === "one") {\n  console.log(1);\n} else {\n  console.log(2);\n}\n');
  const reports = mkdtempSync(join(folder, "reports-"));
  const run = (word: string) =>
    spawnSync(process.execPath, [path, word], { env: { ...process.env, NODE_V8_COVERAGE: reports } });

  run("one");
  const [half] = coverageIn(reports, [path]);
  run("two");
  const [whole] = coverageIn(reports, [path]);

  assert.ok(half!.lines.covered < half!.lines.total);
  assert.equal(whole!.lines.covered, whole!.lines.total);
});

test("of a file that no process has loaded nothing is reached; one of types alone holds nothing to reach", () => {
  const [unread, types] = ["unread.ts", "types.ts"].map((name) => join(folder, name));
  writeFileSync(unread!, "export const a = 1;\nexport const b = 2;\n");
  writeFileSync(types!, "export interface A {\n  readonly a: number;\n}\n");
  const reports = mkdtempSync(join(folder, "reports-"));

  const files = coverageIn(reports, [unread!, types!]);

  assert.deepEqual(
    files.map(({ lines }) => lines),
    [
      { covered: 0, total: 2 },
      { covered: 0, total: 0 },
    ],
  );
});

/**
 * `npm run coverage [-- --slice NAME | FILE…]`: runs tests and prints how much of each slice they reach. It is a map and no
 * gate. Gateways that tests start from source count too; those that are built, and those that are killed, do not. Nor does what
 * runs in a browser: of the pages only what unit tests load is counted.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { command, ROOT } from "../mistake.ts";
import { partOfSource } from "../test/parts.ts";
import { coverageTable, type FileCoverage } from "./map.ts";
import { coverageIn } from "./v8.ts";

await command(async (args) => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-coverage-"));
  try {
    const { status } = spawnSync(process.execPath, ["--conditions=moltbot-source", "scripts/test/run.ts", ...args], {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    const sources = globSync("packages/*/src/**/*.ts", { cwd: ROOT }).filter((path) => !path.endsWith(".test.ts"));
    const files = coverageIn(
      folder,
      sources.map((path) => join(ROOT, path)),
    )
      .map((file) => ({ ...file, path: relative(ROOT, file.path) }))
      .filter((file) => counts(file, args.length === 0));
    console.log(`\n${coverageTable(files, (path) => partOfSource(path, ROOT) ?? "others")}`);
    process.exitCode = status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Whether a file belongs into the map: a file that nothing has run does so when all tests ran, and Node could have run it. */
function counts({ path, lines }: FileCoverage, isWhole: boolean): boolean {
  return lines.covered > 0 || (isWhole && !path.startsWith("packages/web/"));
}

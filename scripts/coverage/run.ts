/**
 * `npm run coverage [-- --slice NAME | FILE…]`: runs tests and prints how much of each slice they reach. It is a map and no
 * gate. Gateways that tests start from source count too; those that are built, and those that are killed, do not.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { command, ROOT } from "../mistake.ts";
import { partOfSource } from "../test/parts.ts";
import { coverageTable } from "./map.ts";
import { coverageIn } from "./v8.ts";

await command(async (args) => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-coverage-"));
  try {
    const { status } = spawnSync(process.execPath, ["--conditions=moltbot-source", "scripts/test/run.ts", ...args], {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, NODE_V8_COVERAGE: folder },
    });
    const sources = join(ROOT, "packages");
    const isSource = (path: string) => path.startsWith(sources) && /\/src\/.*(?<!\.test)\.ts$/.test(path);
    const files = coverageIn(folder, isSource).map((file) => ({ ...file, path: relative(ROOT, file.path) }));
    console.log(`\n${coverageTable(files, (path) => partOfSource(path, ROOT) ?? "others")}`);
    process.exitCode = status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

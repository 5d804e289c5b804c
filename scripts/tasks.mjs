// What `npm start`, `npm test` and the `npm run` commands of the repository do, once the dependencies are there.
// Each task takes the arguments after its name and resolves to the exit code.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explain, root, runNode, runTool } from "./process.mjs";
import { fingerprint, isBuilt, writeStamp } from "./stamp.mjs";

/** The repository commands by name. */
export const tasks = { start, test, check, changes, coverage, mutate, generate, build, bench, screenshots, new: begin };

/** Builds when needed, then runs the gateway in the foreground with the given options. */
async function start(args) {
  await buildWhenStale();
  return runNode(["packages/gateway/bin/moltbot.mjs", "gateway", ...args]);
}

/** Runs tests; no test, nor a process that it starts, may leave this machine. */
async function test(args) {
  await buildWhenStale();
  return runNode(["--conditions=moltbot-source", "scripts/test/run.ts", ...args], { env: testEnv() });
}

/** Says what the work since it left main does to the wire and to what `kit` exports. */
function changes(args) {
  return runNode(["scripts/changes/run.ts", ...args]);
}

/** Runs tests and says how much of each slice they reach. */
async function coverage(args) {
  await buildWhenStale();
  return runNode(["scripts/coverage/run.ts", ...args], { env: testEnv() });
}

/** Changes a source file in many small ways and says which changes no unit test notices. */
function mutate(args) {
  return runNode(["scripts/mutate/run.ts", ...args], { env: testEnv() });
}

/** The environment of tests: what every process of theirs loads first. */
function testEnv() {
  const preloads = ["loopback-only", "compile-cache"].map(
    (name) => `--import=${pathToFileURL(join(root, `test/support/${name}.mjs`))}`,
  );
  return { NODE_OPTIONS: [process.env.NODE_OPTIONS, ...preloads].filter(Boolean).join(" ") };
}

/** Everything that must hold before a commit; runs every step, names those that failed. */
async function check() {
  const steps = [
    ["generated files are fresh", () => generate(["--check"])],
    ["format and lint", () => runTool("@biomejs/biome/bin/biome", ["ci", "."])],
    ["types", () => runTool("typescript/bin/tsc", ["-p", "tsconfig.json"])],
    ["unused code", () => runTool("knip/bin/knip.js", [])],
    ["what changes for others", () => changes([])],
    ["build", () => build([])],
    ["package @moltbot/protocol", () => runTool("publint/src/cli.js", ["packages/protocol", "--strict"])],
    ["package moltbot", () => runTool("publint/src/cli.js", ["packages/gateway", "--strict"])],
    ["tests", () => test([])],
  ];
  const failed = [];
  for (const [name, run] of steps) {
    console.error(`\n— ${name}`);
    if ((await run()) !== 0) failed.push(name);
  }
  console.error(failed.length === 0 ? "\nEverything holds." : `\nNot right yet: ${failed.join(", ")}.`);
  return failed.length === 0 ? 0 : 1;
}

/** Writes the files that follow from the definitions; with `--check` only says which are stale. */
function generate(args) {
  return runNode(["--conditions=moltbot-source", "scripts/generate.ts", ...args]);
}

/** `slice NAME` or `page NAME`: writes the first files of it, and generates what follows from them. */
async function begin([what, ...args]) {
  if (what !== "slice" && what !== "page")
    throw explain("Say what to begin: npm run new slice NAME [-- --floor FLOOR], or npm run new page NAME.", 2);
  const code = await runNode(["--conditions=moltbot-source", `scripts/new-${what}.ts`, ...args]);
  return code === 0 ? await generate([]) : code;
}

/** Makes the pictures of the documentation anew from the real page. */
async function screenshots() {
  await buildWhenStale();
  return runNode(["--conditions=moltbot-source", "scripts/screenshots.ts"], { env: testEnv() });
}

/** Builds all packages. */
async function build(args) {
  const before = fingerprint();
  const code = await runNode(["scripts/build.mjs", ...args]);
  if (code === 0) writeStamp(before);
  return code;
}

/** Measures what the README promises; `--json` for machines. */
async function bench(args) {
  await buildWhenStale();
  return runNode(["--conditions=moltbot-source", "scripts/bench.ts", ...args]);
}

async function buildWhenStale() {
  if (isBuilt()) return;
  console.error("Building, because the sources are newer than the last build.");
  const code = await build(["--keep-chunks"]);
  if (code !== 0) throw explain("The build did not finish; what is wrong is written above.", code);
}

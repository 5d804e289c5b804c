// `moltbot update` with ten broken builds and a good one: the old version answers again each time, and nothing is lost.

import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { within } from "../support/time-limit.ts";
import { freePort, Home } from "./harness.ts";

const main = fileURLToPath(new URL("../../packages/gateway/src/cli/main.ts", import.meta.url));
const home = new Home();
mkdirSync(home.stateDir, { recursive: true });
const auth = { mode: "token", token: "a-long-token-for-the-tests-of-updates" };
const config = { gateway: { auth }, update: { watchSeconds: 6, maxMegabytes: 700 }, models: { detectLocal: false } };
writeFileSync(join(home.stateDir, "moltbot.json"), JSON.stringify(config), { mode: 0o600 });
const port = await freePort();
const child = home.spawn(["gateway", "--port", port]);
let shown = "";
for (const stream of [child.stdout!, child.stderr!])
  stream.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
after(async () => {
  child.kill("SIGTERM");
  if (child.exitCode === null && child.signalCode === null) await within(once(child, "exit"), "the gateway to end");
  home[Symbol.dispose]();
});
await within(once(child.stdout!, "data"), "the gateway to start");

/** What a program of a version does before it is this gateway; `isTried` is false while it is probed on a copy. */
const good = `process.execve(process.execPath, [process.execPath, "--conditions=moltbot-source", ${JSON.stringify(main)}, ...words], process.env);`;
const inPlace = (what: string) => `if (words[0] === "gateway" && !words.includes("loopback")) { ${what} } else ${good}`;
const asChild = (after: string) => `
  const { spawn } = await import("node:child_process");
  const gateway = spawn(process.execPath, ["--conditions=moltbot-source", ${JSON.stringify(main)}, ...words], { stdio: "inherit" });
  process.on("SIGTERM", () => { gateway.kill("SIGKILL"); process.exit(0); });
  process.on("exit", () => gateway.kill("SIGKILL"));
  ${after}`;
/** When the gateway inside answers, and a moment later. */
const whenUp = (what: string) => `
  const { existsSync } = await import("node:fs");
  while (!existsSync(process.env.MOLTBOT_STATE_DIR + "/gateway.json")) await new Promise((go) => setTimeout(go, 20));
  setTimeout(() => { ${what} }, 500);`;
const migration = (sql: string) => `
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(process.env.MOLTBOT_STATE_DIR + "/state.db");
  db.exec(${JSON.stringify(sql)});
  db.close();
  process.exit(1);`;

/** Ten builds that are broken, and why each is given up. */
const BROKEN: readonly (readonly [name: string, program: string | undefined, why: RegExp])[] = [
  ["a syntax error", "this is no program", /ended by itself \(exit code 1\)/],
  ["an error at its start", "throw new Error('no');", /ended by itself \(exit code 1\)/],
  ["another Node", "console.error('needs Node 99'); process.exit(1);", /ended by itself \(exit code 1\)/],
  ["a missing file", undefined, /it has no bin\/moltbot\.mjs/],
  [
    "messages without an answer",
    `if (words[0] === "agent") process.exit(1); else ${good}`,
    /a message was not answered/,
  ],
  [
    "a bad migration",
    inPlace(migration("drop table runs; update schema_versions set version = 99")),
    /ended by itself/,
  ],
  [
    "damage",
    inPlace(migration("pragma writable_schema = 1; update sqlite_schema set rootpage = 99999")),
    /ended by itself/,
  ],
  ["an end after some time", inPlace(asChild(whenUp("process.exit(3)"))), /ended by itself \(exit code 3\)/],
  [
    "a port that closes",
    inPlace(asChild(whenUp("gateway.kill('SIGKILL'); setInterval(() => {}, 1_000)"))),
    /stopped answering/,
  ],
  [
    "a great appetite",
    inPlace(asChild(whenUp("globalThis.eaten = Array.from({ length: 8 }, () => Buffer.alloc(100_000_000, 1))"))),
    /eats memory/,
  ],
];

function build(version: string, program: string | undefined): string {
  const folder = join(home.stateDir, "..", `build-${version}`);
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "moltbot", version, type: "module" }));
  if (program === undefined) return folder;
  writeFileSync(join(folder, "bin", "moltbot.mjs"), `const words = process.argv.slice(2);\n${program}\n`);
  chmodSync(join(folder, "bin", "moltbot.mjs"), 0o755);
  return folder;
}

async function said(): Promise<string> {
  const { stdout, stderr, code } = await home.run(["sessions", "show", "main", "--json"]);
  assert.equal(code, 0, stderr);
  return stdout;
}

for (const [count, [name, program, why]] of BROKEN.entries())
  test(`a build with ${name} is given up, and nothing is lost`, async () => {
    await home.run(["agent", "-m", `kept through ${name}`]);
    const folder = build(`2099.${count}.0`, program);
    const startedAt = performance.now();

    const { code, stderr } = await home.run(["update", "--from", folder]);

    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.match(await said(), new RegExp(`kept through ${name}`));
    assert.ok(performance.now() - startedAt < 90_000);
    assert.deepEqual(
      readdirSync(home.stateDir).filter((each) => /^(update\.json|current|state\.db\.before-update)$/.test(each)),
      [],
    );
  });

test("a good build stays, also after a restart, and undo goes back to what was there before", async () => {
  await home.run(["agent", "-m", "before the update"]);

  const updated = await home.run(["update", "--from", build("2100.1.0", good), "--json"]);
  await home.run(["agent", "-m", "after the update"]);
  const since = await said();
  const runsAs = readFileSync(`/proc/${child.pid}/environ`, "utf8");
  const undone = await home.run(["update", "undo"]);

  assert.equal(updated.code, 0, updated.stderr);
  assert.equal(JSON.parse(updated.stdout).result.status, "ok");
  assert.match(runsAs, /MOLTBOT_VERSION_IN_USE=2100\.1\.0/, shown);
  assert.match(since, /after the update/);
  assert.equal(undone.code, 0, undone.stderr);
  assert.doesNotMatch(await said(), /after the update/);
  assert.equal(existsSync(join(home.stateDir, "current")), false);
});

test("a folder that is no package is refused at once", async () => {
  const { code, stderr } = await home.run(["update", "--from", home.stateDir]);

  assert.equal(code, 1);
  assert.match(stderr, /Nothing was changed: .*holds no package of moltbot/);
});

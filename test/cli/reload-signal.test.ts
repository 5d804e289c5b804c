// SIGUSR1 at moments when no gateway runs yet: it opens no debugger, and a gateway that starts takes note of it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, within } from "../support/time-limit.ts";
import { freePort, Home } from "./harness.ts";

const ENTRY = fileURLToPath(new URL("../../packages/gateway/bin/moltbot.mjs", import.meta.url));

test("while the program loads, the signal opens no debugger", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-entry-"));
  for (const name of ["bin", "dist"]) mkdirSync(join(folder, name));
  copyFileSync(ENTRY, join(folder, "bin", "moltbot.mjs"));
  writeFileSync(join(folder, "dist", "main.cjs"), 'console.log("loads"); process.stdin.resume();');
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" };
  const child = spawn(process.execPath, [join(folder, "bin", "moltbot.mjs"), "gateway"], { env });
  const said = text(child.stderr);
  await within(once(child.stdout, "data"), "the program to load");

  child.kill("SIGUSR1");
  child.stdin.end();
  const [code] = await within(once(child, "exit"), "the program to end");

  assert.deepEqual([code, await said], [0, ""]);
  rmSync(folder, { recursive: true });
});

test("nor does it after the process has become another program, before that listens for it", async () => {
  const module = fileURLToPath(new URL("../../packages/gateway/src/base/process/exec-program.ts", import.meta.url));
  const next = 'console.log("loads"); process.stdin.resume();';
  const first = `import { execProgram } from ${JSON.stringify(module)}; await execProgram(["-e", ${JSON.stringify(next)}], process.env);`;
  const child = spawn(process.execPath, ["--conditions=moltbot-source", "--input-type=module", "-e", first]);
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said += piece.toString();
  });
  await within(once(child.stdout, "data"), "the second program to load");

  child.kill("SIGUSR1");
  // Node looks at the signal in a thread of its own, which aborts the process when that ends meanwhile.
  await eventually("Node's answer to the signal, or the end", () => said.includes("inspector") || hasEnded(child));
  child.stdin.end();
  await eventually("the program to end", () => hasEnded(child));

  // In its first moments a process of Node may end by the signal; what counts is that nothing listens.
  assert.ok(child.exitCode === 0 || child.signalCode === "SIGUSR1", `${child.exitCode} ${child.signalCode}`);
  assert.doesNotMatch(said, /Debugger listening/);
});

test("a restart that is asked for while the gateway starts is made when it has started", async (t) => {
  using home = new Home();
  const child = home.spawn(["gateway", "--port", await freePort()]);
  t.after(() => child.kill("SIGKILL"));
  const logs = join(home.stateDir, "logs");
  const log = () =>
    (existsSync(logs) ? readdirSync(logs).map((name) => readFileSync(join(logs, name), "utf8")) : []).join("");
  await eventually("the start", () => existsSync(logs));

  child.kill("SIGUSR1");
  await eventually("the restart", () => log().includes("restarting the program"));
  await eventually("the second start", () => log().split("gateway listens").length > 2);
  child.kill("SIGTERM");
  await within(once(child, "exit"), "the gateway to end");

  assert.match(log(), /gateway listens[\s\S]*restarting the program[\s\S]*gateway listens/);
});

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

// launchd and the task scheduler of Windows, against small programs that answer as theirs are documented to.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Launchd } from "./launchd.ts";
import type { ServicePlan } from "./service.ts";
import { WindowsTasks } from "./windows.ts";

/** A folder with one program on the PATH that writes down its calls; `script` decides what it answers. */
class OneProgram implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "moltbot-supervisor-"));
  readonly env: NodeJS.ProcessEnv = { PATH: `${this.folder}:/usr/bin:/bin`, AT: this.folder };
  readonly #name: string;

  constructor(name: string, script: string) {
    this.#name = name;
    const path = join(this.folder, name);
    writeFileSync(path, `#!/bin/sh\necho "$*" >> "$AT/calls"\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** The calls since the last time, without those that only look. */
  calls(): string[] {
    const path = join(this.folder, "calls");
    const lines = existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
    rmSync(path, { force: true });
    return lines.filter((line) => !/^(?:print|\/Query)/.test(line));
  }

  get name(): string {
    return this.#name;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

const plan: ServicePlan = {
  kind: "gateway",
  profile: undefined,
  command: ["/usr/local/bin/node", "/usr/local/bin/moltbot", "gateway", "run"],
  env: { PATH: "/usr/bin" },
  logFile: "/tmp/gateway-service.log",
};

const LAUNCHCTL = `case "$1" in
  bootstrap) if [ -e "$AT/no-session" ]; then echo "Bootstrap failed: 125: Domain does not support specified action" >&2; exit 125; fi; touch "$AT/loaded" ;;
  bootout) [ -e "$AT/loaded" ] || { echo "Boot-out failed: 3: No such process" >&2; exit 3; }; rm "$AT/loaded" ;;
  kickstart) [ -e "$AT/loaded" ] || exit 113 ;;
  print) [ -e "$AT/loaded" ] || { echo "Could not find service" >&2; exit 113; }; printf 'gui/501/x = {\\n\\tstate = running\\n\\tpid = 4711\\n}\\n' ;;
esac`;

test("an agent of launchd is bootstrapped, kicked, booted out and loaded again", async () => {
  using program = new OneProgram("launchctl", LAUNCHCTL);
  const folder = join(program.folder, "LaunchAgents");
  const launchd = new Launchd({ label: "bot.molt.gateway", folder, uid: 501, env: program.env });
  const file = join(folder, "bot.molt.gateway.plist");

  await launchd.install(plan);
  const installed = { calls: program.calls(), state: await launchd.state() };
  await launchd.restart();
  await launchd.stop();
  const stopped = { calls: program.calls(), state: await launchd.state() };
  await launchd.start();
  const again = program.calls();
  const removed = [await launchd.uninstall(), await launchd.uninstall()];

  assert.deepEqual(installed.calls, ["enable gui/501/bot.molt.gateway", `bootstrap gui/501 ${file}`]);
  assert.deepEqual(
    [installed.state.isRunning, installed.state.pid, installed.state.program],
    [true, 4711, plan.command],
  );
  assert.deepEqual(stopped.calls, ["kickstart -k gui/501/bot.molt.gateway", "bootout gui/501/bot.molt.gateway"]);
  assert.deepEqual([stopped.state.isRunning, stopped.state.detail], [false, "not loaded"]);
  assert.deepEqual(again, [`bootstrap gui/501 ${file}`]);
  assert.deepEqual([removed, existsSync(file)], [[true, false], false]);
});

test("a Mac that nobody is logged in to is explained", async () => {
  using program = new OneProgram("launchctl", LAUNCHCTL);
  writeFileSync(join(program.folder, "no-session"), "");
  const launchd = new Launchd({ label: "bot.molt.gateway", folder: program.folder, uid: 501, env: program.env });

  await assert.rejects(launchd.install(plan), /launchd has no session of this user: log in at the Mac's screen/);
});

test("agents of other brands are found and put aside", async () => {
  using program = new OneProgram("launchctl", LAUNCHCTL);
  const { folder, env } = program;
  for (const label of [
    "com.steipete.clawdbot.gateway",
    "ai.openclaw.gateway",
    "bot.molt.gateway.work",
    "com.apple.mail",
  ])
    writeFileSync(join(folder, `${label}.plist`), "<plist/>");
  const launchd = new Launchd({ label: "bot.molt.gateway", folder, uid: 501, env });

  const others = await launchd.others();
  for (const other of others) await launchd.removeOther(other);

  assert.deepEqual(
    others.map(({ name }) => name),
    ["ai.openclaw.gateway", "com.steipete.clawdbot.gateway"],
  );
  assert.deepEqual(await launchd.others(), []);
  assert.ok(existsSync(join(folder, "ai.openclaw.gateway.plist.removed")));
});

const SCHTASKS = `case "$1" in
  /Create) touch "$AT/task" ;;
  /Delete) rm "$AT/task" ;;
  /Query) if [ "$2" = /TN ]; then [ -e "$AT/task" ] || exit 1; echo '"\\Moltbot Gateway","N/A","Running"'; else printf '"%s","N/A","Ready"\\r\\n' '\\Clawdbot Gateway' '\\Backup'; fi ;;
esac`;

test("a task of Windows starts a private script that starts the program again", async () => {
  using program = new OneProgram("schtasks", SCHTASKS);
  const { folder, env } = program;
  const tasks = new WindowsTasks({ task: "Moltbot Gateway", folder, script: "gateway.cmd", env });

  await tasks.install(plan);
  const script = readFileSync(join(folder, "gateway.cmd"), "utf8");
  const state = await tasks.state();
  const others = await tasks.others();
  const calls = program.calls();
  const removed = await tasks.uninstall();

  assert.deepEqual(script.split("\r\n"), [
    "@echo off",
    "rem moltbot gateway",
    'set "PATH=/usr/bin"',
    ":again",
    '"/usr/local/bin/node" "/usr/local/bin/moltbot" "gateway" "run" >> "/tmp/gateway-service.log" 2>&1',
    "if %ERRORLEVEL% EQU 0 exit /b 0",
    "if %ERRORLEVEL% EQU 78 exit /b 78",
    "timeout /t 5 /nobreak >nul",
    "goto again",
    "",
  ]);
  assert.deepEqual(calls, [
    `/Create /F /SC ONLOGON /RL LIMITED /TN Moltbot Gateway /TR "${join(folder, "gateway.cmd")}"`,
    "/Run /TN Moltbot Gateway",
  ]);
  assert.deepEqual([state.isRunning, state.program], [true, plan.command]);
  assert.deepEqual(
    others.map(({ name }) => name),
    ["Clawdbot Gateway"],
  );
  assert.deepEqual([removed, existsSync(join(folder, "gateway.cmd"))], [true, false]);
});

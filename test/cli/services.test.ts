// The gateway as a service, under a systemctl that starts it truly; what its unit holds, and what is said when it cannot be.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { FakeSystem } from "../fakes/system/tools.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { freePort, Home } from "./harness.ts";

const unitOf = (system: FakeSystem) => join(system.units, "moltbot-gateway.service");

/** A home whose commands see the fake system; the service that it has is stopped at the end. */
class ServedHome extends Home implements AsyncDisposable {
  readonly system = new FakeSystem();

  override env(more: Record<string, string> = {}): Record<string, string> {
    return super.env({ ...this.system.env, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(unitOf(this.system))) await this.run(["gateway", "uninstall"]);
    this.system[Symbol.dispose]();
    super[Symbol.dispose]();
  }
}

test("install starts a gateway that answers, and uninstall removes the service and keeps the state", async () => {
  await using home = new ServedHome();

  const installed = await home.run(["gateway", "install", "--port", "0"]);
  const status = JSON.parse((await home.run(["gateway", "status", "--json"])).stdout);
  const restarted = await home.run(["gateway", "restart"]);
  const after = JSON.parse((await home.run(["gateway", "status", "--json"])).stdout);
  const stopped = await home.run(["gateway", "stop"]);
  const down = await home.run(["gateway", "status", "--json"]);
  const started = await home.run(["gateway", "start"]);
  const up = await home.run(["gateway", "status"]);
  const removed = await home.run(["gateway", "uninstall"]);

  assert.equal(installed.code, 0, installed.stderr);
  assert.match(installed.stdout, /^The gateway runs under systemd \(user\) as moltbot-gateway\.service \(pid \d+\)/);
  assert.deepEqual([status.answer.ok, status.service.state.isRunning], [true, true]);
  assert.equal(status.service.state.pid, status.process.pid);
  assert.deepEqual([restarted.code, after.answer.ok], [0, true]);
  assert.deepEqual(
    [after.process.pid, home.system.calls.filter((call) => / restart /.test(call)).length],
    [status.process.pid, 1],
  );
  assert.deepEqual([stopped.code, down.code, JSON.parse(down.stdout).process], [0, 3, null]);
  assert.deepEqual([started.code, up.code], [0, 0], started.stderr);
  assert.match(up.stdout, /Service +systemd \(user\), moltbot-gateway\.service: active \(running\)/);
  assert.deepEqual([removed.code, existsSync(unitOf(home.system))], [0, false]);
  assert.ok(existsSync(join(home.stateDir, "state.db")));
});

test("no secret of the environment or the settings stands in the unit, and the person is told which are missing", async () => {
  await using home = new ServedHome();
  await home.run(["config", "set", "gateway.auth.token", "0123456789abcdefghijklmnopqrstuv"]);

  const { code, stderr } = await home.run(["gateway", "install", "--port", "0"], {
    env: { OPENAI_API_KEY: "sk-very-secret", HTTPS_PROXY: "http://ann:pass-word@127.0.0.1:9", TZ: "UTC" },
  });

  const unit = readFileSync(unitOf(home.system), "utf8");
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(unit, /0123456789abcdef|sk-very|pass-word/);
  assert.match(unit, /^Environment="TZ=UTC"$/m);
  assert.match(stderr, /^HTTPS_PROXY, OPENAI_API_KEY are set here and not written into the service/m);
  assert.equal(statSync(unitOf(home.system)).mode & 0o777, 0o644);
});

test("a token on the command line is refused before anything is written", async () => {
  await using home = new ServedHome();

  const { code, stderr } = await home.run(["gateway", "install", "--token", "s3cret-of-mine"]);

  assert.equal(code, 2);
  assert.match(stderr, /^--token would stand in the service's file, which others can read\./);
  assert.deepEqual([existsSync(unitOf(home.system)), home.system.calls], [false, []]);
});

test("lingering is turned on; where that is not allowed, the command that does it is named", async () => {
  await using home = new ServedHome();
  await using other = new ServedHome();
  other.system.mark("no-rights");

  const allowed = await home.run(["gateway", "install", "--port", "0"]);
  const refused = await other.run(["gateway", "install", "--port", "0"]);

  assert.match(allowed.stderr, /^Lingering is on/m);
  assert.equal(refused.code, 0);
  assert.match(refused.stderr, /run `sudo loginctl enable-linger \S+`/);
});

test("a systemd that cannot be reached is explained", async () => {
  await using home = new ServedHome();
  home.system.mark("no-bus");

  const { code, stderr } = await home.run(["gateway", "install", "--port", "0"]);

  assert.equal(code, 1);
  assert.match(stderr, /^The systemd of this user cannot be reached\. .*enable-linger/);
});

test("services of older installations are named, and removed when that is wanted; their files are kept", async () => {
  await using home = new ServedHome();
  mkdirSync(home.system.units, { recursive: true });
  const names = ["clawdbot-gateway", "openclaw-gateway-work", "moltbot", "my-bot", "moltbot-gateway-other", "cups"];
  for (const name of names)
    writeFileSync(
      join(home.system.units, `${name}.service`),
      `[Service]\nExecStart=/usr/bin/${name === "my-bot" ? "env clawdbot gateway --port 1" : "true"}\n`,
    );

  const warned = await home.run(["gateway", "install", "--port", "0"]);
  const replaced = await home.run(["gateway", "install", "--replace", "--json", "--port", "0"]);

  const olds = ["clawdbot-gateway", "moltbot", "my-bot", "openclaw-gateway-work"];
  const isThere = (name: string, ending: string) => existsSync(join(home.system.units, `${name}${ending}`));
  assert.equal(warned.stderr.match(/runs a gateway too; two of them fight over accounts/g)?.length, olds.length);
  assert.deepEqual(JSON.parse(replaced.stdout).removed, olds);
  assert.deepEqual(
    olds.map((name) => [isThere(name, ".service"), isThere(name, ".service.removed")]),
    olds.map(() => [false, true]),
  );
  assert.deepEqual([isThere("moltbot-gateway-other", ".service"), isThere("cups", ".service")], [true, true]);
  assert.ok(home.system.calls.includes("systemctl --user disable --now clawdbot-gateway.service"));
});

test("a gateway in a terminal is not doubled by an installation", async () => {
  await using home = new ServedHome();
  await using gateway = await home.gateway();

  const { code, stderr } = await home.run(["gateway", "install"]);

  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`runs on this state folder already \\(pid ${gateway.pid}\\)\\. Stop it`));
});

test("a refused config ends the start at once, and the unit says not to try again", async () => {
  await using home = new ServedHome();
  mkdirSync(home.stateDir, { mode: 0o700 });
  writeFileSync(join(home.stateDir, "moltbot.json"), '{ "gateway": { "port": "many" } }', { mode: 0o600 });

  const { code, stderr } = await home.run(["gateway", "install"]);

  assert.equal(code, 1);
  assert.match(
    stderr,
    /`systemctl restart moltbot-gateway\.service` did not work .*journalctl --user -u moltbot-gateway/,
  );
  assert.match(readFileSync(unitOf(home.system), "utf8"), /^RestartPreventExitStatus=78$/m);
});

test("without a service, start and restart say what to do; a gateway in a terminal restarts in place", async () => {
  await using home = new ServedHome();

  const start = await home.run(["gateway", "start"]);
  const restart = await home.run(["gateway", "restart"]);
  const node = await home.run(["node", "start"]);
  await using gateway = await home.gateway();
  const inPlace = await home.run(["gateway", "restart"]);
  const status = JSON.parse((await home.run(["gateway", "status", "--json"])).stdout);

  for (const { code, stderr } of [start, restart]) {
    assert.equal(code, 1);
    assert.match(stderr, /^No service of the gateway is installed\. `moltbot gateway install` makes one/);
  }
  assert.match(node.stderr, /^No service of the node is installed\. `moltbot node install` makes one/);
  assert.equal(inPlace.code, 0, inPlace.stderr);
  assert.match(inPlace.stdout, /^The gateway restarted in place, in /);
  assert.deepEqual([status.answer.ok, status.process.pid], [true, gateway.pid]);
});

test("ready waits for an answer, gives up in time, and at once when the process that systemd names is gone", async () => {
  await using home = new ServedHome();

  const late = await home.run(["gateway", "ready", "--wait", "0.2"]);
  const gone = await home.run(["gateway", "ready"], { env: { MAINPID: "2147483646" } });
  await using gateway = await home.gateway(["--tls"]);
  const ready = await home.run(["gateway", "ready", "--json"]);

  assert.equal(late.code, 5);
  assert.match(late.stderr, /^No gateway of .* answers after 200 ms/);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^The gateway has ended before it answered/);
  assert.deepEqual([ready.code, JSON.parse(ready.stdout).pid], [0, gateway.pid]);
});

test("a node's service may speak without TLS only when that was given", async () => {
  await using home = new ServedHome();
  const words = ["node", "install", "--host", "gateway.test"];

  const refused = await home.run(words);
  const { code } = await home.run([...words, "--insecure"]);
  const unit = readFileSync(join(home.system.units, "moltbot-node.service"), "utf8");
  await home.run(["node", "uninstall"]);

  assert.deepEqual([refused.code === 0, code], [false, 0]);
  assert.match(refused.stderr, /is not encrypted/);
  assert.match(unit, /^ExecStart=.* "--insecure"$/m);
});

test("a node's service starts it with what was given, without its token", async () => {
  await using home = new ServedHome();

  const { code } = await home.run([
    "node",
    "install",
    "--host",
    "gateway.test",
    "--tls",
    "--name",
    "kitchen 100%",
    "--root",
    "notes",
  ]);
  const unit = readFileSync(join(home.system.units, "moltbot-node.service"), "utf8");
  const removed = await home.run(["node", "uninstall"]);

  assert.equal(code, 0);
  assert.match(
    unit,
    /^ExecStart=.* "node" "run" "--host" "gateway\.test" "--name" "kitchen 100%%" "--tls" "--root" "\/.*\/notes"$/m,
  );
  assert.doesNotMatch(unit, /ExecStartPost/);
  assert.deepEqual([removed.code, existsSync(join(home.system.units, "moltbot-node.service"))], [0, false]);
});

test("a program that is gone is told by status, with what to do", async () => {
  await using home = new ServedHome();
  await home.run(["gateway", "install", "--port", "0"]);
  await home.run(["gateway", "stop"]);
  const unit = unitOf(home.system);
  writeFileSync(
    unit,
    readFileSync(unit, "utf8").replace(
      /^ExecStart="[^"]*"/m,
      'ExecStart="/home/ann/.nvm/versions/node/v24.1.0/bin/node"',
    ),
  );

  const { stderr } = await home.run(["gateway", "status"]);

  assert.match(
    stderr,
    /starts \/home\/ann\/\.nvm\/\S+ which is not there any more; run `moltbot gateway install` again/,
  );
});

test("with a socket unit systemd keeps the port; all of it goes with the service", async () => {
  await using home = new ServedHome();
  const port = await freePort();
  const socket = join(home.system.units, "moltbot-gateway.socket");

  const none = await home.run(["gateway", "install", "--socket", "--port", "0"]);
  const { code, stderr } = await home.run(["gateway", "install", "--socket", "--port", port]);
  const text = readFileSync(socket, "utf8");
  const unit = readFileSync(unitOf(home.system), "utf8");
  await home.run(["gateway", "uninstall"]);

  assert.deepEqual([none.code, code], [2, 0], stderr);
  assert.match(text, new RegExp(`^ListenStream=127\\.0\\.0\\.1:${port}\nListenStream=\\[::1\\]:${port}$`, "m"));
  assert.match(unit, /^Requires=moltbot-gateway\.socket\nAfter=network-online\.target moltbot-gateway\.socket$/m);
  assert.deepEqual([existsSync(socket), existsSync(unitOf(home.system))], [false, false]);
});

test("a new process on a socket that its supervisor keeps: no request fails after its own retry", async (t) => {
  using home = new Home();
  const stop = join(home.stateDir, "..", "stop");
  const keeper = createServer().listen(0, "127.0.0.1");
  await once(keeper, "listening");
  const { port } = keeper.address() as AddressInfo;
  const { fd } = (keeper as unknown as { _handle: { fd: number } })._handle;
  // As systemd does: the socket outlives the process, which is told of it by its own id.
  const supervise = `while [ ! -e "$STOP" ]; do sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$@"; done`;
  const child = spawn("sh", ["-c", supervise, "sh", ...home.command(["gateway", "--port", String(port)])], {
    env: home.env({ STOP: stop }),
    stdio: ["ignore", "ignore", "ignore", fd],
  });
  const ended = once(child, "exit");
  keeper.close();
  const pidOf = () => JSON.parse(readFileSync(join(home.stateDir, "gateway.json"), "utf8")).pid as number;
  await home.run(["gateway", "ready", "--wait", "60"]);
  const first = pidOf();
  const ask = async () => assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  const failures: string[] = [];
  let [isOver, answers, gapMs] = [false, 0, 0];
  const load = (async () => {
    while (!isOver) {
      const startedAt = performance.now();
      await ask()
        .catch(ask)
        .then(
          () => answers++,
          (error: Error) => failures.push(String(error.cause ?? error.message)),
        );
      gapMs = Math.max(gapMs, performance.now() - startedAt);
    }
  })();

  process.kill(first, "SIGTERM");
  for (const limit = AbortSignal.timeout(LIMIT_MS); ; limit.throwIfAborted()) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (existsSync(join(home.stateDir, "gateway.json")) && pidOf() !== first) break;
  }
  const seen = answers;
  while (answers < seen + 5) await new Promise((resolve) => setTimeout(resolve, 10));
  isOver = true;
  await load;
  writeFileSync(stop, "");
  process.kill(pidOf(), "SIGTERM");
  await ended;

  t.diagnostic(`longest wait for an answer ${Math.round(gapMs)} ms`);
  assert.deepEqual(failures, []);
});

test("a gateway whose output is the journal writes its lines with priorities", async () => {
  await using home = new ServedHome();
  const path = join(home.system.folder, "journal");
  const file = openSync(path, "w");
  const { dev, ino } = fstatSync(file);
  const [program = "", ...words] = home.command(["gateway", "--port", "0"]);
  const child = spawn(program, words, {
    env: home.env({ JOURNAL_STREAM: `${dev}:${ino}` }),
    stdio: ["ignore", file, file],
  });
  const ended = once(child, "exit");

  const ready = await home.run(["gateway", "ready", "--wait", "60"]);
  child.kill("SIGTERM");
  await ended;
  closeSync(file);

  assert.equal(ready.code, 0);
  assert.match(readFileSync(path, "utf8"), /^<6>gateway listens url=ws:\/\/127\.0\.0\.1:\d+ pid=\d+/m);
});

test("a gateway of a watched unit tells systemd that it is ready, and that it lives", async () => {
  await using home = new ServedHome();
  home.system.program("systemd-notify", 'echo "systemd-notify $*" >> "$FAKE_SYSTEM/calls"');
  await using gateway = await home.gateway([], { NOTIFY_SOCKET: "/run/somewhere", WATCHDOG_USEC: "600000" });

  const told = async () => {
    while (home.system.calls.filter((call) => call.includes("WATCHDOG=1")).length < 2)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return [...new Set(home.system.calls)];
  };

  assert.deepEqual(await told(), [
    `systemd-notify --ready --pid=${gateway.pid}`,
    `systemd-notify WATCHDOG=1 --pid=${gateway.pid}`,
  ]);
});

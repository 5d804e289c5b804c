// A machine as a node, as a real process: cancel, files within its folders, a gateway that is killed and comes back.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { toolStage } from "../agent/tool-stage.ts";
import { testGateway } from "../support/gateway.ts";
import { isAlive } from "../support/is-alive.ts";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { freePort, Home } from "./harness.ts";
import { approve, EVERYTHING, lineIn, Machine, operator, TOKEN } from "./machine.ts";

test("a call that is cancelled ends its program with all that it started, and the node works on", async () => {
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url, EVERYTHING);
  await machine.start();
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const nodeId = await approve(admin);
  const pids = join(machine.root, "pids");
  const command = ["sh", "-c", `sleep 60 & echo $$ $! > ${pids}; wait`];
  const invoke = (key: string, argv: string[]) =>
    admin.request("node.invoke", {
      ...{ nodeId, command: "system.run", params: { command: argv }, timeoutMs: 60_000, idempotencyKey: key },
    });

  const answer = invoke("long", command);
  const running = (await lineIn(pids)).trim().split(" ").map(Number);
  const wereAlive = running.map((pid) => isAlive(pid));
  await admin.call("node.invoke.cancel", { idempotencyKey: "long" });
  const { error } = await answer;
  const after = await invoke("next", ["echo", "still here"]);
  const limit = AbortSignal.timeout(LIMIT_MS);
  while (running.some((pid) => isAlive(pid)) && !limit.aborted) await new Promise((resolve) => setTimeout(resolve, 20));

  assert.deepEqual(wereAlive, [true, true]);
  assert.deepEqual(
    running.filter((pid) => isAlive(pid)),
    [],
  );
  assert.equal(error?.details?.code, "CANCELLED");
  assert.equal(after.payload.payload.stdout, "still here\n");
});

test("Ctrl-C of an operator ends the program on the node, and says so", async () => {
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url, EVERYTHING);
  using home = new Home();
  await machine.start();
  await approve(await gateway.connect({ protocol: 4, scopes: ["operator.admin"] }));
  const pids = join(machine.root, "pids");
  const script = `echo $$ > ${pids}; exec sleep 60`;
  const running = home.spawn(["nodes", "run", "--url", gateway.url, "--node", "kitchen", "--raw", script], TOKEN);
  const said = text(running.stderr!);
  const ended = once(running, "exit");
  const pid = Number(await lineIn(pids));

  running.kill("SIGINT");
  const [code] = await ended;
  const limit = AbortSignal.timeout(LIMIT_MS);
  while (isAlive(pid) && !limit.aborted) await new Promise((resolve) => setTimeout(resolve, 20));

  assert.equal(code, 1);
  assert.match(await said, /The call was cancelled\./);
  assert.equal(isAlive(pid), false);
});

test("an agent's program on a machine: its own allowlist lets some run, and a person is asked about others", async () => {
  await using stage = await toolStage();
  const allowlist = [{ pattern: "**/uname" }];
  await using machine = new Machine(stage.gateway.url, JSON.stringify({ version: 1, agents: { "*": { allowlist } } }));
  await machine.start();
  const admin = await stage.gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  await approve(admin);
  const log = join(machine.root, "log");
  const run = (argv: string[]) => stage.use("nodes", { action: "run", argv, cwd: machine.root });

  const listed = await run(["uname", "-s"]);
  const asked = admin.nextOf("exec.approval.requested");
  const answer = run(["sh", "-c", `echo ran >> ${log}`]);
  const { payload } = await asked;
  await admin.call("exec.approval.resolve", { id: payload.id, decision: "allow-once" });
  const allowed = await answer;

  assert.match(listed, /\[on kitchen: exit code 0\]$/);
  assert.equal(payload.request.command, `sh -c 'echo ran >> ${log}'`);
  assert.deepEqual([payload.request.host, payload.request.cwd], ["node", realpathSync(machine.root)]);
  assert.equal(allowed, "[on kitchen: exit code 0]");
  assert.equal(readFileSync(log, "utf8"), "ran\n");
});

test("files are reached within the named folders only: no link and no .. leads out, new files are private", async () => {
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  await machine.start();
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const nodeId = await approve(admin);
  const secret = join(machine.folder, "secret");
  writeFileSync(secret, "private");
  writeFileSync(join(machine.root, "note"), "hello");
  symlinkSync(secret, join(machine.root, "link"));
  symlinkSync(machine.folder, join(machine.root, "out"));
  let keys = 0;
  const ask = async (command: string, params: object) => {
    const call = { nodeId, command, params, idempotencyKey: `f${++keys}` };
    const { payload, error } = await admin.request("node.invoke", call);
    return error?.message ?? payload.payload;
  };

  const note = await ask("file.fetch", { path: "note" });
  const written = await ask("file.write", { path: "deep/er/new", content: "text" });
  const outside = [
    await ask("file.fetch", { path: secret }),
    await ask("file.fetch", { path: "../secret" }),
    await ask("file.fetch", { path: "link" }),
    await ask("file.fetch", { path: "out/secret" }),
    await ask("file.stat", { path: "/etc/passwd" }),
    await ask("dir.list", { path: ".." }),
    await ask("file.write", { path: "../secret", content: "x" }),
    await ask("file.write", { path: "out/new", content: "x" }),
  ];
  const overLink = await ask("file.write", { path: "link", content: "x" });
  const twice = await ask("file.create", { path: "note", content: "x" });

  assert.equal(Buffer.from(note.base64, "base64").toString(), "hello");
  assert.equal(statSync(written.path).mode & 0o777, 0o600);
  for (const refusal of outside) assert.match(String(refusal), /^INVALID_REQUEST: there is no .* within /);
  assert.equal(overLink, "it is a link, and links are not followed");
  assert.equal(twice, "there is a file of this name already");
  assert.equal(readFileSync(secret, "utf8"), "private");
});

test("a gateway is killed during a program: the operator is told so, the node comes back, nothing runs twice", async () => {
  using home = new Home();
  const port = await freePort();
  let gateway = await home.gateway(["--port", port], TOKEN);
  await using machine = new Machine(gateway.url);
  let admin: WireClient | undefined;
  try {
    await machine.start();
    admin = await operator(gateway.url);
    const nodeId = await approve(admin);
    const log = join(machine.root, "log");
    const script = `echo ran >> ${log}; sleep 60`;
    const running = home.spawn(["nodes", "run", "--node", "kitchen", "--raw", script], TOKEN);
    const said = text(running.stderr!);
    const ended = once(running, "exit");
    const { payload: waiting } = await admin.nextOf("exec.approval.requested");
    await admin.call("exec.approval.resolve", { id: waiting.id, decision: "allow-once" });
    await lineIn(log);

    await gateway.end("SIGKILL");
    const [code] = await ended;
    gateway = await home.gateway(["--port", port], TOKEN);
    await machine.connected();
    admin[Symbol.dispose]();
    admin = await operator(gateway.url);
    while (!(await admin.call("node.describe", { nodeId })).connected) await admin.nextOf("node.presence");
    const again = await admin.request("node.invoke", {
      ...{ nodeId, command: "system.run", params: { command: ["/bin/sh", "-lc", script], rawCommand: script } },
      idempotencyKey: "again",
    });

    assert.equal(code, 3);
    assert.match(await said, /The gateway ended during the call, so nobody knows whether system\.run took effect/);
    assert.match(again.error?.message ?? "", /SYSTEM_RUN_DENIED: approval required/);
    assert.equal(readFileSync(log, "utf8"), "ran\n");
    assert.ok(machine.isAlive);
  } finally {
    admin?.[Symbol.dispose]();
    await gateway.end("SIGKILL");
  }
});

test("a program that waited and was at work when the gateway was killed is not sent again; what waits behind it is", async () => {
  using home = new Home();
  const port = await freePort();
  let gateway = await home.gateway(["--port", port], TOKEN);
  await using machine = new Machine(gateway.url, EVERYTHING);
  let admin = await operator(gateway.url);
  try {
    await machine.start();
    const nodeId = await approve(admin);
    await machine.stop();
    while ((await admin.call("node.describe", { nodeId })).connected) await admin.nextOf("node.presence");
    const log = join(machine.root, "log");
    const call = (command: string, params: object) =>
      admin.call("node.invoke", { ...{ nodeId, command, params }, queueForMs: 600_000, idempotencyKey: command });
    const program = { command: ["sh", "-c", `echo ran >> ${log}; sleep 60`] };
    const { queued: acts } = await call("system.run", program);
    const { queued: looks } = await call("system.which", { bins: ["sh"] });
    await machine.start();
    await lineIn(log);

    await gateway.end("SIGKILL");
    gateway = await home.gateway(["--port", port], TOKEN);
    admin[Symbol.dispose]();
    admin = await operator(gateway.url);
    const callOf = async (wanted: string) =>
      (await admin.call("node.queue.list", {})).calls.find(({ id }: { id: string }) => id === wanted);
    while ((await callOf(looks.id)).state !== "done") await admin.nextOf("node.queue.changed");
    const repeated = await call("system.run", program);
    const acted = await callOf(acts.id);

    assert.equal(acted.state, "unknown");
    assert.match(acted.error, /nobody knows whether it took effect/);
    assert.equal(repeated.queued.id, acts.id);
    assert.equal(readFileSync(log, "utf8"), "ran\n");
  } finally {
    admin[Symbol.dispose]();
    await gateway.end("SIGKILL");
  }
});

test("a node whose gateway does not run says so in words, and what to do", async () => {
  using home = new Home();
  const child = home.spawn(["node", "run", "--url", `ws://127.0.0.1:${await freePort()}`]);
  const said = [child.stdout!, child.stderr!].map((stream) => text(stream));
  const isSaid = new Promise<void>((resolve) => {
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (part) => String(part).includes("ateway answers") && resolve());
  });

  await within(isSaid, "the node to say that nobody answers").finally(() => child.kill("SIGTERM"));

  assert.match(
    (await Promise.all(said)).join(""),
    /^No gateway answers; this node tries again\. Start one with `moltbot gateway`, or name another with --url\.$/m,
  );
});

// The exec tool: what runs at once, what is asked for, what an approval holds for, and how everything ends.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import type { Connected } from "../support/gateway.ts";
import { isAlive } from "../support/is-alive.ts";
import { withoutCoverage } from "../support/program.ts";
import { say } from "./support.ts";
import { type ToolStage, toolStage } from "./tool-stage.ts";

const EVERYTHING = { tools: { exec: { security: "full" } } };

/** Has the model run a command, decides about it when it is asked for, and returns what the model is told. */
async function decided(stage: ToolStage, args: object, decision: string): Promise<string> {
  const told = stage.use("exec", args);
  const { payload } = await stage.client.nextOf("exec.approval.requested");
  await stage.client.call("exec.approval.resolve", { id: payload.id, decision });
  return await told;
}

function workspaceOf(stage: ToolStage): string {
  return join(stage.gateway.stateDir, "workspace");
}

async function another(stage: ToolStage): Promise<Connected> {
  return await stage.gateway.connect({ scopes: ["operator.admin"] });
}

describe("without anybody's word", () => {
  test("builtins and programs that only turn input into output run", async () => {
    await using stage = await toolStage();

    const told = await stage.use("exec", { command: "printf '%s\\n' b a | sort | head -n 1; cd /; pwd" });

    assert.match(told, /^a\n\/\n\[exit code 0, \d+\.\d s\]$/);
  });

  test("what is on the allowlist runs, and its use is noted", async () => {
    await using stage = await toolStage();
    await stage.client.call("exec.allowlist.add", { pattern: "ls" });

    const told = await stage.use("exec", { command: "ls | wc -l" });

    assert.match(told, /^\d+\n\[exit code 0/);
    const { entries } = await stage.client.call("exec.allowlist.list", {});
    assert.equal(entries[0].entry.lastUsedCommand, "ls | wc -l");
  });

  test("with full security everything runs, in the workspace, with nothing of the gateway's environment", async () => {
    await using stage = await toolStage(EVERYTHING, { env: { OPENAI_API_KEY: "sk-secret-1234567890" } });

    const told = await stage.use("exec", { command: "pwd; env | cut -d= -f1 | sort | tr '\\n' ' '; exit 3" });

    const [folder, names, ending] = told.split("\n");
    assert.equal(folder, workspaceOf(stage));
    assert.deepEqual(
      withoutCoverage((names ?? "").trim().split(" ")).filter(
        (name) => !["_", "SHLVL", "PWD", "OLDPWD", "LANG", "TZ", "TMPDIR"].includes(name),
      ),
      ["HOME", "PATH", "TERM", "USER"],
    );
    assert.match(ending!, /^\[exit code 3/);
  });
});

describe("asked for", () => {
  test("a command that is allowed once runs once, and is asked for again", async () => {
    await using stage = await toolStage();

    const first = await decided(stage, { command: "touch a && echo done" }, "allow-once");
    const second = await decided(stage, { command: "touch a && echo done" }, "deny");

    assert.match(first, /^done\n\[exit code 0/);
    assert.match(second, /^It was not run: .* said no/);
    assert.ok(existsSync(join(workspaceOf(stage), "a")));
  });

  test("the request shows the command, the folder, the environment, and why it is asked for", async () => {
    await using stage = await toolStage();
    const told = stage.use("exec", { command: "touch a > b", env: { FOO: "bar" } });

    const { payload } = await stage.client.nextOf("exec.approval.requested");

    assert.equal(payload.request.command, "touch a > b");
    assert.equal(payload.request.cwd, workspaceOf(stage));
    assert.equal(payload.request.host, "gateway");
    assert.equal(payload.request.agentId, "main");
    assert.equal(payload.request.sessionKey, "agent:main:main");
    assert.deepEqual(payload.request.env, { FOO: "bar" });
    assert.deepEqual(payload.request.why, ["it writes to “b”", "it is given FOO", "touch is not on the allowlist"]);
    assert.equal(payload.remembers, false);
    assert.match(payload.code, /^[A-HJ-NP-Z2-9]{6}$/);
    await stage.client.call("exec.approval.resolve", { id: payload.code, decision: "deny" });
    await told;
  });

  test("what is always allowed runs again as it is, and nothing else does", async () => {
    await using stage = await toolStage();
    const allowed = await decided(stage, { command: "touch a" }, "allow-always");

    const again = await stage.use("exec", { command: "touch a" });
    const other = await decided(stage, { command: "touch b" }, "deny");
    const more = await decided(stage, { command: "touch a; rm a" }, "deny");
    mkdirSync(join(workspaceOf(stage), "sub"));
    const elsewhere = await decided(stage, { command: "touch a", cwd: "sub" }, "deny");

    assert.match(allowed, /^\[exit code 0/);
    assert.match(again, /^\[exit code 0/);
    for (const told of [other, more, elsewhere]) assert.match(told, /^It was not run/);
    assert.equal(existsSync(join(workspaceOf(stage), "b")), false);
  });

  test("what always would do is said in words", async () => {
    await using stage = await toolStage();
    const asked = async (command: string) => {
      const told = stage.use("exec", { command });
      const { payload } = await stage.client.nextOf("exec.approval.requested");
      await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "deny" });
      await told;
      return [payload.remembers, payload.always];
    };

    assert.deepEqual(await asked("touch a"), [true, `exactly this command, in ${workspaceOf(stage)}`]);
    assert.deepEqual(await asked("git status"), [
      false,
      "git can take code or settings from its folder, which the agent can change",
    ]);
  });

  test("no command that was allowed for good reaches the gateway's own state", async () => {
    await using stage = await toolStage();
    const approvals = join(stage.gateway.stateDir, "exec-approvals.json");
    await stage.use("exec", { command: "echo" });
    writeFileSync(join(workspaceOf(stage), "a"), '{"version":1,"defaults":{"security":"full"}}');
    await decided(stage, { command: "cp a b" }, "allow-always");
    rmSync(join(workspaceOf(stage), "b"));
    symlinkSync(approvals, join(workspaceOf(stage), "b"));

    const through = await decided(stage, { command: "cp a b" }, "deny");
    const named = await decided(stage, { command: "cp a ../exec-approvals.json" }, "deny");
    const fromThere = await decided(stage, { command: "cd .. && cp workspace/a exec-approvals.json" }, "deny");

    for (const told of [through, named, fromThere]) assert.match(told, /^It was not run/);
    assert.doesNotMatch(readFileSync(approvals, "utf8"), /full/);
  });

  test("a command that names the gateway's own state is asked for where everything else runs", async () => {
    await using stage = await toolStage(EVERYTHING);

    const told = await decided(stage, { command: "ls .. > list; cat ../state.db | wc -c" }, "deny");

    assert.match(told, /^It was not run/);
    assert.equal(existsSync(join(workspaceOf(stage), "list")), false);
  });

  test("code that the agent cannot change is allowed with what stands in it", async () => {
    await using stage = await toolStage();
    using folder = temporaryFolder();
    const script = join(folder.path, "tool.sh");
    writeFileSync(script, "echo one >> log; cat log");
    const first = await decided(stage, { command: `sh ${script}` }, "allow-always");

    const second = await stage.use("exec", { command: `sh ${script}` });
    const third = await stage.use("exec", { command: `sh ${script}` });
    writeFileSync(script, "echo two");
    const changed = await decided(stage, { command: `sh ${script}` }, "deny");

    assert.match(first, /^one\n\[exit code 0/);
    assert.match(second, /^one\none\n\[exit code 0/);
    assert.match(third, /^one\none\none\n\[exit code 0/);
    assert.match(changed, /^It was not run/);
  });

  test("code is asked for again when the agent has changed anything from where it may take more", async () => {
    await using stage = await toolStage({ tools: { allow: ["exec", "write"] } });
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "tool.sh"), "make -s");
    const command = `sh ${join(folder.path, "tool.sh")}`;
    await decided(stage, { command }, "allow-always");
    writeFileSync(join(workspaceOf(stage), "Makefile"), "all:\n\ttouch made\n");

    const told = await decided(stage, { command }, "deny");

    assert.match(told, /^It was not run/);
    assert.equal(existsSync(join(workspaceOf(stage), "made")), false);
  });

  test("what was allowed in the older form is kept, shown as wider, and asked for again", async () => {
    await using stage = await toolStage();
    const allowlist = [{ id: "old", pattern: "/usr/bin/touch", lastUsedAt: 1 }, { pattern: "/usr/bin/env" }];
    await stage.client.call("exec.approvals.set", { file: { version: 1, agents: { main: { allowlist } } } });

    const asked = await decided(stage, { command: "touch a" }, "allow-always");
    const again = await stage.use("exec", { command: "touch a" });
    const other = await decided(stage, { command: "env touch b" }, "deny");

    assert.match(asked, /^\[exit code 0/);
    assert.match(again, /^\[exit code 0/);
    assert.match(other, /^It was not run/);
    const { file } = await stage.client.call("exec.approvals.get", {});
    const notes = file.agents.main.allowlist.map(({ pattern, note }: Record<string, string>) => [pattern, note]);
    assert.equal(notes.length, 3);
    assert.match(notes[0][1], /^wider than today's rule/);
    assert.match(notes[1][1], /^wider than today's rule/);
    assert.match(notes[2][1], /^exactly this command, in \//);
    const raw = readFileSync(join(stage.gateway.stateDir, "exec-approvals.json"), "utf8");
    assert.deepEqual(JSON.parse(raw).agents.main.allowlist.slice(0, 2), allowlist);
  });

  test("what cannot be seen is shown as an escape, and makes a harmless command one that is asked for", async () => {
    await using stage = await toolStage();
    const told = stage.use("exec", { command: "echo a\u3164b\u2800c\u{e0041}d\te" });

    const { payload } = await stage.client.nextOf("exec.approval.requested");

    assert.equal(payload.request.command, "echo a\\u{3164}b\\u{2800}c\\u{e0041}d\\u{9}e");
    assert.equal(payload.remembers, false);
    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "allow-once" });
    assert.match(await told, /^a\u3164b\u2800c\u{e0041}d e\n\[exit code 0/u);
    const { recent } = await stage.client.call("exec.approval.list", {});
    assert.equal(recent[0].command, payload.request.command);
  });

  test("always means once for what cannot be told from the text, and says so", async () => {
    await using stage = await toolStage();

    const told = await decided(stage, { command: "x=touch; $x a" }, "allow-always");

    assert.match(told, /^\[allowed this once only/);
    assert.deepEqual((await stage.client.call("exec.allowlist.list", {})).entries, []);
  });

  test("an approval is void when what it would do has changed meanwhile", async () => {
    await using stage = await toolStage();
    const folder = join(workspaceOf(stage), "sub");
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(workspaceOf(stage), "other"));
    const told = stage.use("exec", { command: "touch a", cwd: "sub" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");
    rmdirSync(folder);
    symlinkSync(join(workspaceOf(stage), "other"), folder);

    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "allow-once" });

    assert.match(await told, /has changed while it waited/);
    assert.equal(existsSync(join(workspaceOf(stage), "other", "a")), false);
  });

  test("an approval is void when the script that it would run has changed meanwhile", async () => {
    await using stage = await toolStage();
    await stage.use("exec", { command: "echo" });
    const script = join(workspaceOf(stage), "script.sh");
    writeFileSync(script, "echo harmless");
    const told = stage.use("exec", { command: "sh script.sh" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");
    writeFileSync(script, "touch a");

    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "allow-once" });

    assert.match(await told, /has changed while it waited/);
    assert.equal(existsSync(join(workspaceOf(stage), "a")), false);
  });

  test("the first decision counts", async () => {
    await using stage = await toolStage();
    const told = stage.use("exec", { command: "touch a" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");
    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "deny" });

    const late = await stage.client.request("exec.approval.resolve", { id: payload.id, decision: "allow-once" });

    assert.equal(late.error?.message, "unknown approval id");
    assert.match(await told, /^It was not run/);
  });

  test("a reply that is stopped takes its request back", async () => {
    await using stage = await toolStage();
    const other = await another(stage);
    stage.model.script({ kind: "tool-call", name: "exec", arguments: { command: "touch a" } });
    await stage.client.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "one" });
    const { payload } = await other.nextOf("exec.approval.requested");

    await stage.client.call("chat.abort", { sessionKey: "main", runId: "one" });

    assert.equal((await other.nextOf("exec.approval.resolved")).payload.decision, "deny");
    const late = await other.request("exec.approval.resolve", { id: payload.id, decision: "allow-once" });
    assert.equal(late.error?.message, "unknown approval id");
    assert.equal(existsSync(join(workspaceOf(stage), "a")), false);
    assert.equal(await say(stage.client, "And now?"), "Hello from the model.");
  });

  test("nobody answers in time: it is not run, unless the file says otherwise", async () => {
    await using stage = await toolStage(
      { tools: { exec: { ask: "always", security: "full" } } },
      { clock: new FakeClock() },
    );
    const first = stage.use("exec", { command: "touch a" });
    await stage.client.nextOf("exec.approval.requested");
    await stage.gateway.pass(120_001);
    const refused = await first;
    const file = { version: 1, defaults: { askFallback: "full" } };
    await stage.client.call("exec.approvals.set", { file });
    const second = stage.use("exec", { command: "touch b" });
    await stage.client.nextOf("exec.approval.requested");
    await stage.gateway.pass(120_001);
    const run = await second;

    assert.match(refused, /^It was not run: nobody allowed it within 120 s\./);
    assert.match(run, /^\[exit code 0/);
    assert.deepEqual(
      ["a", "b"].map((name) => existsSync(join(workspaceOf(stage), name))),
      [false, true],
    );
  });

  test("a slash command answers it while the reply waits", async () => {
    await using stage = await toolStage();
    const told = stage.use("exec", { command: "touch a" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");

    const answer = await say(await another(stage), `/approve ${payload.code}`, "other");

    assert.equal(answer, "Allowed once.");
    assert.match(await told, /^\[exit code 0/);
  });

  test("a restart forgets it: nothing runs without a new approval", async () => {
    await using stage = await toolStage();
    stage.model.script({ kind: "tool-call", name: "exec", arguments: { command: "touch a" } });
    await stage.client.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "one" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");

    await stage.gateway.stop();
    await stage.gateway.start();

    const client = await another(stage);
    const late = await client.request("exec.approval.resolve", { id: payload.id, decision: "allow-once" });
    assert.equal(late.error?.message, "unknown approval id");
    assert.equal(existsSync(join(workspaceOf(stage), "a")), false);
  });
});

describe("levels", () => {
  test("deny refuses; nobody is asked", async () => {
    await using stage = await toolStage({ tools: { exec: { security: "deny" } } });

    assert.equal(await stage.use("exec", { command: "echo a" }), "It was not run: commands are switched off here.");
  });

  test("an operator may narrow one conversation, and not widen what the config forbids", async () => {
    await using stage = await toolStage({ tools: { exec: { security: "allowlist", ask: "off" } } });
    await stage.client.call("sessions.patch", { key: "main", execSecurity: "full" });
    await stage.client.call("sessions.patch", { key: "other", execSecurity: "deny" });

    assert.match(await stage.use("exec", { command: "touch a" }), /^It was not run: touch is not on the allowlist/);
    assert.match(await stage.use("exec", { command: "echo a" }, "other"), /switched off/);
  });

  test("a file that cannot be understood lets nothing run", async () => {
    await using stage = await toolStage(EVERYTHING);
    writeFileSync(join(stage.gateway.stateDir, "exec-approvals.json"), "{ nonsense");

    assert.match(await stage.use("exec", { command: "echo a" }), /exec-approvals\.json .* cannot be understood/);
  });

  test("hosts that are not there are named", async () => {
    await using stage = await toolStage({ tools: { exec: { host: "node", node: "mac" } } });

    assert.match(await stage.use("exec", { command: "echo a" }), /the node mac is not connected/);
  });

  test("a folder outside the workspace is refused, also through a link", async () => {
    await using stage = await toolStage();
    await stage.use("exec", { command: "echo" });
    symlinkSync("/", join(workspaceOf(stage), "out"));

    assert.match(await stage.use("exec", { command: "pwd", cwd: "/" }), /outside the workspace/);
    assert.match(await stage.use("exec", { command: "pwd", cwd: "out" }), /outside the workspace/);
    assert.match(await stage.use("exec", { command: "pwd", cwd: "nowhere" }), /there is no folder nowhere/);
  });
});

describe("a command that runs", () => {
  test("ends with all it has started when it takes too long", async () => {
    await using stage = await toolStage(EVERYTHING);

    const told = await stage.use("exec", {
      command: "trap '' TERM; (sleep 60 & echo $! > inner; echo started; wait)",
      timeoutSeconds: 1,
    });

    assert.match(told, /^started\n\[it did not end within 1 s and was ended/);
    assert.equal(isAlive(Number(readFileSync(join(workspaceOf(stage), "inner"), "utf8"))), false);
  });

  test("leaves nothing in the background when it ends by itself", async () => {
    await using stage = await toolStage(EVERYTHING);

    const told = await stage.use("exec", { command: "sleep 60 & echo $!" });

    assert.match(told, /\n\[exit code 0/);
    assert.equal(isAlive(Number.parseInt(told, 10)), false);
  });

  test("ends with what has left its group, session and parent", async () => {
    await using stage = await toolStage(EVERYTHING);
    const escapes = [
      "setsid sleep 60 & echo $! >> inner",
      "setsid -f sh -c 'echo $$ >> inner; exec sleep 60'",
      "env -i /usr/bin/setsid -f /bin/sh -c 'echo $$ >> inner; exec /bin/sleep 60' > /dev/null 2>&1",
      "(setsid sh -c '(env -i sh -c \"echo \\$\\$ >> inner; exec sleep 60\" &) ; exit' &)",
    ].join("\n");

    const timedOut = await stage.use("exec", {
      command: `${escapes}\nwhile [ "$(wc -l < inner)" -lt 4 ]; do sleep 0.05; done; echo up; sleep 60`,
      timeoutSeconds: 2,
    });
    const limited = pidsIn(stage);
    const ended = await stage.use("exec", {
      command: `${escapes}\nwhile [ "$(wc -l < inner)" -lt 8 ]; do sleep 0.05; done; echo up`,
    });

    assert.match(timedOut, /^up\n\[it did not end within 2 s and was ended/);
    assert.match(ended, /^up\n\[exit code 0/);
    assert.equal(limited.length, 4);
    assert.deepEqual(pidsIn(stage).filter(isAlive), []);
  });

  test("ends when the reply is stopped", async () => {
    await using stage = await toolStage(EVERYTHING);
    const watcher = await stage.gateway.connect({ scopes: ["operator.admin"], caps: ["tool-events"] });
    stage.model.script({ kind: "tool-call", name: "exec", arguments: { command: "echo $$ > pid; echo up; sleep 60" } });
    await stage.client.call("chat.send", { sessionKey: "main", message: "Do it.", idempotencyKey: "one" });
    await updateOf(watcher, /up/);

    await stage.client.call("chat.abort", { sessionKey: "main", runId: "one" });

    assert.equal(await say(stage.client, "And now?"), "Hello from the model.");
    assert.equal(isAlive(Number(readFileSync(join(workspaceOf(stage), "pid"), "utf8"))), false);
  });

  test("may write as much as it likes: beginning and end are kept", async () => {
    await using stage = await toolStage(EVERYTHING);

    const told = await stage.use("exec", {
      command: "echo first; head -c 30000000 /dev/zero | tr '\\0' x; echo; echo last",
    });

    assert.match(told, /^first\nx+\n\[… \d+ bytes left out …\]\nx+\nlast\n\[exit code 0/);
    assert.ok(told.length < 30_000);
  });

  test("has no input, and cannot colour or move anything", async () => {
    await using stage = await toolStage(EVERYTHING);

    const told = await stage.use("exec", { command: "cat; printf '\\033[31mred\\033[0m\\007'" });

    assert.match(told, /^red\n\[exit code 0/);
  });

  test("in the background goes on, can be looked at, and is ended", async () => {
    await using stage = await toolStage(EVERYTHING);

    const started = await stage.use("exec", { command: "echo up; cat", background: true });
    const written = await stage.use("process", { action: "write", id: "p1", text: "hello\n" });
    const listed = await stage.use("process", { action: "list" });
    const killed = await stage.use("process", { action: "kill", id: "p1" });
    const foreign = await stage.use("process", { action: "poll", id: "p1" }, "other");

    assert.match(started, /in the background as p1/);
    assert.equal(written, "Written.");
    assert.match(listed, /^p1: echo up; cat \[runs for/);
    assert.match(killed, /^up\nhello\n\[it was ended by the agent/);
    assert.match(foreign, /no background command p1; none runs/);
  });

  test("what is written to a background command is asked for", async () => {
    await using stage = await toolStage();
    await decided(stage, { command: "cat > out", background: true }, "allow-once");

    const told = stage.use("process", { action: "write", id: "p1", text: "hello\n" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");
    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "deny" });

    assert.match(payload.request.command, /^\(written to p1, which runs: cat > out\)\nhello\n$/);
    assert.equal(await told, "It was not written: nobody allowed it.");
  });

  test("input is asked for where every command is, and refused where nobody is asked", async () => {
    await using stage = await toolStage({ tools: { exec: { security: "full", ask: "always" } } });
    await decided(stage, { command: "cat > out", background: true }, "allow-once");

    const told = stage.use("process", { action: "write", id: "p1", text: "hello\n" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");
    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "deny" });
    assert.equal(await told, "It was not written: nobody allowed it.");
    await stage.client.call("sessions.patch", { key: "main", execSecurity: "deny" });

    assert.equal(
      await stage.use("process", { action: "write", id: "p1", text: "hello\n" }),
      "It was not written: commands are switched off here.",
    );
    assert.equal(readFileSync(join(workspaceOf(stage), "out"), "utf8"), "");
  });

  test("input that names the gateway's own state is asked for where everything else is written", async () => {
    await using stage = await toolStage(EVERYTHING);
    await stage.use("exec", { command: "sh", background: true });

    const told = stage.use("process", { action: "write", id: "p1", text: "cat ../state.db > copy\n" });
    const { payload } = await stage.client.nextOf("exec.approval.requested");
    await stage.client.call("exec.approval.resolve", { id: payload.id, decision: "deny" });

    assert.deepEqual(payload.request.why, ["it names the gateway's own state"]);
    assert.equal(await told, "It was not written: nobody allowed it.");
    assert.equal(existsSync(join(workspaceOf(stage), "copy")), false);
  });
});

/** The processes that a command has noted. */
function pidsIn(stage: ToolStage): number[] {
  return readFileSync(join(workspaceOf(stage), "inner"), "utf8")
    .trim()
    .split("\n")
    .map(Number);
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "moltbot-code-")));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The first progress of a tool that reads like this. */
async function updateOf(client: Connected, pattern: RegExp): Promise<void> {
  for (;;) {
    const { payload } = await client.nextOf("agent");
    if (payload.stream === "tool" && pattern.test(payload.data.partialResult ?? "")) return;
  }
}

// `moltbot approvals`: commands that wait are listed, shown in full, and answered.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, beforeEach, test } from "node:test";
import { visible } from "../../packages/gateway/src/base/text/visible.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { unframed } from "../support/frames.ts";
import { Home } from "./harness.ts";

const model = await fakeOpenAI();
const home = new Home();
const provider = { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] };
await home.run(["config", "set", "models", JSON.stringify({ detectLocal: false, providers: { fake: provider } })]);
const gateway = await home.gateway();
after(async () => {
  await gateway[Symbol.asyncDispose]();
  home[Symbol.dispose]();
  await model[Symbol.asyncDispose]();
});

interface Listed {
  readonly pending: readonly {
    readonly id: string;
    readonly code: string;
    readonly request: { readonly command: string };
  }[];
}

let count = 0;
beforeEach(() => {
  count++;
});

/** Has the agent ask for a command, in a conversation of its own; resolves when it waits. */
async function asks(command: string) {
  model.script({ kind: "tool-call", name: "exec", arguments: { command } });
  const child = home.spawn(["agent", "-m", "Do it.", "--session-key", `s${count}`]);
  child.stdin?.end();
  const reply = text(child.stdout!);
  for (;;) {
    const { pending } = JSON.parse((await home.run(["approvals", "--json"])).stdout) as Listed;
    const found = pending.find((each) => each.request.command === visible(command));
    if (found) return { ...found, reply };
  }
}

/** What the model was told by its tool. */
function told(): string {
  const { messages } = model.requests.at(-1)!.body as { messages: { role: string; content: string }[] };
  return unframed(messages.findLast(({ role }) => role === "tool")!.content);
}

test("without any it says so", async () => {
  const { code, stdout } = await home.run(["approvals"]);

  assert.deepEqual([code, stdout], [0, "No command waits for approval.\n"]);
});

test("a command is listed, shown in full, and allowed by its code", async () => {
  const { code, reply } = await asks("mkdir a\u202eb && touch c > d");

  const listed = await home.run(["approvals", "list"]);
  const shown = await home.run(["approvals", "show", code]);
  const allowed = await home.run(["approvals", "approve", code.toLowerCase()]);

  assert.match(
    listed.stdout,
    new RegExp(`^Code +Command +Agent +Good for\n${code} +mkdir a\\\\u\\{202e\\}b && touch c > d`),
  );
  assert.ok(listed.stdout.split("\n").every((line) => line.length <= 80));
  assert.match(shown.stdout, /^ {2}mkdir a\\u\{202e\}b && touch c > d\n\nCode +\w{6}\nFolder +\/.*\n/);
  assert.match(shown.stdout, /it holds characters that cannot be seen/);
  assert.match(shown.stdout, /Always +is not possible/);
  assert.equal(allowed.stdout, "Allowed once: mkdir a\\u{202e}b && touch c > d\n");
  assert.match(await reply, /Hello from the model\./);
  assert.match(told(), /exit code 0/);
});

test("the only one that waits needs no code; what is always allowed is on the allowlist", async () => {
  const { reply } = await asks("mkdir always");
  const allowed = await home.run(["approvals", "approve", "--always"]);
  await reply;

  const { stdout } = await home.run(["approvals", "allowlist"]);
  const removed = await home.run(["approvals", "allowlist", "remove", stdout.split("\n")[1]!.split(/\s/)[0]!]);
  const added = await home.run(["approvals", "allowlist", "add", "ls", "--agent", "main"]);

  assert.equal(allowed.stdout, "Allowed for good: mkdir always\n");
  assert.match(stdout, /^Program +Only as +Rule +Agent +Used\n\/\S*mkdir +mkdir always +in \/\S+ +main +never\n$/);
  assert.match(removed.stdout, /^Removed: /);
  assert.match(added.stdout, /\/ls runs without approval from now on\.\n$/);
});

test("it is denied, and the decision is remembered", async () => {
  const { code, reply } = await asks("mkdir no");
  const denied = await home.run(["approvals", "deny", code]);
  await reply;

  const again = await home.run(["approvals", "deny", code]);
  const { stdout } = await home.run(["approvals"]);

  assert.equal(denied.stdout, "Denied: mkdir no\n");
  assert.deepEqual([again.code, /No command waits under/.test(again.stderr)], [1, true]);
  assert.match(stdout, /\ndeny|deny +/);
  assert.match(told(), /^It was not run: .* said no/);
});

test("whoever watches answers there", async () => {
  const watcher = home.spawn(["approvals", "watch"]);
  const lines = createInterface({ input: watcher.stdout! });
  const seen: string[] = [];
  const isAsked = new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      seen.push(line);
      if (line.startsWith("Waits for")) resolve();
    });
  });
  const { reply } = await asks("mkdir watched");
  await isAsked;

  watcher.stdin!.write("y\n");

  assert.match(await reply, /Hello from the model\./);
  assert.match(told(), /exit code 0/);
  assert.ok(seen.includes("  mkdir watched"));
  watcher.stdin!.end();
});

test("whoever waits for the agent's words is told what they wait for", async () => {
  model.script({ kind: "tool-call", name: "exec", arguments: { command: "mkdir told" } });
  const child = home.spawn(["agent", "-m", "Do it.", "--session-key", `s${count}`]);
  child.stdin?.end();
  const reply = text(child.stdout!);
  const note = createInterface({ input: child.stderr! })[Symbol.asyncIterator]();

  const first = (await note.next()).value as string;
  const second = (await note.next()).value as string;
  const code = /approvals approve (\w{6})/.exec(second)?.[1];

  assert.equal(first, "A command waits for you: mkdir told");
  assert.ok(code, second);
  await home.run(["approvals", "deny", code]);
  assert.match(await reply, /Hello from the model\./);
});

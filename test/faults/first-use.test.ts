// What is written beside the database, each for the first time, on a full disk and in a folder that is read-only: each is refused in
// a sentence that says what to do, leaves nothing, and is done when there is room again.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { fakeOpenAI } from "../fakes/openai.ts";
import { eventually } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { canMount, FaultBench } from "./bench.ts";

const MOUNTED = { skip: canMount() ? false : "needs root, to mount file systems" };
const FULL = "the disk is full; free some space and try again";
const READ_ONLY = "the disk is read-only; make it writable and try again";
const DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PAGE = "<!doctype html><p>".padEnd(20_000, "x");

interface Use {
  readonly what: string;
  /** The folder of the state that is written to. */
  readonly folder: string;
  readonly method: string;
  /** Its own sentence for a disk that is full. */
  readonly full?: RegExp;
  params(client: WireClient): Promise<unknown> | unknown;
}

const USES: readonly Use[] = [
  {
    what: "a picture in a message",
    folder: "media",
    method: "chat.send",
    params: () => ({
      ...{ sessionKey: "main", message: "look", idempotencyKey: "p1" },
      attachments: [{ type: "image", mimeType: "image/png", fileName: "dot.png", content: DOT }],
    }),
  },
  {
    what: "a file of the workspace",
    folder: "workspace",
    method: "agents.files.set",
    params: () => ({ agentId: "main", name: "USER.md", content: PAGE }),
  },
  { what: "the key of push services", folder: "identity", method: "push.web.vapidPublicKey", params: () => ({}) },
  {
    what: "what may be run",
    folder: ".",
    method: "exec.allowlist.add",
    params: () => ({ pattern: "/bin/ls", args: ["x".repeat(3_000)] }),
  },
  {
    ...{ what: "a backup", folder: "../backups", method: "backup.now", params: () => ({}) },
    full: /^UNAVAILABLE there is no room in .*; make room, or set backup\.folder to another disk$/,
  },
  {
    what: "the config file",
    folder: ".",
    method: "config.patch",
    params: async (client) => ({
      raw: JSON.stringify({ messages: { responsePrefix: "x".repeat(5_000) } }),
      baseHash: (await client.call("config.get")).hash,
    }),
  },
];

/** The files that lie in a folder and below, but for the database and the logs, which always may grow. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const names = files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
  return names.filter((name) => !/^(?:state\.db|logs|gateway\.json)/.test(name)).toSorted();
}

async function answerOf(client: WireClient, { method, params }: Use): Promise<string> {
  const { ok, error } = await client.request(method, await params(client));
  return ok ? "ok" : `${error?.code} ${error?.message}`;
}

test("on a full disk", MOUNTED, async () => {
  await using bench = await FaultBench.start({ config: { backup: { folder: "../backups", plain: true } } });
  const client = await bench.operator();
  const state = join(bench.disk.folder, "state");
  const before = filesIn(state);

  bench.fill();
  const refused: [Use, string][] = [];
  for (const use of USES) refused.push([use, await answerOf(client, use)]);
  const during = filesIn(state);
  bench.free();
  const done: [string, string][] = [];
  for (const use of USES) done.push([use.what, await answerOf(client, use)]);

  for (const [{ what, full = new RegExp(`^UNAVAILABLE .*${FULL}\\.?$`) }, said] of refused)
    assert.match(said, full, what);
  assert.deepEqual(during, before);
  assert.deepEqual(
    done,
    USES.map(({ what }) => [what, "ok"]),
  );
});

test("a file that is sent, on a full disk", MOUNTED, async () => {
  await using telegram = await fakeTelegram();
  await using bench = await FaultBench.start({ platforms: [telegram] });
  const client = await bench.operator();
  const { chatId } = await telegram.says("/echo begin");
  await eventually("the answer", () => telegram.delivered.length > 0);
  const outbound = join(bench.disk.folder, "state", "media", "outbound");
  const mediaUrl = `data:text/plain;base64,${Buffer.from(PAGE).toString("base64")}`;
  const send = { channel: "telegram", to: chatId, message: "a page", mediaUrl };

  bench.fill();
  const { error } = await client.request("send", { ...send, idempotencyKey: "f1" });
  const during = filesIn(outbound);
  bench.free();
  const { ok } = await client.request("send", { ...send, idempotencyKey: "f1" });

  assert.match(`${error?.code} ${error?.message}`, new RegExp(`^UNAVAILABLE .*${FULL}\\.?$`));
  assert.deepEqual([during, ok], [[], true]);
});

test(
  "a run that cannot be recorded on a full disk is answered all the same, and nothing of the recording stays",
  MOUNTED,
  async () => {
    await using model = await fakeOpenAI();
    await using bench = await FaultBench.start({
      model,
      config: {
        agents: { defaults: { model: "fake/fake-model", record: "on" } },
      },
    });
    const client = await bench.operator();
    const recordings = join(bench.disk.folder, "state", "recordings");
    const say = async (message: string) => {
      await client.call("agent", { message, sessionKey: "main", idempotencyKey: message });
      return (await client.call("agent.wait", { runId: message, timeoutMs: 60_000 })).status;
    };
    const isRecorded = async (id: string) => {
      const { runs } = await client.call("runs.list", {});
      return runs.some(({ runId, recorded }: { runId: string; recorded: boolean }) => runId === id && recorded);
    };

    // The folder is there and takes no file: the database has room, the recording has none.
    mkdirSync(recordings, { mode: 0o700 });
    const over = tooSmall(recordings);
    const first = await say("first");
    await eventually("the log to say so", async () => {
      const { lines } = await client.call("logs.tail", { limit: 200 });
      return lines.map(String).some((line: string) => line.includes("a run was not recorded") && line.includes(FULL));
    });
    const left = filesIn(recordings);
    over[Symbol.dispose]();
    const second = await say("second");
    await eventually("the second to be recorded", () => isRecorded("second"));

    assert.deepEqual([first, left, second, await isRecorded("first")], ["ok", [], "ok", false]);
  },
);

for (const use of USES.filter(({ folder }) => folder !== "."))
  test(`${use.what}, in a folder that is read-only`, MOUNTED, async () => {
    await using bench = await FaultBench.start({ config: { backup: { folder: "../backups", plain: true } } });
    const client = await bench.operator();
    const folder = join(bench.disk.folder, "state", use.folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = filesIn(folder);

    using over = readOnly(folder);
    const refused = await answerOf(client, use);
    over[Symbol.dispose]();
    const left = filesIn(folder);
    const done = await answerOf(client, use);

    assert.match(refused, new RegExp(`^UNAVAILABLE .*${READ_ONLY}\\.?$`));
    assert.deepEqual([left, done], [kept, "ok"]);
  });

/** Lays a read-only file system over a folder, until it is disposed. */
const readOnly = (folder: string): Disposable => laid(folder, "ro,mode=700");
/** Lays a file system over a folder that has room for next to nothing, until it is disposed. */
const tooSmall = (folder: string): Disposable => laid(folder, "size=4k,mode=700");

function laid(folder: string, options: string): Disposable {
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  assert.equal(status, 0, String(stderr));
  let isOver = false;
  return {
    [Symbol.dispose]() {
      if (!isOver) spawnSync("umount", ["--lazy", folder]);
      isOver = true;
    },
  };
}

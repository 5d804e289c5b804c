// A disk that is full, and one without inodes: a real file system, filled while a real gateway works on it, and freed again.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fakeDiscord, fakeSlack, fakeTelegram } from "@moltbot/fakes";
import { fakeOpenAI } from "../fakes/openai.ts";
import { PROGRAM } from "../support/program.ts";
import { eventually } from "../support/time-limit.ts";
import type { WireClient } from "../support/wire-client.ts";
import { canMount, FaultBench } from "./bench.ts";

const FULL = "the disk is full; free some space and try again";
/** Where no file system can be mounted, files may not grow instead: then the system, and SQLite, say this. */
const NO_GROWTH = [
  "a file is as large as the system allows; raise the limit (ulimit -f) and try again",
  "the disk reports an error; check it, then try again",
];

/** The sentences for a disk that takes no more. */
function fullSentences({ disk }: FaultBench): readonly string[] {
  return disk.isMounted ? [FULL] : NO_GROWTH;
}
const PICTURE = {
  bytes: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  ),
  mimeType: "image/png",
  fileName: "dot.png",
  kind: "image",
} as const;
/** Longer than what a database can still write into the room it has. */
const LONG = "long ".repeat(20_000);

/** The refusal of a request, as its code and its sentence. */
async function refused(client: WireClient, method: string, params: unknown): Promise<string> {
  const { ok, payload, error } = await client.request(method, params);
  assert.equal(ok, false, `${method} was answered: ${JSON.stringify(payload)}`);
  return `${error?.code} ${error?.message}`;
}

/** Repeats a small request, for which there may still be room, until it is refused. */
async function lastRefused(client: WireClient, method: string, params: (n: number) => unknown): Promise<string> {
  for (let n = 0; n < 500; n++) {
    const { ok, error } = await client.request(method, params(n));
    if (!ok) return `${error?.code} ${error?.message}`;
  }
  throw new Error(`${method} was never refused`);
}

test("a run that ends on a full disk is answered once there is room, and its caller gets the answer", async () => {
  await using model = await fakeOpenAI();
  const answer = Promise.withResolvers<void>();
  model.script({ kind: "turn", text: LONG, hold: answer.promise });
  await using bench = await FaultBench.start({ model });
  const client = await bench.operator();
  await client.call("agent", { message: "go on", sessionKey: "main", idempotencyKey: "r1" });
  await eventually("the model to be asked", () => model.requests.length === 1);

  bench.fill();
  answer.resolve();
  const waiting = client.request("agent.wait", { runId: "r1", timeoutMs: 60_000 });
  await eventually("the gateway to meet the trouble", async () => (await client.call("health")).machine?.trouble);
  const early = await client.call("agent.wait", { runId: "r1", timeoutMs: 0 });
  bench.free();
  const { payload } = await waiting;
  const { messages } = await client.call("chat.history", { sessionKey: "main" });

  assert.deepEqual([early.status, payload.status, model.requests.length], ["timeout", "ok", 1]);
  assert.deepEqual(
    messages.map(({ role, content }: { role: string; content: { text: string }[] }) => [role, content[0]!.text.length]),
    [
      ["user", "go on".length],
      ["assistant", LONG.trim().length],
    ],
  );
});

test("what people say on every channel while the disk is full is answered once there is room", async () => {
  await using telegram = await fakeTelegram();
  await using slack = await fakeSlack();
  await using discord = await fakeDiscord();
  const platforms = [telegram, slack, discord];
  await using bench = await FaultBench.start({ platforms });
  const client = await bench.operator();

  bench.fill();
  for (let n = 0; n < 4; n++) for (const each of platforms) await each.says(`/echo ${LONG.slice(0, 1_500)}${n}`);
  await eventually("the gateway to meet the trouble", async () => (await client.call("health")).machine?.trouble);
  bench.free();
  const texts = ["0", "1", "2", "3"];
  const heard = (each: (typeof platforms)[number]) =>
    each.delivered.filter(({ text }) => /^long .*\d$/.test(text.trim())).map(({ text }) => text.trim().at(-1)!);
  await eventually("all to be answered", () => platforms.every((each) => heard(each).length >= texts.length));
  const { entries } = await client.call("inbox.list", { limit: 100 });

  assert.deepEqual(
    platforms.map((each) => heard(each).toSorted()),
    [texts, texts, texts],
  );
  assert.deepEqual(new Set(entries.map(({ state }: { state: string }) => state)), new Set(["done"]));
});

test("a full disk refuses each request that writes with the same sentence, and nothing of it is written", async () => {
  await using bench = await FaultBench.start();
  const client = await bench.operator();
  await client.call("chat.send", { sessionKey: "main", message: "before", idempotencyKey: "before" });
  const path = join(bench.disk.folder, "state", "moltbot.json");
  const before = readFileSync(path, "utf8");

  bench.fill();
  const { hash } = await client.call("config.get");
  const raw = JSON.stringify({ messages: { inboundMaxAgeHours: 5, responsePrefix: LONG.slice(0, 4_000) } });
  const answers = [
    await refused(client, "config.patch", { raw, baseHash: hash }),
    await refused(client, "chat.send", { sessionKey: "main", message: LONG, idempotencyKey: "k1" }),
    await refused(client, "agent", { sessionKey: "main", message: LONG, idempotencyKey: "k2" }),
    await lastRefused(client, "sessions.patch", (n) => ({ key: "main", label: `label ${n}` })),
    await lastRefused(client, "sessions.create", (n) => ({ key: `room-${n}`, label: `room ${n}` })),
  ];
  const during = readFileSync(path, "utf8");
  bench.free();
  const sent = await client.request("chat.send", { sessionKey: "main", message: LONG, idempotencyKey: "k1" });

  const sentences = fullSentences(bench).map((each) => `UNAVAILABLE ${each}`);
  assert.deepEqual(
    answers.filter((each) => !sentences.includes(each)),
    [],
  );
  assert.deepEqual([during, sent.ok], [before, true]);
});

const INODES = { skip: canMount() ? false : "needs root, to mount a file system with few inodes" };

test(
  "without inodes a picture waits with its message, and the model sees the picture and no path",
  INODES,
  async () => {
    await using model = await fakeOpenAI();
    await using telegram = await fakeTelegram();
    await using bench = await FaultBench.start({ model, platforms: [telegram], inodes: 200 });
    const client = await bench.operator();

    bench.fill();
    await telegram.says("what is this?", { files: [PICTURE] });
    await eventually("the gateway to meet the trouble", async () => (await client.call("health")).machine?.trouble);
    const refusal = await refused(client, "config.patch", {
      raw: JSON.stringify({ messages: { inboundMaxAgeHours: 5 } }),
      baseHash: (await client.call("config.get")).hash,
    });
    bench.free();
    await eventually("the answer", () => telegram.delivered.some(({ text }) => text.includes("Hello from the model.")));
    const asked = JSON.stringify(model.requests.at(-1)?.body);

    assert.equal(refusal, `UNAVAILABLE ${FULL}`);
    assert.deepEqual([asked.includes("data:image/png;base64,"), asked.includes(bench.folder)], [true, false]);
    assert.equal(telegram.delivered.length, 1);
  },
);

test("what a request was told on a full disk is what stands after a kill", async () => {
  await using bench = await FaultBench.start();
  const client = await bench.operator();
  const told: string[] = [];

  bench.fill();
  for (let n = 0; n < 40; n++) {
    const { ok } = await client.request("sessions.create", { key: `room-${n}`, label: `room ${n}` });
    if (ok) told.push(`room ${n}`);
  }
  await bench.subject.kill();
  bench.free();
  await bench.start();
  const { sessions } = await (await bench.operator()).call("sessions.list", { limit: 100 });
  const labels = sessions.flatMap(({ label }: { label?: string }) => label ?? []);

  assert.deepEqual(labels.toSorted(), told.toSorted());
  assert.ok(told.length < 40, "the disk was never full");
});

test("a gateway that starts on a full disk says so and ends, for its supervisor to start it again", async () => {
  await using bench = FaultBench.prepare();
  bench.disk.fill(process.pid);

  const { code, stderr } = await run(bench.disk.folder);
  bench.disk.free(process.pid);
  await bench.start();

  assert.equal(code, 1);
  const [, why = stderr] = /^The gateway cannot start on \S+: (.*)\.$/m.exec(stderr) ?? [];
  assert.ok(fullSentences(bench).includes(why), why);
});

/** Runs a gateway that is expected to end by itself. */
async function run(folder: string): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(PROGRAM.file, [...PROGRAM.args, "gateway", "--port", "0"], {
    env: {
      ...{ PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS },
      ...{ HOME: folder, MOLTBOT_STATE_DIR: join(folder, "state"), NO_COLOR: "1" },
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "close") as Promise<[number | null]>]);
  clearTimeout(late);
  return { code, stderr };
}

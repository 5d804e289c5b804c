// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as config files name them
// What another gateway has kept, taken over: seen by clients of ours, once, and taken back whole.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Imports } from "../../packages/gateway/src/slices/operations/imports/imports.ts";
import { openOffline } from "../../packages/gateway/src/start/supervise.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { JANUARY_TOKEN, januaryFolder, put, todayFolder } from "../support/other-gateways.ts";

const root = mkdtempSync(join(tmpdir(), "moltbot-others-"));
after(() => rmSync(root, { recursive: true, force: true }));
const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };
let folders = 0;
const newFolder = () => join(root, String(++folders));

/** Imports into a gateway that is stopped for it, and started again. */
async function imported(gateway: TestGateway, folder: string) {
  return await offline(gateway, async (imports, sections) => {
    const plan = await imports.plan(folder, { copy: false, enableChannels: false, isFirst: false, sections });
    return { plan, ...(await imports.apply(plan)) };
  });
}

async function offline<T>(
  gateway: TestGateway,
  work: (imports: Imports, sections: Sections) => Promise<T>,
): Promise<T> {
  await gateway.stop();
  try {
    await using ours = await openOffline({
      stateDir: gateway.stateDir,
      env: { MOLTBOT_CONFIG_PATH: gateway.configPath, HOME: root },
      sinks: [],
    });
    return await work((ours.gateway as unknown as { imports: Imports }).imports, ours.sections);
  } finally {
    await gateway.start();
  }
}

type Sections = Parameters<Imports["plan"]>[1]["sections"];

/** Every file below a folder with its content and time of change. */
function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const path = join(folder, name);
      const stats = statSync(path);
      const hash = stats.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "folder";
      return `${name} ${hash} ${stats.mtimeMs}`;
    });
}

test("a folder of January is taken over: talks with their branches and resets, jobs, devices, senders, logins, settings", async () => {
  await using gateway = await testGateway();
  const device = newDeviceKey();
  const folder = newFolder();
  januaryFolder(folder, { deviceId: device.id, publicKey: device.publicKey });
  const before = treeOf(folder);

  const { added } = await imported(gateway, folder);

  assert.deepEqual(treeOf(folder), before, "nothing is written there");
  assert.deepEqual(added, {
    config: 14,
    workspace: 0,
    sessions: 8,
    jobs: 4,
    devices: 1,
    senders: 1,
    logins: 2,
    keys: 1,
    voicewake: 1,
  });
  const admin = await gateway.connect();
  const { sessions } = await admin.call("sessions.list", {});
  assert.deepEqual(
    sessions.map(({ key, updatedAt }: { key: string; updatedAt: number }) => [key, updatedAt]),
    [
      ["agent:main:main", 1_769_000_000_000],
      ["agent:main:signal:dm:ann", 1_768_500_000_000],
      ["agent:main:earlier:s-old", 1_766_000_000_000],
    ],
  );
  const { messages } = await admin.call("chat.history", { sessionKey: "main" });
  assert.deepEqual(
    messages.map(({ role, timestamp, content }: { role: string; timestamp: number; content: { text?: string }[] }) => [
      role,
      timestamp,
      content[0]?.text,
    ]),
    [
      ["user", 1_768_900_000_000, "hello from January"],
      ["assistant", 1_768_900_002_000, "the answer that counts"],
      ["assistant", 1_768_900_003_000, "⚙️ Compacted (12k → 3k)"],
      ["assistant", 1_768_900_004_000, undefined],
      ["toolResult", 1_768_900_005_000, undefined],
    ],
  );
  const { jobs } = await admin.call("cron.list", { includeDisabled: true });
  const now = Date.now();
  assert.deepEqual(jobs.map((job: { id: string; enabled: boolean }) => [job.id, job.enabled]).toSorted(), [
    ["j-cron", true],
    ["j-every", true],
    ["j-off", false],
    ["j-past", false],
  ]);
  for (const { enabled, state } of jobs) assert.ok(!enabled || state.nextRunAtMs > now, "nothing is due at once");
  const every = jobs.find(({ id }: { id: string }) => id === "j-every");
  assert.equal((every.state.nextRunAtMs - 1_769_000_123_000) % 600_000, 0, "a grid goes on where it stood");
  const { channels } = await admin.call("config.get", {}).then(({ config }) => config);
  assert.deepEqual([channels.telegram.enabled, channels.discord.enabled], [false, false]);
  assert.deepEqual(channels.telegram.allowFrom, ["5000001", "5000002"]);
  const { triggers } = await admin.call("voicewake.get", {});
  assert.deepEqual(triggers, ["molly"]);
});

test("a device of the other gateway gets in once with its old token, and from then on with the one it was given", async () => {
  await using gateway = await testGateway();
  const device = newDeviceKey();
  const folder = newFolder();
  januaryFolder(folder, { deviceId: device.id, publicKey: device.publicKey });
  await imported(gateway, folder);
  const scopes = ["operator.read"];

  const first = await gateway.connect({ device, token: JANUARY_TOKEN, scopes }, remote);
  const ours = first.hello.auth.deviceToken as string;
  const second = await gateway.connect({ device, token: ours, scopes }, remote);

  assert.notEqual(ours, JANUARY_TOKEN);
  assert.equal(second.hello.auth.deviceToken, ours);
  await assert.rejects(gateway.connect({ device, token: JANUARY_TOKEN, scopes }, remote));
  const other = newDeviceKey();
  await assert.rejects(gateway.connect({ device: other, token: JANUARY_TOKEN, scopes }, remote));
});

test("a folder of later 2026 is read from its write-ahead log while its databases are open, packed events too", async () => {
  await using gateway = await testGateway();
  const folder = newFolder();
  const open = todayFolder(folder);
  try {
    const before = treeOf(folder);

    const { added, plan } = await imported(gateway, folder);

    assert.deepEqual(treeOf(folder), before, "nothing is written there, no -shm either");
    assert.deepEqual([added.sessions, added.jobs, added.devices, added.senders], [5, 1, 1, 1]);
    assert.ok(plan.left.some(({ text }) => /jobs that the other gateway makes for itself/.test(text)));
    const admin = await gateway.connect();
    const key = "agent:main:telegram:dm:5000001";
    const { messages } = await admin.call("chat.history", { sessionKey: key });
    assert.deepEqual(
      messages.map(({ content }: { content: { type: string; text?: string }[] }) =>
        content.map(({ type, text }) => text ?? type),
      ),
      [["look at this", "image"], ["a cat"]],
    );
    const page = await admin.call("chat.past", { sessionKey: key, limit: 100 });
    assert.deepEqual(
      page.transcripts.map(({ reason, messages }: { reason?: string; messages: unknown[] }) => [
        reason,
        messages.length,
      ]),
      [
        [undefined, 1],
        ["reset", 2],
        ["idle", 2],
      ],
    );
  } finally {
    for (const database of open) database.close();
  }
});

test("a second import adds nothing, one of what came since adds that alone, and undo takes the last one back", async () => {
  await using gateway = await testGateway();
  const folder = newFolder();
  januaryFolder(folder);
  await imported(gateway, folder);
  const configBefore = readFileSync(gateway.configPath, "utf8");

  const again = await imported(gateway, folder);
  const jobs = JSON.parse(readFileSync(join(folder, "cron/jobs.json"), "utf8"));
  put(folder, "cron/jobs.json", { ...jobs, jobs: [...jobs.jobs, { ...jobs.jobs[0], id: "j-new", name: "New" }] });
  const third = await imported(gateway, folder);
  const undone = await offline(gateway, (imports) => imports.undo());
  const all = await offline(gateway, (imports) => imports.undo());
  const none = await offline(gateway, (imports) => imports.undo());

  assert.deepEqual(new Set(Object.values(again.added)), new Set([0]));
  assert.deepEqual([third.added.jobs, third.added.sessions], [1, 0]);
  assert.deepEqual([undone?.removed.jobs, undone?.removed.messages], [1, 0]);
  assert.deepEqual(all?.removed, { messages: 8, jobs: 4, devices: 1, senders: 1, logins: 2 });
  assert.equal(none, undefined);
  assert.doesNotMatch(readFileSync(gateway.configPath, "utf8"), /secret-of-the-bot/);
  assert.match(configBefore, /secret-of-the-bot/);
  const admin = await gateway.connect();
  assert.deepEqual((await admin.call("sessions.list", {})).sessions, []);
  assert.deepEqual((await admin.call("cron.list", { includeDisabled: true })).jobs, []);
  assert.deepEqual(
    (await admin.call("device.pair.list")).paired.filter(({ clientId }: { clientId: string }) => clientId === "cli"),
    [],
  );
});

test("what was said here stays the current talk, and what was said there stands before it", async () => {
  await using gateway = await testGateway();
  const folder = newFolder();
  januaryFolder(folder);
  const here = await gateway.connect();
  await here.call("chat.send", { sessionKey: "main", message: "said here", idempotencyKey: "k1" });
  for (let state = ""; state !== "final"; )
    state = ((await here.next()).payload as { state?: string } | undefined)?.state ?? "";
  await imported(gateway, folder);

  const admin = await gateway.connect();
  const { messages } = await admin.call("chat.history", { sessionKey: "main" });
  const page = await admin.call("chat.past", { sessionKey: "main", limit: 100 });

  assert.deepEqual(
    messages.map(({ role, content }: { role: string; content: { text: string }[] }) =>
      role === "user" ? content[0]?.text : role,
    ),
    ["said here", "assistant"],
  );
  assert.deepEqual(
    page.transcripts.map(({ messages }: { messages: unknown[] }) => messages.length),
    [1, 5, 2],
  );
});

test("broken and hostile folders are refused or read in part, with a sentence for each part, and nothing of them gets out", async () => {
  await using gateway = await testGateway();
  const secret = join(root, "elsewhere.json");
  writeFileSync(secret, JSON.stringify({ "agent:main:main": { sessionId: "stolen" } }));
  const folder = newFolder();
  put(folder, "clawdbot.json", `{ "agents": ${'{"a":'.repeat(500)}1${"}".repeat(500)} }`);
  mkdirSync(join(folder, "agents/main/sessions"), { recursive: true });
  symlinkSync(secret, join(folder, "agents/main/sessions/sessions.json"));
  execFileSync("mkfifo", [join(folder, "agents/main/sessions/pipe.jsonl")]);
  put(
    folder,
    "agents/main/sessions/typed.jsonl",
    '"text"\n[1,2]\n{"type":"message","id":"x","message":{"role":"user","content":{"text":5}}}\n{"type":"message","id":"__proto__","parentId":"__proto__","message":{"role":"user","content":"a loop \\u0000 of itself"}}\n',
  );
  put(folder, "cron/jobs.json", {
    jobs: [
      1,
      null,
      { id: "j", schedule: "never" },
      { id: "k", schedule: { kind: "every", everyMs: -5 }, payload: { kind: "systemEvent", text: "x" } },
    ],
  });
  put(folder, "devices/paired.json", { x: { deviceId: 5 }, y: "z" });
  put(folder, "state/openclaw.sqlite", "this is no database".repeat(100));
  const none = newFolder();
  mkdirSync(none);

  const { added, warnings } = await imported(gateway, folder);

  assert.deepEqual([added.sessions, added.jobs, added.devices], [1, 0, 0]);
  for (const told of [
    /nested deeper/,
    /is a link/,
    /not a regular file/,
    /not a whole database/,
    /job 1 has no id/,
    /has no key/,
  ])
    assert.ok(
      warnings.some(({ text }) => told.test(text)),
      `${told} in ${JSON.stringify(warnings)}`,
    );
  const admin = await gateway.connect();
  assert.deepEqual(
    (await admin.call("sessions.list", {})).sessions.map(({ key }: { key: string }) => key),
    ["agent:main:earlier:typed"],
  );
  await assert.rejects(imported(gateway, none), /is not the state folder of clawdbot/);
  await assert.rejects(imported(gateway, join(root, "missing")), /is not a folder/);
});

test("a config reads no file outside of its folder and no variable of ours, now or later, and what is left out is told", async () => {
  await using gateway = await testGateway();
  const folder = newFolder();
  const elsewhere = join(root, "private.json5");
  writeFileSync(elsewhere, '{ talk: "a secret of somebody" }');
  put(folder, "clawdbot.json", {
    session: { $include: "more/session.json5", mainKey: "${MOLTBOT_CONFIG_PATH}" },
    messages: { $include: elsewhere },
    hooks: { $include: "../private.json5", token: "$${MOLTBOT_CONFIG_PATH}" },
    cron: { $include: "linked.json5" },
    agents: { list: [{ id: "main", name: "${NAME_OF_IT}" }] },
  });
  put(folder, ".env", "NAME_OF_IT=Named ${MOLTBOT_CONFIG_PATH}\n");
  put(folder, "more/session.json5", '{ resetTriggers: ["/anew"] }');
  symlinkSync(elsewhere, join(folder, "linked.json5"));

  const { plan } = await imported(gateway, folder);

  const admin = await gateway.connect();
  const { raw, config } = await admin.call("config.get", {});
  const { session } = config as { session: Record<string, unknown> };
  const { agents } = await admin.call("agents.list", {});
  assert.deepEqual(
    [session.resetTriggers, session.mainKey, agents[0]?.name],
    [["/anew"], "main", "Named ${MOLTBOT_CONFIG_PATH}"],
  );
  assert.doesNotMatch(`${raw}${JSON.stringify(plan.config.patch)}`, /a secret of somebody/);
  assert.match(readFileSync(gateway.configPath, "utf8"), /Named \$\$\{MOLTBOT_CONFIG_PATH\}/);
  assert.deepEqual(
    plan.warnings.map(({ at, text }) => `${at} ${text.replaceAll(root, "ROOT")}`),
    [
      "linked.json5 is a link, and links are not followed",
      "clawdbot.json: messages.$include names ROOT/private.json5, which is left out: only files of the same folder are read",
      "clawdbot.json: hooks.$include names ../private.json5, which is left out: only files of the same folder are read",
      "clawdbot.json: cron.$include names linked.json5, which is left out: only files of the same folder are read",
      "clawdbot.json: session.mainKey names the variable MOLTBOT_CONFIG_PATH, which is not in the .env beside it; the setting is left out, so set it here",
    ],
  );
});

test("a schedule that cannot be read is told in words of ours", async () => {
  await using gateway = await testGateway();
  const folder = newFolder();
  const device = newDeviceKey();
  januaryFolder(folder, { deviceId: device.id, publicKey: device.publicKey });

  const { plan } = await imported(gateway, folder);

  assert.deepEqual(
    plan.warnings.filter(({ at }) => at === "job Broken"),
    [{ at: "job Broken", text: "its schedule cannot be read: Invalid value for minute: 99" }],
  );
});

test("a transcript whose last line was cut is read up to it, and the line is named", async () => {
  await using gateway = await testGateway();
  const folder = newFolder();
  januaryFolder(folder);
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });

  const { warnings } = await imported(gateway, copy);

  assert.deepEqual(
    warnings.filter(({ text }) => /not whole JSON/.test(text)).map(({ at }) => at),
    ["agents/main/sessions/s-main.jsonl:9"],
  );
});

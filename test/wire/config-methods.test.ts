// config.* (protocol section 5.18, security sections 6 and 8): read without secrets, written against a base, applied.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { after, test } from "node:test";
import { longestTurnMs } from "../support/cpu-time.ts";
import { type Connected, type TestGateway, testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";
import type { Frame } from "../support/wire-client.ts";

const RAW = `// My settings.
{
  gateway: {
    // Mine alone.
    auth: { token: "token-of-the-file" },
  },
  session: { mainKey: "main" }, // the usual one
  models: { providers: { mine: { baseUrl: "http://127.0.0.1:1/v1", apiKey: "key-of-the-provider" } } },
}
`;
const SHOWN = RAW.replace("token-of-the-file", "__REDACTED:gateway.auth.token__").replace(
  "key-of-the-provider",
  "__REDACTED:models.providers.mine.apiKey__",
);

/** A gateway on that file, with another token from the command line, and its admin. */
async function setUp(config = RAW): Promise<{ gateway: TestGateway; admin: Connected }> {
  const gateway = await testGateway({ config });
  return { gateway, admin: await gateway.connect() };
}

const { gateway: shared, admin: reader } = await setUp();
after(() => shared[Symbol.asyncDispose]());

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
const baseHashOf = async (admin: Connected) => (await admin.call("config.get")).hash as string;

test("config.get shows the file and the values in force, with markers for secrets", async () => {
  const shown = await reader.call("config.get");

  const { parsed, config, ...rest } = shown;
  assert.deepEqual(rest, {
    path: shared.configPath,
    exists: true,
    raw: SHOWN,
    valid: true,
    hash: hashOf(RAW),
    issues: [],
    warnings: [],
    legacyIssues: [],
    comments: { "gateway.auth": "Mine alone.", "session.mainKey": "the usual one" },
  });
  assert.equal(parsed.gateway.auth.token, "__REDACTED:gateway.auth.token__");
  assert.equal(config.gateway.auth.token, "__REDACTED:gateway.auth.token__");
  assert.equal(config.gateway.bind, "loopback");
});

test("no secret leaves with config.get: not the file's, not the command line's", async () => {
  const text = JSON.stringify(await reader.call("config.get"));

  for (const secret of ["token-of-the-file", "key-of-the-provider", shared.token!]) assert.ok(!text.includes(secret));
});

test("config.schema describes every section, and says which fields are secret", async () => {
  const { schema, uiHints, version } = await reader.call("config.schema");

  assert.equal(schema.$schema, "http://json-schema.org/draft-07/schema#");
  assert.deepEqual(
    ["gateway", "models", "session"].filter((name) => !(name in schema.properties)),
    [],
  );
  assert.equal(uiHints["gateway.auth.token"].sensitive, true);
  assert.equal(version, reader.hello.server.version);
});

test("a write without the base hash is refused", async () => {
  for (const method of ["config.set", "config.patch", "config.apply"]) {
    const { error } = await reader.request(method, { raw: "{}" });
    assert.deepEqual(error, {
      code: "INVALID_REQUEST",
      message: "config base hash required; re-run config.get and retry",
    });
  }
});

test("a write on another base is refused", async () => {
  const { error } = await reader.request("config.set", { raw: "{}", baseHash: hashOf("something else") });

  assert.deepEqual(error, {
    code: "INVALID_REQUEST",
    message: "config changed since last load; re-run config.get and retry",
  });
});

test("what was changed on disk since it was read is not overwritten", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;
  const baseHash = await baseHashOf(admin);
  gateway.writeConfig(`${RAW}// edited by hand\n`);

  const { error } = await admin.request("config.set", { raw: "{}", baseHash });

  assert.equal(error?.message, "config changed since last load; re-run config.get and retry");
  assert.match(gateway.readConfig(), /edited by hand/);
});

const INVALID: readonly [what: string, raw: string, issue: RegExp][] = [
  ["what is no JSON5", "{ gateway: ", /not valid JSON5/],
  ["a wrong type", '{ gateway: { port: "x" } }', /must be integer/],
  ["a value out of range", "{ gateway: { port: 70000 } }", /must be <= 65535/],
  ["an array", "[]", /must hold one object/],
  ["a name that reaches the prototype", '{ "__proto__": {} }', /must not use/],
];
for (const [what, raw, issue] of INVALID) {
  test(`${what} is refused with its issues and not written`, async () => {
    const { error } = await reader.request("config.set", { raw, baseHash: hashOf(RAW) });

    assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", "invalid config"]);
    assert.match(JSON.stringify(error?.details?.issues), issue);
    assert.equal(shared.readConfig(), RAW);
  });
}

test("a text that is written back as it was shown changes nothing", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;
  const { raw, hash } = await admin.call("config.get");

  const answer = await admin.call("config.set", { raw, baseHash: hash });

  assert.equal(gateway.readConfig(), RAW);
  assert.deepEqual(Object.keys(answer), ["ok", "path", "config"]);
  assert.ok(!JSON.stringify(answer).includes("token-of-the-file"));
});

test("a marker that stands for nothing is refused, not written as a secret", async () => {
  const { error } = await reader.request("config.set", {
    raw: '{ gateway: { auth: { token: "__REDACTED:gateway.auth.password__" } } }',
    baseHash: hashOf(RAW),
  });

  assert.equal(
    error?.message,
    "__REDACTED:gateway.auth.password__ stands for no secret that is set; write the secret itself",
  );
  assert.equal(shared.readConfig(), RAW);
});

test("a patch changes what it names and keeps comments, order and secrets", async () => {
  const { gateway, admin } = await setUp(RAW.replaceAll(/(\w+):(?= )/g, '"$1":').replaceAll(",\n  },\n}", ",\n  }\n}"));
  await using _ = gateway;
  const before = gateway.readConfig();

  await admin.call("config.patch", {
    raw: '{ session: { scope: "global" } }',
    baseHash: await baseHashOf(admin),
  });

  const text = gateway.readConfig();
  assert.match(text, /\/\/ My settings\./);
  assert.match(text, /\/\/ Mine alone\./);
  assert.match(text, /\/\/ the usual one/);
  assert.match(text, /"scope": "global"/);
  assert.match(text, /token-of-the-file/);
  assert.notEqual(text, before);
});

test("null in a patch deletes", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;

  await admin.call("config.patch", { raw: "{ models: null }", baseHash: await baseHashOf(admin) });

  assert.equal((await admin.call("config.get")).parsed.models, undefined);
  assert.ok(!gateway.readConfig().includes("key-of-the-provider"));
});

for (const raw of ["[]", '"x"', "null", "7"]) {
  test(`${raw} is no patch`, async () => {
    const { error } = await reader.request("config.patch", { raw, baseHash: hashOf(RAW) });

    assert.equal(error?.message, "config.patch raw must be an object");
  });
}

test("a file that is invalid on disk cannot be patched, only replaced", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;
  gateway.writeConfig("{ gateway: ");
  await gateway.logged("the config file is invalid; the last good copy stays in force");

  const patched = await admin.request("config.patch", { raw: "{}", baseHash: hashOf("{ gateway: ") });
  const replaced = await admin.request("config.set", { raw: RAW, baseHash: hashOf("{ gateway: ") });

  assert.equal(patched.error?.message, "invalid config; fix before patching");
  assert.equal(replaced.ok, true);
  assert.equal(gateway.readConfig(), RAW);
});

test("a live section applies at once, without a restart", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;

  const { restart, sentinel } = await admin.call("config.patch", {
    raw: '{ session: { mainKey: "home" } }',
    baseHash: await baseHashOf(admin),
  });

  assert.deepEqual([restart.needed, sentinel.path], [false, null]);
  const { hello } = await gateway.connect();
  assert.equal(hello.snapshot.sessionDefaults.mainSessionKey, "agent:main:home");
  assert.equal((await admin.request("last-heartbeat")).ok, true);
});

test("a gateway setting restarts in place: the answer, the event, 1012, and all are back", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;
  const other = await gateway.connect({ scopes: ["operator.read"] });
  const seen = gateway.log.length;

  const answer = await admin.call("config.patch", {
    raw: '{ gateway: { allowedHosts: ["gw.example.com"] } }',
    baseHash: await baseHashOf(admin),
    restartDelayMs: 0,
    note: "a name for the gateway",
  });

  assert.deepEqual(answer.restart, {
    ok: true,
    pid: process.pid,
    signal: "SIGUSR1",
    delayMs: 0,
    reason: "config-patch",
    mode: "emit",
    needed: true,
  });
  for (const client of [admin, other]) {
    assert.deepEqual(await within(client.closed, "the end"), { code: 1012, reason: "service restart" });
    const { event, payload } = client.frames.at(-1)!;
    assert.deepEqual([event, payload], ["shutdown", { reason: "gateway restarting", restartExpectedMs: 1_500 }]);
  }
  await gateway.logged("gateway listens", seen);
  const { hello } = await gateway.connect({}, { headers: { Host: "gw.example.com" } }).catch(() => gateway.connect());
  assert.equal(hello.type, "hello-ok");
});

test("a new token lets in who knows it and nobody else, from the restart on", async () => {
  await using gateway = await testGateway({ token: null, config: '{ gateway: { auth: { token: "the-old-token" } } }' });
  const admin = await gateway.connect({ token: "the-old-token" });
  const seen = gateway.log.length;

  await admin.call("config.patch", {
    raw: '{ gateway: { auth: { token: "the-new-token" } } }',
    baseHash: await baseHashOf(admin),
    restartDelayMs: 0,
  });
  await gateway.logged("gateway listens", seen);

  assert.equal((await within(admin.closed, "the end")).code, 1012);
  assert.equal((await gateway.connect({ token: "the-new-token" })).hello.type, "hello-ok");
  assert.equal((await gateway.refused({ token: "the-old-token" })).error?.details?.code, "AUTH_TOKEN_MISMATCH");
});

test("the restart waits as long as was asked", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;

  const { restart } = await admin.call("config.patch", {
    raw: '{ gateway: { allowedHosts: ["gw.example.com"] } }',
    baseHash: await baseHashOf(admin),
    restartDelayMs: 60_000,
  });
  await admin.flushed();

  assert.equal(restart.delayMs, 60_000);
  assert.equal((await admin.request("last-heartbeat")).ok, true);
});

test("the session that asks for a change is told of it on its next turn, whether it restarts the gateway or not", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;
  const seen = gateway.log.length;
  const said = { sessionKey: "main", restartDelayMs: 0 };

  const live = "{ models: { detectLocal: false } }";
  await admin.call("config.patch", { raw: live, baseHash: await baseHashOf(admin), ...said, note: "look around less" });
  const { queuedSystemEvents: before } = await admin.call("status");
  const restarting = '{ gateway: { allowedHosts: ["gw.example.com"] } }';
  await admin.call("config.patch", { raw: restarting, baseHash: await baseHashOf(admin), ...said, note: "a new name" });
  await gateway.logged("gateway listens", seen);
  const { queuedSystemEvents: after } = await (await gateway.connect()).call("status");

  assert.deepEqual(before, ["Config changed: look around less"]);
  // News are on disk: a restart drops none.
  assert.deepEqual(after, ["Config changed: look around less", "Config changed: a new name"]);
});

test("a change for a session key that is none is refused before it is made", async () => {
  const { error } = await reader.request("config.patch", {
    raw: "{ models: null }",
    baseHash: hashOf(RAW),
    sessionKey: "no\u0000key",
  });

  assert.equal(error?.code, "INVALID_REQUEST");
  assert.equal(shared.readConfig(), RAW);
});

test("what a write replaces is kept, for its owner only", async () => {
  const { gateway, admin } = await setUp();
  await using _ = gateway;

  await admin.call("config.patch", { raw: "{ models: null }", baseHash: await baseHashOf(admin) });

  const folder = `${gateway.configPath}.history`;
  const [kept] = readdirSync(folder);
  assert.ok(kept);
  assert.equal(statSync(`${folder}/${kept}`).mode & 0o077, 0);
  assert.equal(statSync(gateway.configPath).mode & 0o777, 0o600);
});

test("a text beyond all bounds is refused at once", async () => {
  const { error } = await reader.request("config.set", { raw: "[".repeat(262_145), baseHash: hashOf(RAW) });

  assert.equal(error?.message, "invalid config.set params: at /raw: must NOT have more than 262144 characters");
});

test("a text nested beyond reason is refused like any other that is wrong", async () => {
  const deep = `{ x: ${"[".repeat(20_000)}${"]".repeat(20_000)} }`;

  const { error } = await reader.request("config.set", { raw: deep, baseHash: hashOf(RAW) });

  assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", "invalid config"]);
});

const many = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => each(i)).join();
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: variables as config files name them
const LONG_CONFIGS: readonly [what: string, raw: string][] = [
  ["8,000 settings that nobody knows", `{ ${many(8_000, (i) => `unknown${i}: ${i}`)} }`],
  ["as many in a section", `{ session: { ${many(8_000, (i) => `unknown${i}: ${i}`)} } }`],
  [
    "1,000 variables that are missing",
    `{ models: { providers: { ${many(1_000, (i) => `p${i}: { apiKey: "\${NONE_${i}}" }`)} } } }`,
  ],
  [
    "thousands of names",
    `{
      channels: { telegram: { allowFrom: [${many(4_000, (i) => `"@a-long-name-of-person-${i}"`)}] } },
      tools: { bySender: { ${many(4_000, (i) => `"a-long-name-of-person-${i}": { deny: ["exec"] }`)} } },
      session: { identityLinks: { ${many(4_000, (i) => `n${i}: ["telegram:@a-long-name-${i}"]`)} } },
    }`,
  ],
  [
    "thousands of bindings that are wrong",
    `{ bindings: [${many(4_000, (i) => `{ agentId: ${i}, match: { chanel: "x" } }`)}] }`,
  ],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above
for (const [what, raw] of LONG_CONFIGS) {
  test(`${what} do not hold the gateway, and fifty problems at most are told`, async () => {
    const { gateway, admin } = await setUp("{}");
    await using _gateway = gateway;
    const baseHash = await baseHashOf(admin);

    const answers: Frame[] = [];
    const heldMs = await longestTurnMs(async () => {
      answers.push(await admin.request("config.set", { raw, baseHash }), await admin.request("config.get"));
    });

    const [error, payload] = [answers[0]?.error, answers[1]?.payload];
    assert.ok(heldMs < 3_000, `${heldMs} ms of CPU`);
    const issues = (error?.details?.issues ?? []) as { message: string }[];
    const told = [issues, payload.warnings as { message: string }[]];
    assert.ok(told.every(({ length }) => length <= 51));
    assert.equal(
      told.flat().some(({ message }) => /^\d+ more are not shown/.test(message)),
      !what.includes("names"),
    );
  });
}

test("a patch keeps the comments, the byte order mark and the line ends of a file as people write it", async () => {
  const raw = "\ufeff// Mine.\r\n{\r\n  session: { mainKey: 'home', }, // the usual one\r\n  /* later */\r\n}\r\n";
  const { gateway, admin } = await setUp(raw);
  await using _gateway = gateway;

  await admin.call("config.patch", {
    raw: '{ session: { mainKey: "garden" }, messages: { ackReaction: "" } }',
    baseHash: await baseHashOf(admin),
  });

  assert.equal(
    gateway.readConfig(),
    '\ufeff// Mine.\r\n{\r\n  session: { mainKey: "garden", }, // the usual one\r\n  /* later */\r\n  messages: {\r\n    "ackReaction": ""\r\n  },\r\n}\r\n',
  );
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: variables as config files name them
test("numbers and switches can be variables, and a variable that is none is named without its text", async () => {
  const env = { HRS: "7", FLAG: "false", WORD: "hunter2-hunter2" };
  await using gateway = await testGateway({
    config: '{ messages: { inboundMaxAgeHours: "${HRS}" }, models: { detectLocal: "${FLAG}" } }',
    env,
  });
  const admin = await gateway.connect();
  const { valid, config, hash } = await admin.call("config.get");

  const { error } = await admin.request("config.set", {
    raw: '{ messages: { inboundMaxAgeHours: "${WORD}" }, models: { detectLocal: "${HRS}" } }',
    baseHash: hash,
  });

  assert.deepEqual([valid, config.messages.inboundMaxAgeHours, config.models.detectLocal], [true, 7, false]);
  assert.deepEqual(
    ((error?.details?.issues ?? []) as { path: string; message: string }[]).map(({ path, message }) => [path, message]),
    [
      ["models.detectLocal", "must be boolean; the variable HRS holds none"],
      ["messages.inboundMaxAgeHours", "must be number; the variable WORD holds none"],
    ],
  );
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above

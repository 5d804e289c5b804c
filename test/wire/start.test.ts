// Starts that cannot go on, and first starts (security sections 1 and 5): a sentence for the person, nothing lost.
import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { StartOptions } from "../../packages/gateway/src/start/options.ts";
import { startGateway } from "../../packages/gateway/src/start/supervise.ts";
import { testGateway } from "../support/gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-start-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let folders = 0;

/** Options for a start on a folder of its own. */
function options(change: Partial<StartOptions> & { config?: string } = {}): StartOptions {
  const stateDir = join(folder, `state-${++folders}`);
  const path = join(folder, `config-${folders}.json`);
  const { config, ...rest } = change;
  if (config !== undefined) writeFileSync(path, config);
  return { stateDir, env: { MOLTBOT_CONFIG_PATH: path }, overrides: { port: 0 }, sinks: [], ...rest };
}

/** The sentence with which a start is refused. */
async function refusal(start: StartOptions): Promise<string> {
  try {
    await using _ = await startGateway(start);
  } catch (error) {
    assert.equal((error as Error).name, "StartError");
    return (error as Error).message;
  }
  throw new Error("the gateway has started");
}

const WEAK: readonly [what: string, overrides: NonNullable<StartOptions["overrides"]>, sentence: RegExp][] = [
  ["an empty token", { token: "" }, /^The gateway token is empty; set gateway\.auth\.token .*--token/],
  ["a blank token", { token: "      " }, /^The gateway token is empty/],
  ["the word undefined as token", { token: "undefined" }, /^The gateway token is a placeholder/],
  ["a token of five characters", { token: "12345" }, /^The gateway token is too short \(fewer than 6 characters\)/],
  [
    "password mode without a password",
    { auth: "password" },
    /^The gateway password is empty; set gateway\.auth\.password/,
  ],
  [
    "no auth on the local network",
    { auth: "none", bind: "lan" },
    /^gateway\.auth\.mode none is allowed on loopback only/,
  ],
];
for (const [what, overrides, sentence] of WEAK) {
  test(`${what} refuses the start`, async () => {
    assert.match(await refusal(options({ overrides: { port: 0, ...overrides } })), sentence);
  });
}

const BAD_BIND: readonly [config: string, sentence: RegExp][] = [
  ['{ gateway: { bind: "custom" } }', /^gateway\.bind is custom but gateway\.customBindHost is not set/],
  [
    '{ gateway: { bind: "custom", customBindHost: "203.0.113.1" } }',
    /^203\.0\.113\.1 is not an address of this machine; correct gateway\.bind\.$/,
  ],
  [
    '{ gateway: { mode: "remote", remote: { url: "wss://gw" } } }',
    /^gateway\.mode is remote: .* wss:\/\/gw\. Set it to local/,
  ],
  ['{ gateway: { bind: "everywhere" } }', /config-\d+\.json line 1: gateway\.bind /],
  ["{ gateway: ", /config-\d+\.json line 1: not valid JSON5: .*Mend that and save\.$/],
  ['{ gateway: { port: "18789" } }', /config-\d+\.json line 1: gateway\.port must be integer/],
];
for (const [config, sentence] of BAD_BIND) {
  test(`${config} refuses the start and stays as it is`, async () => {
    const start = options({ config, overrides: { port: 0, token: "good-token" } });

    assert.match(await refusal(start), sentence);
    assert.equal(readFileSync(start.env.MOLTBOT_CONFIG_PATH!, "utf8"), config);
  });
}

test("a taken port says so, and names who has it where the system tells", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as AddressInfo;

  const sentence = await refusal(options({ overrides: { port } }));

  squatter.close();
  assert.match(
    sentence,
    new RegExp(`^Port ${port} is taken( by \\S+ \\(pid ${process.pid}\\))?; choose another with --port`),
  );
});

test("a second gateway on one state folder names the first, which goes on", async () => {
  await using first = await testGateway();

  const sentence = await refusal(options({ stateDir: first.stateDir }));

  assert.equal(
    sentence,
    `A gateway (pid ${process.pid}, ${first.url}) already runs on ${first.stateDir}; use that one, stop it with ` +
      "`moltbot gateway stop`, or start another with --profile NAME.",
  );
  assert.equal((await first.connect()).hello.type, "hello-ok");
});

test("a state folder that cannot be made says so", async () => {
  const file = join(folder, "a-file");
  writeFileSync(file, "");

  const sentence = await refusal(options({ stateDir: join(file, "state") }));

  assert.match(sentence, /^The folder \S+a-file\/state cannot be made or entered \(\w+\); make it writable/);
});

test("a config file that is a folder says so", async () => {
  const sentence = await refusal(options({ env: { MOLTBOT_CONFIG_PATH: folder } }));

  assert.match(sentence, /^The config file \S+ cannot be read \(.*\); check its owner and mode\.$/);
});

test("a damaged database is not overwritten", async () => {
  const start = options();
  await (await startGateway(start))[Symbol.asyncDispose]();
  const database = join(start.stateDir, "state.db");
  writeFileSync(database, "this is no database, but somebody may still want to see what it was");

  const sentence = await refusal(start);

  assert.match(sentence, /state\.db is damaged\. Stop any supervisor, then choose: `moltbot doctor --salvage`/);
  assert.match(readFileSync(database, "utf8"), /^this is no database/);
});

test("a failed start leaves nothing behind that hinders the next one", async () => {
  const start = options({ config: '{ gateway: { bind: "custom" } }', overrides: { port: 0, token: "good-token" } });
  await refusal(start);
  writeFileSync(start.env.MOLTBOT_CONFIG_PATH!, "{}");

  await using gateway = await startGateway(start);

  assert.ok(gateway.port > 0);
});

test("a start that fails with its port already open closes it again", async () => {
  const spare = createServer().listen(0, "127.0.0.1");
  await once(spare, "listening");
  const { port } = spare.address() as AddressInfo;
  spare.close();
  const start = options({ overrides: { port, token: "good-token" } });
  mkdirSync(join(start.stateDir, "gateway.json", "in the way"), { recursive: true });

  await assert.rejects(startGateway(start));

  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`), TypeError);
});

test("a first start writes a config with a token of 32 random bytes, for its owner only", async () => {
  await using gateway = await testGateway({ token: null });

  const token = /"token": "([^"]+)"/.exec(gateway.readConfig())?.[1];

  assert.equal(Buffer.from(token ?? "", "base64url").length, 32);
  assert.equal(statSync(gateway.configPath).mode & 0o777, 0o600);
  assert.equal(statSync(gateway.stateDir).mode & 0o777, 0o700);
  assert.match(gateway.readConfig(), /^\/\/ moltbot's settings/);
  assert.equal((await gateway.connect({ token: token! })).hello.type, "hello-ok");
});

test("two first starts make two tokens", async () => {
  await using one = await testGateway({ token: null });
  await using two = await testGateway({ token: null });

  assert.notEqual(one.readConfig(), two.readConfig());
});

test("the link for people carries the secret in its fragment only", async () => {
  await using gateway = await testGateway();

  assert.equal(gateway.running.dashboardUrl, `http://127.0.0.1:${gateway.port}/#token=${gateway.token}`);
});

test("a state folder that was open to others is closed to them", async () => {
  const start = options();
  await (await startGateway(start))[Symbol.asyncDispose]();
  chmodSync(start.stateDir, 0o755);

  await using _ = await startGateway(start);

  assert.equal(statSync(start.stateDir).mode & 0o777, 0o700);
});

test("a token from the environment needs none in the config", async () => {
  const path = join(folder, "env-config.json");
  await using gateway = await startGateway(
    options({ env: { MOLTBOT_CONFIG_PATH: path, CLAWDBOT_GATEWAY_TOKEN: "token-from-env" } }),
  );

  assert.ok(existsSync(path));
  assert.ok(!readFileSync(path, "utf8").includes("token-from-env"));
  assert.match(gateway.dashboardUrl, /#token=token-from-env$/);
});

test("the port of the environment stands above the config's, a flag above both", async () => {
  const config = "{ gateway: { port: 1 } }";
  const start = options({ config, overrides: { token: "good-token" } });

  await using byEnv = await startGateway({ ...start, env: { ...start.env, MOLTBOT_GATEWAY_PORT: "0" } });

  assert.ok(byEnv.port > 1);
});

// The config file in people's hands (architecture: configuration): edits apply, mistakes never stop the gateway.
import assert from "node:assert/strict";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const INVALID = "the config file is invalid; the last good copy stays in force";
const GOOD = '{ session: { mainKey: "home" } }';

/** Replaces the file as editors do: a new one beside it, then a rename. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.swp`, text);
  renameSync(`${path}.swp`, path);
}

test("an edit applies by itself", async () => {
  await using gateway = await testGateway({ config: GOOD });
  const client = await gateway.connect();

  gateway.writeConfig('{ session: { mainKey: "garden" } }');
  await gateway.logged("config changed");

  const { hello } = await gateway.connect();
  assert.equal(hello.snapshot.sessionDefaults.mainKey, "garden");
  assert.equal((await client.request("last-heartbeat")).ok, true);
});

test("a file that an editor has replaced is still watched", async () => {
  await using gateway = await testGateway({ config: GOOD });
  replaceFile(gateway.configPath, '{ session: { mainKey: "one" } }');
  await gateway.logged("config changed");
  const seen = gateway.log.length;

  replaceFile(gateway.configPath, '{ session: { mainKey: "two" } }');
  await gateway.logged("config changed", seen);

  assert.equal((await gateway.connect()).hello.snapshot.sessionDefaults.mainKey, "two");
});

test("an edit that needs it restarts the gateway in place", async () => {
  await using gateway = await testGateway({ config: GOOD });
  const client = await gateway.connect();
  const seen = gateway.log.length;

  gateway.writeConfig('{ gateway: { allowedHosts: ["gw.example.com"] } }');

  assert.deepEqual(await within(client.closed, "the end"), { code: 1012, reason: "service restart" });
  await gateway.logged("gateway listens", seen);
  assert.equal((await gateway.connect()).hello.type, "hello-ok");
});

test("a mistake leaves the old values in force, is logged with its line, and shown in health", async () => {
  await using gateway = await testGateway({ config: GOOD });
  const client = await gateway.connect();

  gateway.writeConfig('{\n  session: { mainKey: "garden" },\n  gateway: { port: "x" },\n}');
  const { fields, level } = await gateway.logged(INVALID);

  assert.equal(level, "error");
  assert.match(String(fields.problem), /moltbot\.json line 3: gateway\.port must be integer\. Mend that and save\.$/);
  const { config } = await client.call("health", { probe: true });
  assert.equal(config.valid, false);
  assert.match(config.problem, /line 3: gateway\.port must be integer/);
  assert.equal((await gateway.connect()).hello.snapshot.sessionDefaults.mainKey, "home");
});

test("once mended the file applies again", async () => {
  await using gateway = await testGateway({ config: GOOD });
  gateway.writeConfig("{ not json");
  await gateway.logged(INVALID);

  gateway.writeConfig('{ session: { mainKey: "garden" } }');
  await gateway.logged("config changed");

  const { hello } = await gateway.connect();
  assert.equal(hello.snapshot.sessionDefaults.mainKey, "garden");
});

test("a start on an invalid file runs with the last good copy", async () => {
  await using gateway = await testGateway({ config: GOOD });
  await gateway.stop();
  gateway.writeConfig("{ not json");

  await gateway.start();

  assert.equal((await gateway.connect()).hello.snapshot.sessionDefaults.mainKey, "home");
  assert.ok(gateway.sentences.includes(INVALID));
  assert.equal(gateway.readConfig(), "{ not json");
});

test("a file that is deleted while the gateway runs changes nothing", async () => {
  await using gateway = await testGateway({ config: GOOD });
  const client = await gateway.connect();

  rmSync(gateway.configPath);
  await gateway.logged("the config file is gone; the values in force stay");

  assert.equal((await client.request("last-heartbeat")).ok, true);
  assert.equal((await gateway.connect()).hello.snapshot.sessionDefaults.mainKey, "home");
});

test("an unknown setting is a warning with its line, not a mistake", async () => {
  await using gateway = await testGateway({ config: '{\n  session: { mainKee: "home" },\n  chanels: {},\n}' });

  const warnings = gateway.log.filter(({ sentence }) => sentence === "a setting is ignored");

  assert.deepEqual(
    warnings.map(({ level, fields }) => [level, fields.setting, fields.line]),
    [
      ["warn", "session.mainKee", 2],
      ["warn", "chanels", 3],
    ],
  );
});

// An import by a client of a gateway that runs: only folders that were found, only while the other gateway does not run.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";
import { januaryFolder, put } from "../support/other-gateways.ts";

const home = mkdtempSync(join(tmpdir(), "moltbot-older-"));
const folder = join(home, ".clawdbot");
januaryFolder(folder);
const gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }), env: { HOME: home } });
after(async () => {
  await gateway[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});
const admin = () => gateway.connect({ scopes: ["operator.admin"] });

test("a folder that was not found here is not read", async () => {
  const client = await admin();
  const elsewhere = mkdtempSync(join(tmpdir(), "moltbot-elsewhere-"));
  januaryFolder(elsewhere);

  const { folders } = await client.call("import.found", {});
  const refused = await client.request("import.plan", { folder: elsewhere });
  const outside = await client.request("import.apply", { folder: `${folder}/../.clawdbot` });
  rmSync(elsewhere, { recursive: true });

  assert.deepEqual(folders, [folder]);
  assert.deepEqual([refused.error?.code, outside.error?.code], ["INVALID_REQUEST", "INVALID_REQUEST"]);
});

test("who may not administer sees nothing of it", async () => {
  const client = await gateway.connect({ scopes: ["operator.write"] });

  const { error } = await client.request("import.found", {});

  assert.match(error?.message ?? "", /missing scope/);
});

test("a folder whose settings cannot be read is told in a sentence", async () => {
  const broken = join(home, ".openclaw-broken");
  put(broken, "openclaw.json", "{ this is not JSON5");
  const client = await admin();

  const { warnings } = await client.call("import.plan", { folder: broken });
  rmSync(broken, { recursive: true });

  assert.match(warnings.join("\n"), /openclaw\.json/);
  assert.doesNotMatch(warnings.join("\n"), /SyntaxError|JSON5:|at \w+ \(/);
});

test("while something listens on the other gateway's port nothing is taken over", async () => {
  const other = createServer().listen(28_789, "127.0.0.1");
  await once(other, "listening");
  const client = await admin();

  const { error } = await client.request("import.apply", { folder });
  other.close();

  assert.match(error?.message ?? "", /something listens on port 28789, where the other gateway runs; stop it first/);
});

test("it is taken over once, reported without secrets, and taken back", async () => {
  const client = await admin();
  const plan = await client.call("import.plan", { folder });
  const seen = gateway.log.length;
  const { added, report } = await client.call("import.apply", { folder });
  await gateway.logged("gateway listens", seen);

  const next = await admin();
  const second = await next.call("import.plan", { folder });
  const { last } = await next.call("import.found", {});
  const again = gateway.log.length;
  const undone = await next.call("import.undo", {});
  await gateway.logged("gateway listens", again);
  const third = await (await admin()).request("import.undo", {});

  const fresh = (kind: string, of: { counts: { kind: string; fresh: number }[] }) =>
    of.counts.find((each) => each.kind === kind)?.fresh;
  assert.ok(added.sessions > 0);
  assert.equal(added.sessions, fresh("sessions", plan));
  assert.deepEqual([fresh("sessions", second), fresh("jobs", second), last.folder], [0, 0, folder]);
  assert.deepEqual([existsSync(report), statSync(report).mode & 0o777], [true, 0o600]);
  assert.equal(undone.removed.messages, added.sessions);
  assert.match(third.error?.message ?? "", /there is no import to take back/);
});

// gateway.localPairing: whether a new device on the gateway's own machine is paired by the secret alone, or waits.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Home } from "../cli/harness.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";

const ASK = JSON.stringify({ gateway: { localPairing: "ask" } });

test("without the setting a local device with the token is paired at once", async () => {
  await using gateway = await testGateway();

  const { hello } = await gateway.connect({ device: newDeviceKey() });

  assert.match(hello.auth.deviceToken, /^\S{32,}$/);
});

test("with ask a local device waits for approval, and is let in once it is given", async () => {
  await using gateway = await testGateway({ config: ASK });
  const host = hostDevice(gateway.stateDir);
  const device = newDeviceKey();

  const waiting = await gateway.refused({ device, protocol: 4 });
  const operator = await gateway.connect({ device: host });
  await operator.call("device.pair.approve", { requestId: waiting.error?.details?.requestId });
  const { hello } = await gateway.connect({ device, protocol: 4 });

  assert.deepEqual(
    [waiting.error?.code, waiting.error?.details?.reason, waiting.closed.code],
    ["NOT_PAIRED", "not-paired", 1008],
  );
  assert.equal(hello.type, "hello-ok");
});

/** Puts a device's key where the command line of the gateway's own folder keeps its own. */
function hostDevice(stateDir: string) {
  const key = newDeviceKey();
  mkdirSync(join(stateDir, "identity"), { recursive: true, mode: 0o700 });
  writeFileSync(join(stateDir, "identity", "device.json"), JSON.stringify({ version: 1, deviceId: key.id }));
  return key;
}

test("with ask a caller without a device is refused, whatever it says it is", async () => {
  await using gateway = await testGateway({ config: ASK });
  const client = { id: "cli", version: "1", platform: "linux", mode: "cli" };

  const three = await gateway.refused({ client });
  const four = await gateway.refused({ client, protocol: 4 });

  assert.deepEqual(
    [three.error?.message, four.error?.message],
    ["device identity required", "device identity required"],
  );
});

test("with ask the secret without a device opens over HTTP only what the owner has switched on by name", async () => {
  const http = { endpoints: { chatCompletions: { enabled: true } } };
  await using gateway = await testGateway({ config: JSON.stringify({ gateway: { localPairing: "ask", http } }) });
  const ask = async (method: string, path: string, token = gateway.token) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = method === "POST" ? JSON.stringify({ tool: "sessions_list" }) : undefined;
    const answer = await fetch(`${gateway.httpUrl}${path}`, { method, headers, ...(body !== undefined && { body }) });
    return [answer.status, await answer.text()] as const;
  };

  const [status, text] = await ask("POST", "/tools/invoke");
  const [stranger] = await ask("POST", "/tools/invoke", "some other secret");
  const [models] = await ask("GET", "/v1/models");
  const [responses] = await ask("POST", "/v1/responses");

  assert.deepEqual([status, stranger, models, responses], [403, 401, 200, 404]);
  assert.match(text, /localPairing is ask/);
});

test("with ask more scopes and another role wait too", async () => {
  await using gateway = await testGateway({ config: ASK });
  const host = hostDevice(gateway.stateDir);
  const device = newDeviceKey();
  const { error } = await gateway.refused({ device, scopes: ["operator.read"] });
  const operator = await gateway.connect({ device: host });
  await operator.call("device.pair.approve", { requestId: error?.details?.requestId });

  const more = await gateway.refused({ device, scopes: ["operator.read", "operator.admin"], protocol: 4 });
  const node = await gateway.refused({ device: newDeviceKey(), role: "node", protocol: 4 });

  assert.deepEqual([more.error?.details?.reason, node.error?.details?.reason], ["scope-upgrade", "not-paired"]);
});

test("a damaged or foreign key file names no device of the host", async () => {
  await using gateway = await testGateway({ config: ASK });
  hostDevice(gateway.stateDir);
  const other = await gateway.refused({ device: newDeviceKey() });
  writeFileSync(join(gateway.stateDir, "identity", "device.json"), "{");

  const damaged = await gateway.refused({ device: newDeviceKey() });

  assert.deepEqual([other.error?.code, damaged.error?.code], ["NOT_PAIRED", "NOT_PAIRED"]);
});

test("the command line of the gateway's own folder gets in and approves; one with another folder waits", async () => {
  using host = new Home();
  using guest = new Home();
  await host.run(["config", "set", "gateway.localPairing", "ask"]);
  await using gateway = await host.gateway();
  const args = ["health", "--url", gateway.url, "--token", gateway.token];
  await guest.run(["config", "set", "gateway.remote.url", gateway.url]);
  await guest.run(["config", "set", "gateway.remote.token", gateway.token]);
  await guest.run(["config", "set", "gateway.mode", "remote"]);

  const waiting = await guest.run(["health"]);
  const requestId = /devices approve (\S+)`/.exec(waiting.stderr)?.[1] ?? "";
  const approved = await host.run(["devices", "approve", requestId]);
  const letIn = await guest.run(["health"]);
  const elsewhere = await guest.run(args);

  assert.equal(waiting.code, 4, waiting.stderr);
  assert.match(waiting.stderr, /^The gateway must approve this device first\./);
  assert.deepEqual([approved.code, letIn.code, elsewhere.code], [0, 0, 0], approved.stderr + letIn.stderr);
});

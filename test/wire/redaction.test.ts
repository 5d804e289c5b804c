// Secrets and logs (security section 8): over a whole noisy session no secret is in any line, answer or event.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { Frame } from "../support/wire-client.ts";

test("no token, password, key or signature is logged or sent, whoever sent it", async () => {
  const config = `{
    gateway: { auth: { password: "password-of-the-file" } },
    models: { providers: { mine: { baseUrl: "http://127.0.0.1:1/v1", apiKey: "key-of-the-provider" } } },
  }`;
  await using gateway = await testGateway({ config, verbose: true });
  const frames: Frame[] = [];
  const device = newDeviceKey();
  const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };
  const admin = await gateway.connect();
  const paired = await gateway.connect({ device });
  const deviceToken: string = paired.hello.auth.deviceToken;
  let signature = "";

  await gateway.refused({ token: "wrong-token-of-a-client" });
  await gateway.refused({ token: "wrong-token-of-a-client", password: "wrong-password-of-a-client", device });
  await gateway.refused({ device: newDeviceKey() }, remote);
  await gateway.refused({ device, token: "wrong-token-of-a-client", skewMs: 10_000_000 });
  await gateway.refused({
    device,
    spoil: (params) => {
      signature = params.device?.signature ?? "";
      return { ...params, auth: { token: "wrong-token-of-a-client", extra: "wrong-extra-of-a-client" } };
    },
  });
  for (const [method, params] of [
    ["config.get", {}],
    ["config.set", { raw: '{ gateway: { auth: { token: "wrong-token-of-a-client" } } }', baseHash: "x" }],
    ["config.patch", { raw: "{ gateway: { port: 'wrong-token-of-a-client' } }", baseHash: "x" }],
    ["device.pair.list", {}],
    ["health", { probe: true }],
    ["status", {}],
    ["logs.tail", {}],
    ["no.such.method", { token: "wrong-token-of-a-client" }],
  ] as const) {
    await admin.request(method, params);
  }
  admin.send('{"type":"req","id":"x","method":"connect","params":{"auth":{"token":"wrong-token-of-a-client"}}');
  await admin.flushed();
  frames.push(...admin.frames);
  await gateway.stop();

  const secrets = {
    shared: gateway.token!,
    file: "password-of-the-file",
    provider: "key-of-the-provider",
    device: deviceToken,
    signature,
    wrong: "wrong-token-of-a-client",
    wrongPassword: "wrong-password-of-a-client",
    wrongExtra: "wrong-extra-of-a-client",
  };
  const places = {
    lines: JSON.stringify(gateway.log),
    logFile: readFileSync(join(gateway.stateDir, "logs", "gateway.log"), "utf8"),
    frames: JSON.stringify(frames),
  };
  assert.ok(gateway.sentences.includes("connection refused"));
  for (const [place, text] of Object.entries(places)) {
    const found = Object.entries(secrets).filter(([, secret]) => text.includes(secret));
    assert.deepEqual({ place, found }, { place, found: [] });
  }
});

test("text from outside starts no line and moves no cursor in the log", async () => {
  await using gateway = await testGateway({ verbose: true });
  const evil = "x\n2026-01-01 info all is well\u001b[2J\u009b\u2028";

  await gateway.refused(
    { device: newDeviceKey(), client: { displayName: evil, platform: evil } },
    { headers: { "X-Forwarded-For": "203.0.113.9" } },
  );
  await gateway.stop();

  const file = readFileSync(join(gateway.stateDir, "logs", "gateway.log"), "utf8");
  const lines = file.trimEnd().split("\n");
  assert.equal(lines.length, gateway.log.length);
  for (const line of lines) assert.equal(typeof JSON.parse(line).msg, "string");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  assert.doesNotMatch(file, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028]/);
});

test("an answer never says where the gateway's files are, except to an admin", async () => {
  await using gateway = await testGateway();
  const reader = await gateway.connect({ scopes: ["operator.read", "operator.write", "operator.pairing"] });

  for (const method of [
    "health",
    "status",
    "logs.tail",
    "system-presence",
    "sessions.list",
    "agents.list",
    "models.list",
  ]) {
    await reader.request(method);
  }

  const shown = reader.frames.filter(({ id }) => id !== undefined);
  const telling = shown.filter((frame) => JSON.stringify(frame).includes(gateway.stateDir));
  assert.deepEqual(
    telling.map(({ id }) => id),
    [],
  );
});

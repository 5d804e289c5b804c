// The certificate is renewed while the gateway runs: pins of the key stay good, old and new are told, and no connection ends.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import selfsigned from "selfsigned";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { TestGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";

const DAY_MS = 86_400_000;
const RENEWED = "the certificate was renewed";
const trusting = { ws: { rejectUnauthorized: false } };

/** A certificate that ends after so many days of the fake clock. */
async function certificate(days: number) {
  const { cert, private: key } = await selfsigned.generate([{ name: "commonName", value: "moltbot-gateway" }], {
    ...{ keySize: 2048, algorithm: "sha256" },
    notAfterDate: new Date(FAKE_EPOCH + days * DAY_MS),
  });
  return { cert, key };
}

function pinsOf(pem: string) {
  const { fingerprint256, publicKey } = new X509Certificate(pem);
  const key = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
  return { certificate: fingerprint256.replaceAll(":", "").toLowerCase(), key: `spki:${key}` };
}

/** What the port shows to who connects now. */
async function shown(gateway: TestGateway): Promise<ReturnType<typeof pinsOf>> {
  const socket = connect({ port: gateway.port, host: "127.0.0.1", rejectUnauthorized: false });
  await within(once(socket, "secureConnect"), "the TLS handshake");
  const pem = socket.getPeerX509Certificate()?.toString() ?? "";
  socket.destroy();
  return pinsOf(pem);
}

/** A gateway on a fake clock with these files for a certificate, where it keeps its own unless settings name them. */
async function stage({ cert, key }: { cert: string; key: string }, tls: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  const gateway = new TestGateway({ clock, config: JSON.stringify({ gateway: { tls: { enabled: true, ...tls } } }) });
  const folder = join(gateway.stateDir, "gateway", "tls");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "gateway-cert.pem"), cert, { mode: 0o600 });
  writeFileSync(join(folder, "gateway-key.pem"), key, { mode: 0o600 });
  await gateway.start();
  return { gateway, clock, folder };
}

async function pinsTold(gateway: TestGateway) {
  const client = await gateway.connect({ scopes: ["operator.read"] }, trusting);
  const { pins } = await client.call("discovery.status", {});
  client.socket.terminate();
  return pins;
}

test("its own certificate is renewed in its last 30 days without a restart, with the same key", async () => {
  const old = await certificate(30.05);
  const { gateway, clock } = await stage(old);
  await using _gateway = gateway;
  const before = await shown(gateway);
  const skip = gateway.log.length;

  clock.advance(0.1 * DAY_MS);
  await gateway.logged(RENEWED, skip);

  const after = await shown(gateway);
  assert.deepEqual(before, pinsOf(old.cert));
  assert.equal(after.key, before.key);
  assert.notEqual(after.certificate, before.certificate);
});

test("the old pin is told beside the new one for 30 days, also after a restart", async () => {
  const old = await certificate(30.05);
  const { gateway, clock } = await stage(old);
  await using _gateway = gateway;
  const skip = gateway.log.length;
  clock.advance(0.1 * DAY_MS);
  await gateway.logged(RENEWED, skip);

  const both = await pinsTold(gateway);
  await gateway.stop();
  await gateway.start();
  const still = await pinsTold(gateway);
  await gateway.stop();
  clock.advance(29 * DAY_MS);
  await gateway.start();
  const nearTheEnd = await pinsTold(gateway);
  await gateway.stop();
  clock.advance(2 * DAY_MS);
  await gateway.start();
  const one = await pinsTold(gateway);

  const present = await shown(gateway);
  assert.deepEqual(
    both.map(({ since: _since, until: _until, ...pins }: Record<string, unknown>) => pins),
    [pinsOf(old.cert), present],
  );
  assert.equal(both[0].until, both[1].since + 30 * DAY_MS);
  assert.deepEqual([still, nearTheEnd], [both, both]);
  assert.deepEqual(one, [both[1]]);
});

test("a connection stays through it", async () => {
  const { gateway } = await stage(await certificate(30.03));
  await using _gateway = gateway;
  const client = await gateway.connect({ scopes: ["operator.read"] }, trusting);
  const skip = gateway.log.length;

  await gateway.pass(2 * 3_600_000);
  await gateway.logged(RENEWED, skip);
  const health = await client.call("health", {});

  assert.equal(health.ok, true);
});

test("a configured certificate that is replaced is shown without a restart; a broken one is not", async () => {
  const [first, second] = await Promise.all([certificate(400), certificate(400)]);
  const folder = join(dirname(new TestGateway({}).stateDir), "certificates");
  mkdirSync(folder);
  const [certPath, keyPath] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(certPath, first.cert);
  writeFileSync(keyPath, first.key);
  const { gateway, clock } = await stage(first, { certPath, keyPath });
  await using _gateway = gateway;

  writeFileSync(certPath, second.cert);
  clock.advance(2 * 3_600_000);
  await gateway.logged("the certificate cannot be renewed");
  const between = await shown(gateway);
  writeFileSync(keyPath, second.key);
  clock.advance(2 * 3_600_000);
  await gateway.logged(RENEWED);
  const after = await shown(gateway);
  const told = await pinsTold(gateway);

  assert.deepEqual([between, after], [pinsOf(first.cert), pinsOf(second.cert)]);
  assert.deepEqual(
    told.map(({ certificate: of }: { certificate: string }) => of),
    [between.certificate, after.certificate],
  );
});

test("a damaged list of pins is begun anew, and a key that is none is told at the start", async () => {
  const { gateway, folder } = await stage(await certificate(400));
  await using _gateway = gateway;
  const begunAnewFrom = async (text: string) => {
    await gateway.stop();
    writeFileSync(join(folder, "pins.json"), text);
    await gateway.start();
    return await pinsTold(gateway);
  };
  const half = await begunAnewFrom('{"version":1,"pins":[{"certi');
  const [only, ...more] = await begunAnewFrom('{"pins":[7,{"certificate":1}]}');
  await gateway.stop();
  writeFileSync(join(folder, "gateway-cert.pem"), "");
  writeFileSync(join(folder, "gateway-key.pem"), "no key");

  await assert.rejects(gateway.start(), /gateway-cert\.pem is not a PEM certificate/);

  assert.deepEqual([only.key.length, more, half.length], [69, [], 1]);
  assert.ok(readFileSync(join(folder, "pins.json"), "utf8").includes(only.certificate));
});

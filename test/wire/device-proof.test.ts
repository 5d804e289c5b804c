// The device proof on the wire (protocol section 2.3): bound to this connection, and checked before any secret.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FAKE_EPOCH, FakeClock } from "../fakes/clock.ts";
import { deviceKeyOf, newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { ConnectParams, Handshake } from "../support/wire-client.ts";

const MINUTE = 60_000;
const gateway = await testGateway({ clock: new FakeClock() });
after(() => gateway[Symbol.asyncDispose]());

const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };

/** The refusal of a proof: the same words in the answer and in the close. */
function refusal(message: string, code: string) {
  return {
    error: { code: "INVALID_REQUEST", message, details: { code } },
    closed: { code: 1008, reason: message },
  };
}
const EXPIRED = refusal("device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED");
const NONCE_REQUIRED = refusal("device nonce required", "DEVICE_AUTH_NONCE_REQUIRED");
const NONCE_MISMATCH = refusal("device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH");
const INVALID = refusal("device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID");
const IDENTITY = refusal("device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH");
const WEAK = refusal("device public key invalid", "DEVICE_AUTH_PUBLIC_KEY_INVALID");

test("the protocol's version 1 vector opens a local connection", async () => {
  const device = deviceKeyOf(Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)));
  const scopes = ["operator.read", "operator.write"];

  const { hello } = await gateway.connect({
    device,
    scopes,
    spoil: (params) => ({
      ...params,
      device: {
        id: "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c",
        publicKey: "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg",
        signature: "_cv3IaYFdvf-gOb984RHNrXo4eRVWNOylUtzuHESk87AfidLg7iCzoVt519gaNBduvuvZqj3woO6kqqlO4PuAg",
        signedAt: FAKE_EPOCH,
      },
    }),
  });

  assert.deepEqual(hello.auth.scopes, scopes);
});

const ACCEPTED: readonly Handshake[] = [
  { protocol: 3, sign: "v1" },
  { protocol: 3, sign: "v2" },
  { protocol: 3, sign: "v3" },
  { protocol: 4, sign: "v2" },
  { protocol: 4, sign: "v3" },
  { protocol: [3, 4], sign: "v2" },
  { protocol: [3, 4], sign: "v3" },
];
for (const handshake of ACCEPTED) {
  test(`a local device may sign with ${handshake.sign} on protocol ${handshake.protocol}`, async () => {
    const { hello } = await gateway.connect({ ...handshake, device: newDeviceKey() });

    assert.equal(hello.type, "hello-ok");
  });
}

test("from elsewhere a proof needs the nonce", async () => {
  assert.deepEqual(await gateway.refused({ device: newDeviceKey(), sign: "v1" }, remote), NONCE_REQUIRED);
});

test("a nonce of another connection is refused, local or not", async () => {
  const other = await gateway.connectRaw();
  const { nonce } = (await other.nextOf("connect.challenge")).payload;
  const spoil = (params: ConnectParams) => ({ ...params, device: { ...params.device, nonce } });

  assert.deepEqual(await gateway.refused({ device: newDeviceKey(), spoil }), NONCE_MISMATCH);
  assert.deepEqual(await gateway.refused({ device: newDeviceKey(), spoil }, remote), NONCE_MISMATCH);
});

test("a whole connect recorded on one connection does not open another", async () => {
  const device = newDeviceKey();
  let recorded: unknown;
  await gateway.connect({
    device,
    spoil: (params) => {
      recorded = params;
      return params;
    },
  });

  assert.deepEqual(await gateway.refused({ spoil: () => recorded }), NONCE_MISMATCH);
});

const SKEW: readonly [protocol: number, limitMs: number][] = [
  [3, 10 * MINUTE],
  [4, 2 * MINUTE],
];
for (const [protocol, limitMs] of SKEW) {
  test(`on protocol ${protocol} a device's clock may be off by ${limitMs / MINUTE} minutes and no more`, async () => {
    const device = newDeviceKey();

    for (const skewMs of [limitMs, -limitMs]) {
      const { hello } = await gateway.connect({ protocol, device, skewMs });
      assert.equal(hello.type, "hello-ok");
    }
    for (const skewMs of [limitMs + 1, -limitMs - 1]) {
      assert.deepEqual(await gateway.refused({ protocol, device, skewMs }), EXPIRED);
    }
  });
}

const ALTERED: readonly [what: string, spoil: (params: ConnectParams) => ConnectParams][] = [
  ["the client's id", (p) => ({ ...p, client: { ...p.client, id: "test" } })],
  ["the client's mode", (p) => ({ ...p, client: { ...p.client, mode: "ui" } })],
  ["the role", (p) => ({ ...p, role: "node" })],
  ["the scopes", (p) => ({ ...p, scopes: ["operator.admin"] })],
  ["the token", (p) => ({ ...p, auth: { token: "another-token" } })],
  ["the time", (p) => ({ ...p, device: { ...p.device!, signedAt: p.device!.signedAt + 1 } })],
  ["the signature", (p) => ({ ...p, device: { ...p.device!, signature: "A".repeat(86) } })],
];
for (const [what, spoil] of ALTERED) {
  test(`a proof is void when ${what} was changed after signing`, async () => {
    const device = newDeviceKey();

    assert.deepEqual(await gateway.refused({ device, scopes: ["operator.read"], spoil }), INVALID);
  });
}

test("the signature of protocol 4 covers the platform", async () => {
  const spoil = (params: ConnectParams) => ({ ...params, client: { ...params.client, platform: "ios" } });

  assert.deepEqual(await gateway.refused({ protocol: 4, device: newDeviceKey(), spoil }), INVALID);
});

test("the default scopes of the server are no part of what is signed", async () => {
  const { hello } = await gateway.connect({ protocol: 3, device: newDeviceKey() });

  assert.deepEqual(hello.auth.scopes, ["operator.admin"]);
});

test("an id that is not the key's fingerprint is refused", async () => {
  const id = newDeviceKey().id;
  const spoil = (params: ConnectParams) => ({ ...params, device: { ...params.device, id } });

  assert.deepEqual(await gateway.refused({ device: newDeviceKey(), spoil }), IDENTITY);
});

test("a key of small order is refused", async () => {
  const weak = {
    id: "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
    publicKey: Buffer.alloc(32).toString("base64url"),
  };
  const spoil = (params: ConnectParams) => ({ ...params, device: { ...params.device, ...weak } });

  assert.deepEqual(await gateway.refused({ device: newDeviceKey(), spoil }), WEAK);
});

test("a bad proof is told before a bad token", async () => {
  assert.deepEqual(await gateway.refused({ device: newDeviceKey(), token: "wrong", skewMs: 11 * MINUTE }), EXPIRED);
});

test("a good proof does not make up for a bad token", async () => {
  const { error } = await gateway.refused({ device: newDeviceKey(), token: "wrong-token" });

  assert.match(error?.message ?? "", /^unauthorized: gateway token mismatch/);
});

test("the token in protocol 4's signature may be the device's own", async () => {
  const device = newDeviceKey();
  const { hello } = await gateway.connect({ protocol: 4, device, scopes: ["operator.read"] });

  const again = await gateway.connect({
    protocol: 4,
    device,
    token: null,
    deviceToken: hello.auth.deviceToken,
    scopes: ["operator.read"],
  });

  assert.equal(again.hello.auth.method, "device-token");
});

// What `connect` may say (protocol sections 2.2, 2.4 and 12): closed at every level, in both dialects.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { type ConnectParams, connectParams } from "../support/wire-client.ts";

const gateway = await testGateway();
after(() => gateway[Symbol.asyncDispose]());

const device = newDeviceKey();

/** Refused with the validation text, closed with its first 120 bytes. */
function invalid(text: string) {
  const message = `invalid connect params: ${text}`;
  return { error: { code: "INVALID_REQUEST", message }, closed: { code: 1008, reason: message.slice(0, 120) } };
}

const oneOf = (path: string) => `at ${path}: must be equal to constant; at ${path}: must match a schema in anyOf`;

type Spoil = (params: ConnectParams) => unknown;

const REFUSED: readonly [what: string, spoil: Spoil, text: string][] = [
  ["an unknown property", (p) => ({ ...p, extra: 1 }), "at root: unexpected property 'extra'"],
  [
    "an unknown property of client",
    (p) => ({ ...p, client: { ...p.client, extra: 1 } }),
    "at /client: unexpected property 'extra'",
  ],
  [
    "an unknown property of device",
    (p) => ({ ...p, device: { ...p.device, extra: 1 } }),
    "at /device: unexpected property 'extra'",
  ],
  [
    "an unknown property of auth",
    (p) => ({ ...p, auth: { ...p.auth, extra: 1 } }),
    "at /auth: unexpected property 'extra'",
  ],
  [
    "an own __proto__ property",
    () =>
      JSON.parse(
        '{"minProtocol":3,"maxProtocol":3,"client":{"id":"cli","version":"1","platform":"linux","mode":"cli"},"__proto__":{}}',
      ),
    "at root: unexpected property '__proto__'",
  ],
  ["a protocol of 0", (p) => ({ ...p, minProtocol: 0 }), "at /minProtocol: must be >= 1"],
  ["a protocol that is text", (p) => ({ ...p, minProtocol: "3" }), "at /minProtocol: must be integer"],
  ["a protocol that is no integer", (p) => ({ ...p, maxProtocol: 3.5 }), "at /maxProtocol: must be integer"],
  ["an unknown client id", (p) => ({ ...p, client: { ...p.client, id: "ios-node" } }), oneOf("/client/id")],
  ["the client mode operator", (p) => ({ ...p, client: { ...p.client, mode: "operator" } }), oneOf("/client/mode")],
  [
    "an empty version",
    (p) => ({ ...p, client: { ...p.client, version: "" } }),
    "at /client/version: must NOT have fewer than 1 characters",
  ],
  [
    "an empty display name",
    (p) => ({ ...p, client: { ...p.client, displayName: "" } }),
    "at /client/displayName: must NOT have fewer than 1 characters",
  ],
  ["a missing client", ({ client: _, ...p }) => p, "must have required property 'client'"],
  ["an empty scope", (p) => ({ ...p, scopes: [""] }), "at /scopes/0: must NOT have fewer than 1 characters"],
  ["scopes that are text", (p) => ({ ...p, scopes: "operator.admin" }), "at /scopes: must be array"],
  ["a role that is no text", (p) => ({ ...p, role: ["operator"] }), "at /role: must be string"],
  ["an empty role", (p) => ({ ...p, role: "" }), "at /role: must NOT have fewer than 1 characters"],
  ["a token that is no text", (p) => ({ ...p, auth: { token: 1 } }), "at /auth/token: must be string"],
  ["auth that is null", (p) => ({ ...p, auth: null }), "at /auth: must be object"],
  ["a device that is null", (p) => ({ ...p, device: null }), "at /device: must be object"],
  [
    "a negative time of signature",
    (p) => ({ ...p, device: { ...p.device, signedAt: -1 } }),
    "at /device/signedAt: must be >= 0",
  ],
  [
    "an empty nonce",
    (p) => ({ ...p, device: { ...p.device, nonce: "" } }),
    "at /device/nonce: must NOT have fewer than 1 characters",
  ],
  [
    "permissions that are no booleans",
    (p) => ({ ...p, permissions: { camera: "yes" } }),
    "at /permissions/camera: must be boolean",
  ],
  ["params that are an array", () => [], "must be object"],
  ["params that are text", () => "connect", "must be object"],
];
for (const [what, spoil, text] of REFUSED) {
  test(`${what} is refused`, async () => {
    assert.deepEqual(await gateway.refused({ device, spoil }), invalid(text));
  });
}

test("everything that a January client may say is accepted", async () => {
  const client = await gateway.connect({
    device,
    spoil: (params) => ({
      ...params,
      caps: ["canvas"],
      commands: ["canvas.present"],
      permissions: { camera: true },
      pathEnv: "/usr/bin",
      locale: "de-CH",
      userAgent: "test",
    }),
    client: {
      displayName: "Desk",
      deviceFamily: "Mac",
      modelIdentifier: "Mac16,1",
      instanceId: "i-1",
    },
  });

  assert.equal(client.hello.protocol, 3);
});

const NEWER: Spoil = (params) => ({
  ...params,
  client: { ...params.client, buildId: "b1", timeZone: "Europe/Zurich" },
  auth: { ...params.auth, bootstrapToken: "b" },
  computerUse: {},
  workerRuns: {},
  modelCatalog: {},
});

test("what protocol 4 has added is accepted from protocol 4 clients", async () => {
  const client = await gateway.connect({ protocol: 4, device, spoil: NEWER });

  assert.equal(client.hello.protocol, 4);
});

test("what protocol 4 has added is refused from protocol 3 clients", async () => {
  assert.deepEqual(
    await gateway.refused({ protocol: 3, device, spoil: NEWER }),
    invalid(
      "at root: unexpected property 'computerUse'; at root: unexpected property 'workerRuns'; " +
        "at root: unexpected property 'modelCatalog'; at /client: unexpected property 'buildId'; " +
        "at /client: unexpected property 'timeZone'; at /auth: unexpected property 'bootstrapToken'",
    ),
  );
});

test("the first frame of a protocol 4 client may carry tracing, that of a protocol 3 client may not", async () => {
  const frame = (protocol: number) => ({
    type: "req",
    id: "1",
    method: "connect",
    traceparent: "00-ab-cd-01",
    params: connectParams({ protocol }, gateway.token, { nonce: "", ts: 0 }),
  });
  const [four, three] = [await gateway.connectRaw(), await gateway.connectRaw()];

  four.send(frame(4));
  three.send(frame(3));

  assert.equal((await four.answerTo("1")).ok, true);
  assert.deepEqual(await three.closed, { code: 1008, reason: "invalid request frame" });
});

test("protocol 4 wants a nonce in every proof", async () => {
  assert.deepEqual(
    await gateway.refused({ protocol: 4, device, sign: "v1" }),
    invalid("at /device: must have required property 'nonce'"),
  );
});

test("the mode worker belongs to protocol 4", async () => {
  const four = await gateway.connect({ protocol: 4, client: { mode: "worker" } });

  assert.equal(four.hello.type, "hello-ok");
  assert.deepEqual(await gateway.refused({ client: { mode: "worker" } }), invalid(oneOf("/client/mode")));
});

const CLIENT_IDS = [
  ...["webchat-ui", "webchat", "cli", "gateway-client", "node-host", "test", "fingerprint"],
  ...["macos", "ios", "android", "probe"].flatMap((name) =>
    ["moltbot", "clawdbot", "openclaw"].map((brand) => `${brand}-${name}`),
  ),
];
for (const id of CLIENT_IDS) {
  test(`the client id ${id} is known`, async () => {
    const client = await gateway.connect({ client: { id, mode: "test" } });

    assert.equal(client.hello.type, "hello-ok");
  });
}

for (const mode of ["webchat", "cli", "ui", "backend", "node", "probe", "test"]) {
  test(`the client mode ${mode} is known`, async () => {
    const client = await gateway.connect({ client: { id: "test", mode } });

    assert.equal(client.hello.type, "hello-ok");
  });
}

for (const role of ["admin", "Operator", "operator ", "node.host"]) {
  test(`the role ${JSON.stringify(role)} is invalid`, async () => {
    assert.deepEqual(await gateway.refused({ role }), {
      error: { code: "INVALID_REQUEST", message: "invalid role" },
      closed: { code: 1008, reason: "invalid role" },
    });
  });
}

const RANGES: readonly [min: number, max: number, chosen: 3 | 4][] = [
  [3, 3, 3],
  [4, 4, 4],
  [3, 4, 4],
  [1, 3, 3],
  [1, 9, 4],
  [4, 1_000_000, 4],
];
for (const [min, max, chosen] of RANGES) {
  test(`a client of protocols ${min} to ${max} is answered in ${chosen}`, async () => {
    const client = await gateway.connect({ protocol: [min, max] });

    assert.equal(client.hello.protocol, chosen);
  });
}

for (const [min, max] of [
  [1, 2],
  [5, 6],
  [5, 5],
  [4, 3],
  [9, 1],
] as const) {
  test(`protocols ${min} to ${max} do not match`, async () => {
    assert.deepEqual(await gateway.refused({ protocol: [min, max] }), {
      error: {
        code: "INVALID_REQUEST",
        message: "protocol mismatch",
        details: {
          code: "PROTOCOL_MISMATCH",
          clientMinProtocol: min,
          clientMaxProtocol: max,
          expectedProtocol: 4,
          minimumProbeProtocol: 3,
        },
      },
      closed: { code: 1002, reason: "protocol mismatch" },
    });
  });
}

test("a client of a later protocol is told of the mismatch, whatever else it says", async () => {
  const { closed } = await gateway.refused({ protocol: [5, 6], spoil: (params) => ({ ...params, later: true }) });

  assert.deepEqual(closed, { code: 1002, reason: "protocol mismatch" });
});

test("an operator of protocol 3 that asks for no scopes is an admin", async () => {
  const client = await gateway.connect({ protocol: 3 });

  assert.equal((await client.request("config.schema")).ok, true);
});

test("an operator of protocol 4 that asks for no scopes has none", async () => {
  const client = await gateway.connect({ protocol: 4 });

  assert.deepEqual(client.hello.auth, { role: "operator", scopes: [], method: "token" });
  assert.equal((await client.request("health")).error?.message, "missing scope: operator.read");
});

for (const scopes of [["operator.*"], ["*"], ["OPERATOR.ADMIN"], [" operator.admin"], ["operator"], ["admin"]]) {
  test(`the scope ${JSON.stringify(scopes[0])} grants nothing`, async () => {
    const client = await gateway.connect({ scopes });

    assert.equal((await client.request("health")).error?.message, "missing scope: operator.read");
  });
}

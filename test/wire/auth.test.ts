// The gateway's own secret (protocol section 2.7): who knows it, what a refusal says, and who is locked out.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { Handshake } from "../support/wire-client.ts";

const clock = new FakeClock();
const byToken = await testGateway({ clock });
const byPassword = await testGateway({ password: "secret-password" });
const open = await testGateway({ token: null, overrides: { auth: "none" } });
after(() => Promise.all([byToken, byPassword, open].map((gateway) => gateway[Symbol.asyncDispose]())));

const MINUTE = 60_000;

/** A refused secret: the message closes the connection too, and the details say what to do next. */
function unauthorized(kind: "token" | "password", problem: "missing" | "mismatch", hint: string, canRetry = false) {
  const message = `unauthorized: gateway ${kind} ${problem} (${hint})`;
  return {
    error: {
      code: "INVALID_REQUEST",
      message,
      details: {
        code: `AUTH_${kind.toUpperCase()}_${problem.toUpperCase()}`,
        authReason: `${kind}_${problem}`,
        canRetryWithDeviceToken: canRetry,
        recommendedNextStep: problem === "missing" ? "update_auth_configuration" : "update_auth_credentials",
      },
    },
    closed: { code: 1008, reason: message },
  };
}

const device = newDeviceKey();
const ui = { id: "moltbot-control-ui", mode: "ui" };
const app = { id: "moltbot-macos", mode: "ui" };

const TOKEN_CASES: readonly [what: string, handshake: Handshake, expected: unknown][] = [
  [
    "a command line with a wrong token",
    { token: "wrong-token" },
    unauthorized("token", "mismatch", "set gateway.remote.token to match gateway.auth.token"),
  ],
  [
    "a command line with a device and no token",
    { device, token: null },
    unauthorized("token", "missing", "set gateway.remote.token to match gateway.auth.token"),
  ],
  [
    "the control UI with a wrong token",
    { device, token: "wrong-token", client: ui },
    unauthorized("token", "mismatch", "open a tokenized dashboard URL or paste token in Control UI settings", true),
  ],
  [
    "an app with a device and no token",
    { device, token: null, client: app },
    unauthorized("token", "missing", "provide gateway auth token"),
  ],
  [
    "a password where a token is wanted",
    { device, token: null, password: "secret-token", client: app },
    unauthorized("token", "missing", "provide gateway auth token"),
  ],
  [
    "a wrong token beside the right word as password",
    { device, token: "wrong-token", password: "secret-token", client: app },
    unauthorized("token", "mismatch", "provide gateway auth token", true),
  ],
];
for (const [what, handshake, expected] of TOKEN_CASES) {
  test(`in token mode ${what} is refused`, async () => assert.deepEqual(await byToken.refused(handshake), expected));
}

const PASSWORD_CASES: readonly [what: string, handshake: Handshake, expected: unknown][] = [
  [
    "a wrong password",
    { device, password: "wrong-password" },
    unauthorized("password", "mismatch", "set gateway.remote.password to match gateway.auth.password"),
  ],
  [
    "the control UI without password",
    { device, client: ui },
    unauthorized("password", "missing", "enter the password in Control UI settings"),
  ],
  [
    "the password in the token's place",
    { device, token: "secret-password", client: app },
    unauthorized("password", "missing", "provide gateway auth password"),
  ],
];
for (const [what, handshake, expected] of PASSWORD_CASES) {
  test(`in password mode ${what} is refused`, async () =>
    assert.deepEqual(await byPassword.refused(handshake), expected));
}

test("in password mode the password lets a device in", async () => {
  const { hello } = await byPassword.connect({ device, password: "secret-password" });

  assert.equal(hello.auth.role, "operator");
});

test("in protocol 3 a password alone does not make up for a device", async () => {
  const { error } = await byPassword.refused({ password: "secret-password" });

  assert.equal(error?.message, "device identity required");
});

test("in protocol 4 the secret may stand in either field, with a device or without", async () => {
  const handshake = { protocol: 4, scopes: ["operator.read"] };

  const asToken = await byPassword.connect({ ...handshake, token: "secret-password" });
  const asPassword = await byToken.connect({ ...handshake, token: null, password: "secret-token" });

  assert.equal(asToken.hello.auth.method, "password");
  assert.equal(asPassword.hello.auth.method, "token");
});

test("a device token opens the door in password mode too", async () => {
  const { hello } = await byPassword.connect({ device, password: "secret-password" });

  const again = await byPassword.connect({ device, token: hello.auth.deviceToken });

  assert.equal(again.hello.type, "hello-ok");
});

test("with auth switched off a local client needs no secret", async () => {
  const { hello } = await open.connect();

  assert.equal(hello.type, "hello-ok");
});

test("with auth switched off who comes from elsewhere still needs a device and approval", async () => {
  const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };

  assert.equal((await open.refused({}, remote)).error?.message, "device identity required");
  assert.equal((await open.refused({ device: newDeviceKey() }, remote)).error?.message, "pairing required");
});

test("neither token nor password need be of one length with the secret", async () => {
  for (const token of ["s", "secret-toke", "secret-token-", "x".repeat(4096), "é".repeat(100)]) {
    const { error } = await byToken.refused({ device, token });
    assert.equal(error?.details?.code, "AUTH_TOKEN_MISMATCH");
  }
});

test("a token beyond all bounds is refused by the schema", async () => {
  const { error } = await byToken.refused({ token: "x".repeat(4097) });

  assert.equal(error?.message, "invalid connect params: at /auth/token: must NOT have more than 4096 characters");
});

for (const id of ["moltbot-control-ui", "clawdbot-control-ui", "openclaw-control-ui"]) {
  test(`${id} needs a device even with the right token`, async () => {
    const message = "control ui requires HTTPS or localhost (secure context)";

    assert.deepEqual(await byToken.refused({ client: { id, mode: "ui" } }), {
      error: { code: "INVALID_REQUEST", message, details: { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" } },
      closed: { code: 1008, reason: message },
    });
  });
}

test("gateway.controlUi.allowInsecureAuth lets the local control UI in without a device", async () => {
  await using gateway = await testGateway({ config: "{ gateway: { controlUi: { allowInsecureAuth: true } } }" });

  const { hello } = await gateway.connect({ client: ui });

  assert.equal(hello.type, "hello-ok");
  assert.equal((await gateway.refused({ client: ui, token: "wrong-token" })).error?.code, "INVALID_REQUEST");
});

const HELPERS: readonly [what: string, client: Record<string, string>, scopes: string[]][] = [
  ["a command line", { id: "cli", mode: "cli" }, ["operator.admin"]],
  ["the gateway's own helper", { id: "gateway-client", mode: "backend" }, ["operator.admin"]],
  ["an app", { id: "openclaw-macos", mode: "ui" }, []],
];
for (const [what, client, scopes] of HELPERS) {
  test(`in protocol 4 ${what} without a device gets ${scopes.length === 0 ? "no scopes" : "what it asked for"}`, async () => {
    const { hello } = await byToken.connect({ protocol: 4, client, scopes: ["operator.admin"] });

    assert.deepEqual(hello.auth.scopes, scopes);
  });
}

test("who fails ten times from elsewhere is locked out for five minutes, even with the right token", async () => {
  await using gateway = await testGateway({
    clock: new FakeClock(),
    config: '{ gateway: { trustedProxies: ["127.0.0.1"] } }',
  });
  const from = (address: string) => ({ headers: { "X-Forwarded-For": address } });
  for (let i = 0; i < 10; i++) await gateway.refused({ device, token: `wrong-${i}` }, from("203.0.113.9"));

  const locked = await gateway.refused({ device }, from("203.0.113.9"));
  const other = await gateway.refused({ device }, from("203.0.113.10"));
  await gateway.pass(5 * MINUTE);
  const later = await gateway.refused({ device }, from("203.0.113.9"));

  assert.deepEqual(locked.error, {
    code: "INVALID_REQUEST",
    message: "unauthorized: too many failed authentication attempts (retry later)",
    retryable: true,
    retryAfterMs: 5 * MINUTE,
    details: { code: "AUTH_RATE_LIMITED" },
  });
  assert.equal(other.error?.message, "pairing required");
  assert.equal(later.error?.message, "pairing required");
});

test("a local program is never locked out", async () => {
  for (let i = 0; i < 30; i++) await byToken.refused({ token: `wrong-${i}` });

  const { hello } = await byToken.connect();

  assert.equal(hello.type, "hello-ok");
});

test("a hostile local page locks itself out, and neither the owner's page nor the owner's programs", async () => {
  const page = { headers: { Origin: "http://localhost:5173" } };
  for (let i = 0; i < 10; i++) await byToken.refused({ device, token: `wrong-${i}` }, page);

  const locked = await byToken.refused({ device }, page);
  const program = await byToken.connect({ device });
  const own = await byToken.connect({ device }, { headers: { Origin: byToken.httpUrl } });

  assert.equal(locked.error?.details?.code, "AUTH_RATE_LIMITED");
  assert.equal(own.hello.type, "hello-ok");
  assert.equal(program.hello.type, "hello-ok");
});

test("a hostile local page locks out itself alone: not the owner's page, nor a page from another port", async () => {
  await using gateway = await testGateway({ clock: new FakeClock() });
  const from = (origin: string) => ({ headers: { Origin: origin } });
  for (let i = 0; i < 12; i++) await gateway.refused({ device, token: `wrong-${i}` }, from("http://localhost:5173"));

  const hostile = await gateway.refused({ device }, from("http://localhost:5173"));
  const own = await gateway.connect({ device }, from(`http://127.0.0.1:${gateway.port}`));
  const other = await gateway.connect({ device }, from("http://localhost:3000"));

  assert.equal(hostile.error?.details?.code, "AUTH_RATE_LIMITED");
  assert.deepEqual([own.hello.type, other.hello.type], ["hello-ok", "hello-ok"]);
});

test("who comes from elsewhere gets no new tries by claiming another origin", async () => {
  await using gateway = await testGateway({
    clock: new FakeClock(),
    config: '{ gateway: { trustedProxies: ["127.0.0.1"], controlUi: { allowedOrigins: ["https://ui.example.com"] } } }',
  });
  const from = (origin: string) => ({ headers: { Origin: origin, "X-Forwarded-For": "203.0.113.9" } });
  for (let i = 0; i < 10; i++)
    await gateway.refused({ device, token: `wrong-${i}` }, from(`http://127.0.0.${i + 1}:${gateway.port}`));

  const again = await gateway.refused({ device }, from(`http://127.0.0.99:${gateway.port}`));
  const owner = await gateway.refused({ device }, from("https://ui.example.com"));

  assert.equal(again.error?.details?.code, "AUTH_RATE_LIMITED");
  assert.equal(owner.error?.message, "pairing required");
});

test("a forged X-Forwarded-For does not give a stranger a new source for each attempt", async () => {
  for (let i = 0; i < 10; i++) {
    await byToken.refused({ device, token: `wrong-${i}` }, { headers: { "X-Forwarded-For": `198.51.100.${i}` } });
  }

  const { error } = await byToken.refused({ device }, { headers: { "X-Forwarded-For": "198.51.100.99" } });

  assert.equal(error?.details?.code, "AUTH_RATE_LIMITED");
});

test("a missing token is no failed attempt", async () => {
  await using gateway = await testGateway();
  const remote = { headers: { "X-Forwarded-For": "203.0.113.9" } };
  for (let i = 0; i < 12; i++) await gateway.refused({ device, token: null }, remote);

  const { error } = await gateway.refused({ device }, remote);

  assert.equal(error?.message, "pairing required");
});

// Users whom Tailscale names: what must fit together before one is let in without the secret, and what counts for nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeTailscale } from "../fakes/tailscale.ts";
import { FakeTailscaled, peer } from "../fakes/tailscaled.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { within } from "../support/time-limit.ts";
import { type Handshake, WireClient } from "../support/wire-client.ts";

const ACTIVE = "Tailscale brings others to this gateway";
const HOME = "box.tail1.ts.net";
const PHONE = "100.64.0.9";
const LAPTOP = "100.64.0.10";

/** What serve adds to a request of Ann's phone. */
const ANN = {
  host: HOME,
  "x-forwarded-for": PHONE,
  "x-forwarded-host": HOME,
  "x-forwarded-proto": "https",
  "tailscale-user-login": "ann@example.com",
  "tailscale-user-name": "Ann",
};

/** A gateway behind serve that lets users of the tailnet in, and the daemon that knows Ann's phone and Bob's laptop. */
async function stage(gatewaySettings: Record<string, unknown> = {}) {
  const tailscale = new FakeTailscale();
  const daemon = await new FakeTailscaled().listen();
  daemon.people.set(PHONE, peer("Ann@example.com", PHONE));
  daemon.people.set(LAPTOP, peer("bob@example.com", LAPTOP));
  const config = JSON.stringify({
    gateway: {
      auth: { allowTailscale: true },
      ...gatewaySettings,
      tailscale: { mode: "serve", socket: daemon.socket },
    },
  });
  const gateway = await testGateway({ config, env: tailscale.env });
  await gateway.logged(ACTIVE);
  const site = Object.values(tailscale.claim?.Web ?? {})[0] as { Handlers: { "/": { Proxy: string } } };
  return {
    ...{ gateway, daemon, target: site.Handlers["/"].Proxy },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
      tailscale[Symbol.dispose]();
    },
  };
}

/** Connects as what comes out of serve does, and shakes hands. */
async function through(target: string, headers: Record<string, string | string[]>, handshake: Handshake = {}) {
  using client = new WireClient(target.replace(/^http/, "ws"), { ws: { headers: headers as Record<string, string> } });
  await client.opened();
  return await client.shakeHands({ protocol: 4, device: newDeviceKey(), token: null, ...handshake });
}

/** Approves the device of a refusal. */
async function approve(gateway: TestGateway, requestId: unknown) {
  const operator = await gateway.connect();
  await operator.call("device.pair.approve", { requestId });
}

test("a user whom tailscaled names needs no secret; the device waits for approval, and is seen with its address", async () => {
  await using all = await stage();
  const { gateway, daemon, target } = all;
  const device = newDeviceKey();

  const waiting = await through(target, ANN, { device });
  const operator = await gateway.connect();
  const { pending } = await operator.call("device.pair.list", {});
  await approve(gateway, waiting.error?.details?.requestId);
  const letIn = await through(target, ANN, { device });

  assert.equal(waiting.error?.details?.code, "PAIRING_REQUIRED", JSON.stringify(waiting));
  assert.deepEqual(
    pending.map(({ deviceId, remoteIp }: { deviceId: string; remoteIp: string }) => [deviceId, remoteIp]),
    [[device.id, PHONE]],
  );
  assert.deepEqual([letIn.ok, letIn.payload?.auth?.method], [true, "tailscale"]);
  assert.deepEqual(daemon.asked, [`${PHONE}:0`]);
});

test("the listener that serve is told is another one than the gateway's port", async () => {
  await using all = await stage();
  const { gateway, target } = all;

  const client = await gateway.connect({ scopes: ["operator.read"] });
  const status = await client.call("tailscale.status", {});

  assert.notEqual(Number(new URL(target).port), gateway.port);
  assert.equal(new URL(target).hostname, "127.0.0.1");
  assert.equal(status.identity, true);
});

test("on the gateway's own port every header counts for nothing, and nobody is asked about it", async () => {
  await using all = await stage();
  const { gateway, daemon } = all;

  const { error } = await gateway.refused({ device: newDeviceKey(), token: null, protocol: 4 }, { headers: ANN });

  assert.match(error?.message ?? "", /^unauthorized: gateway token missing/);
  assert.deepEqual(daemon.asked, []);
});

const without = (name: keyof typeof ANN) => Object.fromEntries(Object.entries(ANN).filter(([each]) => each !== name));

const DOUBTS: readonly [string, Record<string, string | string[]>][] = [
  ["another user is claimed than tailscaled names", { ...ANN, "tailscale-user-login": "bob@example.com" }],
  ["the address is another user's", { ...ANN, "x-forwarded-for": LAPTOP }],
  ["nobody has the address", { ...ANN, "x-forwarded-for": "100.64.0.99" }],
  ["the address is none of the tailnet", { ...ANN, "x-forwarded-for": "127.0.0.1" }],
  ["the address has a port", { ...ANN, "x-forwarded-for": `${PHONE}:80` }],
  ["the address is more than one", { ...ANN, "x-forwarded-for": `${PHONE}, 100.64.0.1` }],
  ["the address comes in two headers", { ...ANN, "x-forwarded-for": ["100.64.0.1", PHONE] }],
  ["the user comes in two headers", { ...ANN, "tailscale-user-login": ["bob@example.com", "ann@example.com"] }],
  ["the address holds words for tailscaled", { ...ANN, "x-forwarded-for": "fd7a:115c:a1e0::1&addr=100.64.0.9" }],
  ["there is no address", without("x-forwarded-for")],
  ["there is no user", without("tailscale-user-login")],
  ["the request came through funnel", { ...ANN, "tailscale-funnel-request": "?1" }],
  ["another proxy adds who it was for", { ...ANN, forwarded: `for=${PHONE}` }],
];
test("where anything does not fit, the secret is asked for", async (context) => {
  await using all = await stage();
  const { target } = all;
  for (const [doubt, headers] of DOUBTS) {
    await context.test(doubt, async () => {
      const { error } = await through(target, headers);

      assert.match(error?.message ?? "granted", /^unauthorized: gateway token missing/);
    });
  }
});

const ANSWERS: readonly [string, unknown][] = [
  ["a machine with a tag", peer("ann@example.com", PHONE, { Tags: ["tag:server"] })],
  ["the user of all machines with tags", peer("tagged-devices", PHONE)],
  ["tags that cannot be read", peer("ann@example.com", PHONE, { Tags: "tag:server" })],
  ["a node with another address", peer("ann@example.com", "100.64.0.77")],
  ["nobody", {}],
  ["a list", []],
  ["a login that is no text", { Node: {}, UserProfile: { LoginName: 7 } }],
  ["a user without a node", { UserProfile: { LoginName: "ann@example.com" } }],
];
test("where tailscaled answers with something else, the secret is asked for", async (context) => {
  await using all = await stage();
  const { target, daemon } = all;
  let last = 20;
  for (const [what, answer] of ANSWERS) {
    await context.test(what, async () => {
      const address = `100.64.0.${last++}`;
      const isOther = JSON.stringify(answer).includes("100.64.0.77");
      const told = isOther ? answer : JSON.parse(JSON.stringify(answer).replaceAll(PHONE, address));
      daemon.people.set(address, told);
      const { error } = await through(target, { ...ANN, "x-forwarded-for": address });

      assert.match(error?.message ?? "granted", /^unauthorized: gateway token missing/);
    });
  }
});

test("a tailscaled that is away, slow, endless or talks nonsense lets nobody in and holds nobody up", async (context) => {
  await using all = await stage();
  const { target, daemon, gateway } = all;
  const faults: [string, NonNullable<FakeTailscaled["behave"]>][] = [
    ["nonsense", (response) => response.end("<html>no</html>")],
    ["an error", (response) => response.writeHead(500).end("boom")],
    ["half an answer", (response) => response.writeHead(200, { "Content-Length": "100" }).end('{"Node":')],
    ["an endless answer", (response) => response.end(" ".repeat(2_000_000))],
    ["a closed connection", (response) => response.destroy()],
    ["silence", () => undefined],
  ];
  let last = 40;
  const ask = () => through(target, { ...ANN, "x-forwarded-for": `100.64.0.${last++}` });
  for (const [name, behave] of faults) {
    await context.test(name, async () => {
      daemon.behave = behave;
      const { error } = await within(ask(), "the answer");

      assert.match(error?.message ?? "granted", /^unauthorized: gateway token missing/);
    });
  }
  await context.test("away", async () => {
    await daemon.close();
    const { error } = await ask();
    const local = await gateway.connect();

    assert.match(error?.message ?? "granted", /^unauthorized: gateway token missing/);
    assert.equal(local.hello.type, "hello-ok");
  });
});

test("a secret that is shown is judged, whoever the user is", async () => {
  await using all = await stage();
  const { target } = all;

  const wrong = await through(target, ANN, { token: "wrong-token" });
  const right = await through(target, ANN, { token: "secret-token" });

  assert.match(wrong.error?.message ?? "", /^unauthorized: gateway token mismatch/);
  assert.equal(right.error?.details?.code, "PAIRING_REQUIRED");
});

test("nobody is local there: neither a program that calls that port itself nor a client without a device", async () => {
  await using all = await stage();
  const { target } = all;

  const direct = await through(target, {}, { token: "secret-token" });
  const deviceless = await through(target, ANN, { spoil: ({ device: _device, ...others }) => others });

  assert.equal(direct.error?.details?.code, "PAIRING_REQUIRED");
  assert.equal(deviceless.error?.message, "device identity required");
});

test("a page of another origin is refused, also in the browser of a user whom Tailscale names", async () => {
  await using all = await stage();

  const { error } = await through(all.target, { ...ANN, origin: "https://evil.example.com" });

  assert.equal(error?.details?.code, "CONTROL_UI_ORIGIN_NOT_ALLOWED");
});

test("the HTTP API keeps the bearer token there", async () => {
  await using all = await stage({ http: { endpoints: { chatCompletions: { enabled: true } } } });
  const { host: _host, ...headers } = ANN;

  const answer = await fetch(`${all.target}/v1/chat/completions`, { method: "POST", headers, body: "{}" });

  assert.equal(answer.status, 401);
});

test("without allowTailscale serve brings callers to the gateway's own port, where they show the secret", async () => {
  await using all = await stage({ auth: {} });
  const { target, gateway, daemon } = all;

  const { error } = await through(target, ANN);

  assert.equal(Number(new URL(target).port), gateway.port);
  assert.match(error?.message ?? "", /^unauthorized/);
  assert.deepEqual(daemon.asked, []);
});

// Tailscale in front of the gateway: a claim that ends with it, reasons where there is none, and no trust in headers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Home } from "../cli/harness.ts";
import { FakeTailscale } from "../fakes/tailscale.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";

const ACTIVE = "Tailscale brings others to this gateway";
const FAILED = "Tailscale does not bring others to this gateway";

function configOf(tailscale: Record<string, unknown>, gateway: Record<string, unknown> = {}): string {
  return JSON.stringify({ gateway: { tailscale, ...gateway } });
}

async function statusOf(gateway: TestGateway) {
  const client = await gateway.connect({ scopes: ["operator.read"] });
  return await client.call("tailscale.status", {});
}

test("serve claims the tailnet name for this gateway, and a stop ends the claim", async () => {
  using tailscale = new FakeTailscale();
  await using gateway = await testGateway({ config: configOf({ mode: "serve" }), env: tailscale.env });
  await gateway.logged(ACTIVE);

  const { claim } = tailscale;
  const status = await statusOf(gateway);
  const page = await fetch(`${gateway.httpUrl}/`, { headers: { "x-forwarded-for": "100.64.0.9" } });
  await gateway.stop();

  assert.deepEqual(
    [claim?.mode, claim?.Web],
    ["serve", { "box.tail1.ts.net:443": { Handlers: { "/": { Proxy: originOf(page.url) } } } }],
  );
  assert.deepEqual(status, { mode: "serve", state: "active", url: "https://box.tail1.ts.net" });
  assert.equal(tailscale.claim, undefined);
});

/** The origin that a page came from. */
function originOf(url: string): string {
  return new URL(url).origin;
}

test("a gateway that is killed takes its claim along", async () => {
  using tailscale = new FakeTailscale();
  using home = new Home();
  await home.run(["config", "set", "gateway.tailscale.mode", "serve"]);
  const gateway = await home.gateway([], tailscale.env);
  while (tailscale.claim === undefined) await new Promise((resolve) => setTimeout(resolve, 50));

  await gateway.end("SIGKILL");
  while (tailscale.claim !== undefined) await new Promise((resolve) => setTimeout(resolve, 50));

  assert.equal(tailscale.claim, undefined);
});

test("while it stands, invitations name the tailnet address", async () => {
  using tailscale = new FakeTailscale();
  await using gateway = await testGateway({ config: configOf({ mode: "serve", port: 8443 }), env: tailscale.env });
  await gateway.logged(ACTIVE);
  const client = await gateway.connect({ scopes: ["operator.admin"] });

  const { addresses } = await client.call("device.invite", {});

  assert.deepEqual(addresses[0], { origin: "https://box.tail1.ts.net:8443", reach: "tailnet" });
});

test("a header that names a Tailscale user opens nothing and makes nobody local", async () => {
  using tailscale = new FakeTailscale();
  await using gateway = await testGateway({ config: configOf({ mode: "serve" }), env: tailscale.env });
  await gateway.logged(ACTIVE);
  const headers = { "tailscale-user-login": "ann@example.com", "x-forwarded-for": "100.64.0.9" };

  const without = await gateway.refused({ device: newDeviceKey(), token: null }, { headers });
  const withSecret = await gateway.refused({ device: newDeviceKey() }, { headers });

  assert.match(without.error?.message ?? "", /^unauthorized/);
  assert.equal(withSecret.error?.code, "NOT_PAIRED");
});

const REASONS: [
  string,
  (tailscale: FakeTailscale) => void,
  Record<string, unknown>,
  Record<string, unknown>,
  RegExp,
][] = [
  [
    "it is not signed in",
    (each) => {
      each.state = "NeedsLogin";
    },
    { mode: "serve" },
    {},
    /run tailscale up/,
  ],
  [
    "it is stopped",
    (each) => {
      each.state = "Stopped";
    },
    { mode: "serve" },
    {},
    /Tailscale does not run/,
  ],
  [
    "another program serves there",
    (each) => {
      each.others = { Web: { "box.tail1.ts.net:443": { Handlers: { "/": { Proxy: "http://127.0.0.1:3000" } } } } };
    },
    { mode: "serve" },
    {},
    /another program serves https:\/\/box\.tail1\.ts\.net:443 already/,
  ],
  [
    "funnel is not enabled",
    (each) => {
      each.refusal =
        "Funnel is not enabled on your tailnet.\nTo enable, visit:\n  https://login.tailscale.com/f/funnel?node=x\n";
    },
    { mode: "funnel" },
    {},
    /tailscale funnel made no claim: Funnel is not enabled on your tailnet\. To enable, visit: https:\/\/login\.tailscale\.com/,
  ],
  [
    "funnel would open a gateway without a secret",
    () => {},
    { mode: "funnel" },
    { auth: { mode: "none" } },
    /funnel opens the gateway to everyone/,
  ],
];
for (const [name, arrange, settings, more, reason] of REASONS) {
  test(`where ${name}, the status says so and the gateway works on`, async () => {
    using tailscale = new FakeTailscale();
    arrange(tailscale);
    const isOpen = "auth" in more;
    await using gateway = await testGateway({
      ...{ config: configOf(settings, more), env: tailscale.env },
      ...(isOpen && { token: null }),
    });
    await gateway.logged(FAILED);

    const status = await statusOf(gateway);

    assert.equal(status.state, "failed");
    assert.match(status.reason, reason);
    assert.equal(tailscale.claim, undefined);
  });
}

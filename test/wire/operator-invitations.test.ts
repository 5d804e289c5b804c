// Codes by which one new device becomes an operator: what they open, and what they do not.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock });
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ scopes: ["operator.admin"] });
/** A proxy in front: the caller is somewhere else. */
const REMOTE = { headers: { "x-forwarded-for": "203.0.113.9" } };

async function newCode(): Promise<string> {
  const { payload } = await admin.request("device.invite", {});
  return payload.code;
}

function newcomer(code: string, role: "operator" | "node" = "operator") {
  const scopes = role === "operator" ? ["operator.admin"] : [];
  return { device: newDeviceKey(), protocol: 4 as const, role, scopes, invitation: code };
}

test("a code lets a new device in from elsewhere, which gets a token of its own", async () => {
  const device = newDeviceKey();

  const first = await gateway.connect({ ...newcomer(await newCode()), device }, REMOTE);
  const { deviceToken } = first.hello.auth;
  const again = await gateway.connect({ device, scopes: ["operator.admin"], token: deviceToken }, REMOTE);

  assert.deepEqual((await again.request("device.pair.list", {})).ok, true);
});

test("a code is good for one device, for ten minutes, and for an operator only", async () => {
  const used = await newCode();
  await gateway.connect(newcomer(used), REMOTE);
  const asNode = await newCode();
  const old = await newCode();

  const second = await gateway.refused(newcomer(used), REMOTE);
  const node = await gateway.refused(newcomer(asNode, "node"), REMOTE);
  await gateway.pass(10 * 60_000 + 1);
  const late = await gateway.refused(newcomer(old), REMOTE);

  assert.deepEqual(
    [second, node, late].map(({ error }) => error?.message),
    [
      "this invitation has been used; make a new one on the gateway: moltbot gateway link",
      "this invitation is not valid; make a new one on the gateway: moltbot nodes invite",
      "this invitation has expired; make a new one on the gateway: moltbot gateway link",
    ],
  );
});

test("an invitation for a node makes nobody an operator", async () => {
  const { payload } = await admin.request("node.invite", {});
  const invite = new URLSearchParams(new URL(payload.url).hash.slice(1)).get("invite") ?? "";

  const { error } = await gateway.refused(newcomer(invite), REMOTE);

  assert.match(error?.message ?? "", /^this invitation is not valid/);
});

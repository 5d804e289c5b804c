// Invitations on the wire: one link lets one new device in as a node, with the commands of a page, for ten minutes.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { FakeClock } from "../fakes/clock.ts";
import { type DeviceKey, newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import type { Handshake } from "../support/wire-client.ts";

const clock = new FakeClock();
const gateway = await testGateway({ clock, verbose: true });
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

const COMMANDS = ["camera.snap", "device.status"];

async function invited(displayName?: string): Promise<string> {
  const { url } = await admin.call("node.invite", displayName === undefined ? {} : { displayName });
  return new URLSearchParams(new URL(url).hash.slice(1)).get("invite")!;
}

function page(device: DeviceKey, invitation: string | undefined, commands: readonly string[] = COMMANDS): Handshake {
  return {
    ...{ device, role: "node", protocol: 4 },
    ...(invitation !== undefined && { invitation }),
    spoil: (params) => ({ ...params, commands: [...commands] }),
    client: { id: "moltbot-web-node", mode: "node", platform: "web", displayName: "Firefox" },
  };
}

const described = (device: DeviceKey) => admin.call("node.describe", { nodeId: device.id });

test("an invitation lets a page in, approves its commands and names it", async () => {
  const device = newDeviceKey();
  const before = clock.now();
  const invitation = await admin.call("node.invite", { displayName: "phone" });
  const { hash, origin, pathname, search } = new URL(invitation.url);
  const node = await gateway.connect(page(device, new URLSearchParams(hash.slice(1)).get("invite")!));

  const shown = await described(device);

  assert.deepEqual([origin, pathname, search], [gateway.httpUrl, "/node", ""]);
  assert.match(hash, /^#invite=[\w-]{43}&name=phone$/);
  assert.equal(invitation.expiresAtMs, before + 600_000);
  assert.deepEqual(invitation.addresses, [{ url: invitation.url, reach: "here", isSecure: true }]);
  assert.equal(node.hello.auth.role, "node");
  assert.ok(node.hello.auth.deviceToken);
  assert.deepEqual(
    [shown.displayName, shown.commands, shown.approvalState, shown.platform],
    ["phone", COMMANDS, "approved", "web"],
  );
});

test("an invitation is good for one device, which may show it again until it was revoked", async () => {
  const device = newDeviceKey();
  const invitation = await invited();
  await gateway.connect(page(device, invitation));

  const other = await gateway.refused(page(newDeviceKey(), invitation));
  const again = await gateway.connect(page(device, invitation));
  await admin.call("node.pair.remove", { nodeId: device.id });
  const { code } = await again.closed;
  const revoked = await gateway.refused(page(device, invitation));
  const fresh = await gateway.connect(page(device, await invited()));

  const words = "this invitation has been used; make a new one on the gateway: moltbot nodes invite";
  assert.deepEqual([other.error?.message, other.closed.code], [words, 1008]);
  assert.deepEqual(other.error?.details, {
    code: "AUTH_BOOTSTRAP_TOKEN_INVALID",
    authReason: "invitation_used",
  });
  assert.equal(code, 4001);
  assert.equal(revoked.error?.message, words);
  assert.ok(fresh.hello.auth.deviceToken);
  assert.deepEqual((await described(device)).commands, COMMANDS);
});

test("an invitation ends after ten minutes, and a guessed one lets nobody in", async () => {
  const invitation = await invited();
  await gateway.pass(600_000);

  const late = await gateway.refused(page(newDeviceKey(), invitation));
  const guessed = await gateway.refused(page(newDeviceKey(), "guess".repeat(8)));

  assert.match(late.error?.message ?? "", /^this invitation has expired; make a new one/);
  assert.match(guessed.error?.message ?? "", /^this invitation is not valid; make a new one/);
});

test("an invitation makes no operator, and approves no command that runs programs", async () => {
  const device = newDeviceKey();
  const wanted = ["camera.snap", "system.run"];
  await gateway.connect(page(device, await invited(), wanted));
  const asOperator = await gateway.refused({
    ...page(newDeviceKey(), await invited()),
    ...{ role: "operator", scopes: ["operator.admin"] },
  });

  const { commands, approvalState } = await described(device);

  assert.deepEqual([commands, approvalState], [["camera.snap"], "pending-reapproval"]);
  assert.match(asOperator.error?.message ?? "", /^this invitation is not valid/);
});

test("a device whose request waits is let in by an invitation, and its request is gone", async () => {
  const device = newDeviceKey();
  const far = { headers: { "x-forwarded-for": "203.0.113.9" } };
  const waiting = await gateway.refused({ ...page(device, undefined) }, far);
  await gateway.connect(page(device, await invited()), far);

  const { pending } = await admin.call("device.pair.list", {});

  assert.equal(waiting.error?.code, "NOT_PAIRED");
  assert.deepEqual(
    pending.filter(({ deviceId }: { deviceId: string }) => deviceId === device.id),
    [],
  );
});

test("invitations need the rights for which they stand, and at most 16 wait", async () => {
  const pairing = await gateway.connect({ protocol: 4, scopes: ["operator.pairing"] });
  const writer = await gateway.connect({ protocol: 4, scopes: ["operator.pairing", "operator.write"] });
  await gateway.pass(600_000);

  const refused = await pairing.request("node.invite", {});
  for (let i = 0; i < 16; i++) await writer.call("node.invite", {});
  const many = await writer.request("node.invite", {});

  assert.equal(refused.error?.message, "missing scope: operator.write");
  assert.equal(many.error?.message, "16 invitations wait already; use one, or try again later");
  assert.equal(many.error?.code, "UNAVAILABLE");
});

test("who guesses invitations from a page is locked out", async () => {
  const from = { headers: { origin: gateway.httpUrl } };
  const errors: (string | undefined)[] = [];
  for (let i = 0; i < 12; i++)
    errors.push((await gateway.refused(page(newDeviceKey(), `guess-${i}`), from)).error?.message);

  assert.match(errors.at(-1) ?? "", /too many failed authentication attempts/);
  assert.match(errors[0] ?? "", /not valid/);
});

test("no secret of an invitation is in the log", async () => {
  const device = newDeviceKey();
  await gateway.pass(600_000);
  const invitation = await invited();
  await gateway.connect(page(device, invitation));
  await gateway.refused(page(newDeviceKey(), invitation));

  const lines = JSON.stringify(gateway.log);

  assert.ok(lines.includes(device.id.slice(0, 12)));
  assert.ok(!lines.includes(invitation));
});

test("a gateway that serves no pages makes no invitations, and says what to switch on", async () => {
  const config = JSON.stringify({ gateway: { controlUi: { enabled: false } } });
  await using bare = await testGateway({ config });
  const owner = await bare.connect({ protocol: 4, scopes: ["operator.admin"] });

  const { error } = await owner.request("node.invite", {});

  assert.deepEqual(
    [error?.code, error?.message],
    ["UNAVAILABLE", "the page of nodes is switched off; set gateway.controlUi.enabled to true"],
  );
});

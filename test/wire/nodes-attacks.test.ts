// What strangers try with invitations and what nodes try beyond their rights.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type DeviceKey, newDeviceKey } from "../support/device-key.ts";
import { testGateway } from "../support/gateway.ts";
import { type Handshake, WireClient } from "../support/wire-client.ts";

const gateway = await testGateway({ verbose: true, config: JSON.stringify({ canvasHost: { port: 0 } }) });
after(() => gateway[Symbol.asyncDispose]());
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

async function secretOf(displayName: string): Promise<string> {
  const { url } = await admin.call("node.invite", { displayName });
  return new URLSearchParams(new URL(url).hash.slice(1)).get("invite")!;
}

interface Guest {
  readonly device?: DeviceKey;
  readonly commands?: readonly string[];
  readonly platform?: string;
  readonly protocol?: 3 | 4;
  readonly role?: "node" | "operator";
}

/** Knocks with an invitation and nothing else. */
async function knock(
  invitation: string,
  { device = newDeviceKey(), commands = ["camera.snap"], platform = "web", protocol = 4, role = "node" }: Guest = {},
) {
  const client = new WireClient(gateway.url, {});
  const handshake: Handshake = {
    ...{ device, role, protocol, invitation },
    spoil: (params) => ({ ...params, commands: [...commands] }),
    client: { id: "moltbot-web-node", mode: "node", platform, displayName: "guest" },
  };
  const { ok, error, payload } = await client.shakeHands(handshake);
  return { client, device, ok, error, payload };
}

for (const platform of ["linux", "darwin", "web", "made-up"])
  test(`an invitation approves the commands of pages alone for what calls itself ${platform}`, async () => {
    const wanted = [
      "system.run",
      "system.execApprovals.set",
      "browser.proxy",
      "file.write",
      "sms.send",
      "device.status",
    ];

    const { ok, device } = await knock(await secretOf("guest"), { platform, commands: wanted });
    const { commands } = await admin.call("node.describe", { nodeId: device.id });

    assert.equal(ok, true);
    assert.deepEqual(
      commands.filter((each: string) => each !== "device.status"),
      [],
    );
  });

test("an invited page that comes back in protocol 3 as another machine gets no more commands", async () => {
  const { device, payload } = await knock(await secretOf("turncoat"));
  const token = payload.auth.deviceToken;

  await gateway.connect({
    ...{ device, role: "node", protocol: 3, token },
    spoil: (params) => ({ ...params, commands: ["camera.snap", "system.run"] }),
    client: { id: "node-host", mode: "node", platform: "linux", displayName: "turncoat" },
  });
  const { commands } = await admin.call("node.describe", { nodeId: device.id });

  assert.ok(!commands.includes("system.run"));
});

test("of five pages that show one invitation at once, one is let in", async () => {
  const secret = await secretOf("race");

  const all = await Promise.all([1, 2, 3, 4, 5].map(() => knock(secret)));

  assert.equal(all.filter(({ ok }) => ok).length, 1);
});

test("an invitation lets in no operator", async () => {
  const { ok, error } = await knock(await secretOf("op"), { role: "operator" });

  assert.equal(ok, false);
  assert.match(error?.message ?? "", /^this invitation is not valid/);
});

for (const guess of ["x", "a".repeat(43), "__proto__", "\u0000"])
  test(`${JSON.stringify(guess.slice(0, 12))} is no invitation`, async () => {
    const { error } = await knock(guess);

    assert.match(error?.message ?? "", /^this invitation is not valid; make a new one on the gateway/);
  });

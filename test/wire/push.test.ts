// Web Push: what browsers are called for, by whom, and when no more.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { say } from "../agent/support.ts";
import { pushService } from "../fakes/push-service.ts";
import { quickClock } from "../fakes/quick-clock.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { FakePhone } from "../support/fake-phone.ts";
import { type Connected, type TestGateway, testGateway } from "../support/gateway.ts";
import type { Frame } from "../support/wire-client.ts";

const service = await pushService();
const settings = { models: { detectLocal: false }, push: { allowPrivateHosts: [service.host] } };
const gateway = await testGateway({ config: JSON.stringify(settings) });
after(async () => {
  await gateway[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const ADMIN = ["operator.admin"];

/** A paired device whose browser has subscribed. */
async function subscribed(at: TestGateway = gateway, scopes: readonly string[] = ADMIN) {
  const device = newDeviceKey();
  const client = await at.connect({ device, scopes });
  const browser = service.subscribe();
  await client.call("push.web.subscribe", browser.subscription);
  return { device, client, browser };
}

/** Lets a command wait; it is withdrawn when the gateway stops. */
function ask(client: Connected, params: object): void {
  client.request("exec.approval.request", params).catch((error: unknown) => ignore(error, "nobody decides"));
}

describe("a subscribed browser", () => {
  test("is called for a command that waits, in words that only it can read", async () => {
    const { client, browser } = await subscribed();
    const { vapidPublicKey } = await client.call("push.web.vapidPublicKey", {});

    ask(client, { id: "p1", command: "rm -rf build", sessionKey: "agent:main:main", timeoutMs: 60_000 });
    const { notice, headers, claims, body } = await browser.next();

    const title = "A command waits for your approval";
    assert.deepEqual(notice, { title, text: "rm -rf build", tag: "p1", sessionKey: "agent:main:main" });
    const { ttl, urgency, authorization = "" } = headers;
    const { "content-encoding": encoding } = headers;
    assert.deepEqual({ encoding, ttl, urgency }, { encoding: "aes128gcm", ttl: "60", urgency: "high" });
    assert.ok(authorization.endsWith(`k=${vapidPublicKey}`));
    assert.equal(claims.aud, `http://${service.host}`);
    assert.ok(claims.exp * 1_000 > Date.now() && claims.exp * 1_000 <= Date.now() + 24 * 3_600_000);
    assert.match(claims.sub, /^mailto:/);
    assert.equal(body.includes("build"), false);
  });

  test("is called when something waits for its device as a node, and that is away", async () => {
    const { device, client, browser } = await subscribed();
    using phone = await FakePhone.connect({ url: gateway.url, token: gateway.token, device });
    phone.client.socket.close();
    while ((await client.call("node.describe", { nodeId: device.id })).connected) await client.nextOf("node.presence");
    const call = { nodeId: device.id, command: "camera.snap", queueForMs: 60_000, idempotencyKey: "wake" };

    await client.call("node.invoke", call);
    const { notice, headers } = await browser.next();
    const left = await client.call("node.pending.enqueue", { nodeId: device.id, type: "status.request" });

    assert.deepEqual(notice, {
      ...{ title: "Your gateway needs this browser", text: "Something was asked of it. Open its page.", tag: "wake" },
    });
    assert.deepEqual([headers.ttl, headers.urgency, left.wakeTriggered], ["3600", "high", true]);
  });

  test("is called for a reply, unless a page of the device that asked is in view", async () => {
    const { client, browser } = await subscribed();
    await client.call("push.web.looking", { isLooking: true });
    await say(client, "/echo seen");
    await client.call("push.web.looking", { isLooking: false });

    await say(client, "/echo not seen");
    const { notice, headers } = await browser.next();

    const { tag, ...rest } = notice;
    assert.deepEqual(rest, { title: "A reply has come", text: "not seen", sessionKey: "main" });
    assert.deepEqual([headers.ttl, headers.urgency], ["43200", "normal"]);
  });

  test("is called again when the page in view has gone away with its connection", async () => {
    const { device, client, browser } = await subscribed();
    const page = await gateway.connect({ device, scopes: ADMIN, client: { mode: "ui" } });
    await page.call("push.web.looking", { isLooking: true });
    ask(client, { id: "in-view", command: "ls" });
    await client.nextOf("exec.approval.requested");
    page.socket.close();

    const isGone = ({ deviceId, reason }: Frame["payload"]) => deviceId === device.id && reason === "disconnect";
    while (!(await client.nextOf("presence")).payload.presence.some(isGone));

    ask(client, { id: "p2", command: "ls" });

    assert.equal((await browser.next()).notice.tag, "p2");
  });

  test("hears of commands only with the right to decide about them", async () => {
    const reader = await subscribed(gateway, ["operator.read", "operator.write"]);
    const { client, browser } = await subscribed();

    ask(client, { id: "p3", command: "ls" });
    await browser.next();
    await say(client, "/echo for all");

    assert.equal((await reader.browser.next()).notice.text, "for all");
  });

  test("is told quietly that a command was answered elsewhere, in the place of the call", async () => {
    const other = await subscribed();
    const { client, browser } = await subscribed();
    ask(client, { id: "p5", command: "ls" });
    const call = await browser.next();
    await other.browser.next();
    await other.client.call("push.web.looking", { isLooking: true });

    await other.client.call("exec.approval.resolve", { id: "p5", decision: "allow-once" });
    const { notice, headers } = await browser.next();

    const title = "A command was allowed";
    assert.deepEqual(notice, { title, text: "It no longer waits for you.", tag: "p5", isQuiet: true });
    assert.equal(headers.topic, call.headers.topic);
    assert.match(String(headers.topic), /^[\w-]{32}$/);
  });

  test("hears of no answer to a command that it was not called for", async () => {
    const { client, browser } = await subscribed();
    await client.call("push.web.looking", { isLooking: true });
    ask(client, { id: "p6", command: "ls" });
    await client.nextOf("exec.approval.requested");
    await client.call("push.web.looking", { isLooking: false });

    await client.call("exec.approval.resolve", { id: "p6", decision: "deny" });
    ask(client, { id: "p7", command: "ls" });

    assert.equal((await browser.next()).notice.tag, "p7");
  });

  test("is told no secret, and only the beginning", async () => {
    const { client, browser } = await subscribed();
    const command = `deploy --key sk-ant-api03-${"a1B2".repeat(20)} ${"x".repeat(1_000)}`;

    ask(client, { id: "p4", command });
    const { notice } = await browser.next();

    assert.ok(notice.text.length <= 161, notice.text);
    assert.equal(notice.text.includes("a1B2a1B2"), false);
  });

  test("is called by a test, which says what became of it", async () => {
    const { client, browser } = await subscribed();
    const first = await client.call("push.web.test", {});
    service.answer(413);

    const second = await client.call("push.web.test", {});

    assert.deepEqual(first, { sent: 1, problems: [] });
    assert.deepEqual(second, { sent: 0, problems: [`${service.host} answered 413`] });
    assert.equal((await browser.next()).notice.text, "Notifications of this browser work.");
  });

  test("that is refused for its sender says what to set", async () => {
    const { client } = await subscribed();
    service.answer(403);

    const { problems } = await client.call("push.web.test", {});

    assert.deepEqual(problems, [`${service.host} answered 403; set push.contact to an address of yours`]);
  });
});

describe("a subscription ends", () => {
  for (const status of [404, 410])
    test(`when the push service answers ${status}`, async () => {
      const { client } = await subscribed();
      service.answer(status);
      await client.call("push.web.test", {});

      const again = await client.request("push.web.test", {});

      assert.match(again.error?.message ?? "", /this device has no subscription; switch notifications on/);
    });

  test("when the browser takes it back, and not by another device", async () => {
    const { client, browser } = await subscribed();
    const other = await subscribed();
    const { endpoint } = browser.subscription;
    const foreign = await other.client.call("push.web.unsubscribe", { endpoint });

    const own = await client.call("push.web.unsubscribe", { endpoint });

    assert.deepEqual([foreign, own], [{ removed: 0 }, { removed: 1 }]);
  });

  for (const [how, method] of [
    ["revoked", "device.token.revoke"],
    ["removed", "device.pair.remove"],
  ] as const)
    test(`when its device is ${how}, also if that is paired again`, async () => {
      const { device } = await subscribed();
      const owner = await gateway.connect({ scopes: ADMIN });
      await owner.call(method, { deviceId: device.id, ...(how === "revoked" && { role: "operator" }) });

      const back = await gateway.connect({ device, scopes: ADMIN });

      assert.match((await back.request("push.web.test", {})).error?.message ?? "", /no subscription/);
    });
});

test("a push service that is in trouble is tried again", async () => {
  const clock = quickClock(10);
  await using own = await testGateway({ config: JSON.stringify(settings), clock });
  const { client, browser } = await subscribed(own);
  service.answer(503, 429);

  ask(client, { id: "p5", command: "ls", timeoutMs: 600_000 });

  assert.equal((await browser.next()).notice.tag, "p5");
});

test("subscriptions outlive a restart, and so does the key they were made with", async () => {
  await using own = await testGateway({ config: JSON.stringify(settings) });
  const { device, client, browser } = await subscribed(own);
  const before = await client.call("push.web.vapidPublicKey", {});
  await own.stop();
  await own.start();

  const again = await own.connect({ device, scopes: ADMIN });
  const { sent } = await again.call("push.web.test", {});

  assert.equal(sent, 1);
  assert.deepEqual(await again.call("push.web.vapidPublicKey", {}), before);
  await browser.next();
});

test("what is no subscription is refused with the reason", async () => {
  const client = await gateway.connect({ device: newDeviceKey(), scopes: ADMIN });
  const good = service.subscribe().subscription;
  const offCurve = Buffer.alloc(65, 7);
  offCurve[0] = 4;
  const refusal = async (change: object, by: Connected = client) =>
    (await by.request("push.web.subscribe", { ...good, ...change })).error?.message ?? "";

  assert.match(await refusal({ endpoint: "http://127.0.0.1:1/x" }), /must be an https: address/);
  assert.match(await refusal({ endpoint: "file:///etc/passwd" }), /must be an https: address/);
  assert.match(await refusal({ endpoint: "nonsense" }), /not the address of a push service/);
  assert.match(await refusal({ endpoint: "https://a:b@example.org/" }), /must not carry a name/);
  assert.match(await refusal({ keys: { ...good.keys, auth: "AAAA" } }), /auth must be 16 bytes/);
  assert.match(await refusal({ keys: { ...good.keys, p256dh: offCurve.toString("base64url") } }), /point of P-256/);
  assert.match(await refusal({}, await gateway.connect({ scopes: ADMIN })), /belong to a paired device/);
});

test("an endpoint on a private address is never asked", async () => {
  await using own = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }) });
  const client = await own.connect({ device: newDeviceKey(), scopes: ADMIN });
  const { keys } = service.subscribe().subscription;
  const asked = service.asked.length;
  await client.call("push.web.subscribe", { endpoint: `https://${service.host}/x`, keys });

  const { sent, problems } = await client.call("push.web.test", {});

  assert.deepEqual(
    { sent, problems },
    { sent: 0, problems: [`${service.host} cannot be reached: the address is not on the public internet`] },
  );
  assert.equal(service.asked.length, asked);
});

test("without preview a notification says nothing of what it is about", async () => {
  const config = { ...settings, push: { ...settings.push, preview: false } };
  await using own = await testGateway({ config: JSON.stringify(config) });
  const { client, browser } = await subscribed(own);

  ask(client, { id: "p6", command: "secret plans" });

  assert.equal((await browser.next()).notice.text, "");
});

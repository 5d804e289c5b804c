// A page of a node that is not in front: a notification calls it, and it comes back by itself whatever happens.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pushService, subscriptionScript } from "../fakes/push-service.ts";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { asking, invitation, openNodeWindow } from "../support/node-page.ts";
import { tryNow } from "../support/webchat.ts";

const service = await pushService();
const push = { allowPrivateHosts: [service.host] };
const gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false }, push }) });
const browser = await startBrowser(["--use-fake-ui-for-media-stream"]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

test("a page in the background or gone is called by a notification, once a minute, until it is removed", async () => {
  const fake = service.subscribe();
  await using window = await openNodeWindow(browser, gateway, { script: subscriptionScript(fake) });
  await window.join(await invitation(gateway, "pocket"));
  const ask = await asking(gateway);
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  await window.setHidden(true);

  // Asked again until the page has subscribed.
  let hidden = await ask("pocket", "camera.snap");
  while (!hidden.includes("notification")) hidden = await ask("pocket", "camera.snap");
  const { notice, headers } = await fake.next();
  await ask("pocket", "camera.snap");
  await window.page.close();
  const state = async () =>
    (await admin.call("node.list", {})).nodes.find(
      ({ displayName }: { displayName: string }) => displayName === "pocket",
    );
  while ((await state()).connected) await admin.nextOf("node.presence");
  const call = { nodeId: "pocket", command: "camera.snap", idempotencyKey: "away" };
  const away = await admin.request("node.invoke", call);
  await admin.call("node.pair.remove", { nodeId: "pocket" });
  const removed = await admin.request("node.invoke", { ...call, idempotencyKey: "removed" });

  const words = "a notification calls its page to the front; ask again when it is open";
  assert.equal(hidden, `NODE_BACKGROUND_UNAVAILABLE: the page is in the background; open it on the device; ${words}`);
  assert.deepEqual(notice, {
    ...{ title: "Your gateway needs this browser", text: "Something was asked of it. Open its page.", tag: "wake" },
  });
  assert.equal(headers.urgency, "high");
  assert.deepEqual([away.error?.message, away.error?.details?.fix], ["node not connected", words]);
  assert.equal(fake.pushed.length, 1);
  assert.notEqual(removed.error?.details?.fix, words);
});

test("the page has a worker of its own, which keeps it together with its rights", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await window.join(await invitation(gateway, "shelf"));
  const { page } = window;

  const [scope, script] = (await page.evaluate(`navigator.serviceWorker.ready.then(({ scope, active }) =>
    [new URL(scope).pathname, new URL(active.scriptURL).pathname])`)) as string[];
  const kept = await page.evaluate(`caches.match("/node").then((page) => page?.headers.get("permissions-policy"))`);

  assert.deepEqual([scope, script], ["/node", "/worker.js"]);
  assert.match(String(kept), /^camera=\(self\)/);
});

test("the page connects again by itself after the gateway was away, and keeps its name, rights and log", async () => {
  const overrides: { port?: number } = {};
  await using gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false } }), overrides });
  overrides.port = gateway.port;
  await using window = await openNodeWindow(browser, gateway);
  await window.join(await invitation(gateway, "hall"));
  const { page } = window;
  const before = await asking(gateway);
  await before("hall", "device.info");

  await gateway.stop();
  await page.getByText("Connecting again…").waitFor();
  await page.reload(); // comes from the worker
  await page.getByText("Connecting again…").waitFor();
  await gateway.start();
  await tryNow(page);
  await page.locator(".link.connected").waitFor();
  const ask = await asking(gateway);
  const status = await ask("hall", "device.status");

  assert.equal(status.page.isVisible, true);
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "hall");
  assert.equal(await page.locator(".journal li").count(), 2);
});

test("a link that was used, and one that nobody made, are refused with a sentence", async () => {
  const link = await invitation(gateway, "first");
  await using first = await openNodeWindow(browser, gateway);
  await first.join(link);
  await using second = await openNodeWindow(browser, gateway);
  const refused = async (address: string) => {
    await second.page.goto("about:blank");
    await second.page.goto(address);
    await second.page.getByRole("button", { name: "Connect" }).click();
    return await second.page.getByRole("alert").textContent();
  };

  const used = await refused(link);
  const guessed = await refused(`${gateway.httpUrl}/node#invite=${"guess".repeat(8)}`);

  assert.equal(used, "This invitation has been used; make a new one on the gateway: moltbot nodes invite.");
  assert.equal(guessed, "This invitation is not valid; make a new one on the gateway: moltbot nodes invite.");
});

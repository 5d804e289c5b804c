// Web Push in a real browser: the page subscribes, and its worker shows what the gateway pushes. The push service of a
// vendor is replaced: the page is given a subscription of the fake one, and the worker its message by the browser itself.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { pushService, subscriptionScript } from "../fakes/push-service.ts";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { untilTrue } from "../support/in-page.ts";
import { withNotifications, withNotificationsInWorkers } from "../support/notifications.ts";
import { within } from "../support/time-limit.ts";
import { openWebChat, type WebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const service = await pushService();
const push = { allowPrivateHosts: [service.host] };
const gateway = await testGateway({ config: JSON.stringify({ models: { detectLocal: false }, push }) });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

/** Gives the page notifications, and a subscription of the fake push service. */
async function withPushService({ page }: WebChat) {
  const fake = service.subscribe();
  await withNotifications(page.context());
  await page.addInitScript(subscriptionScript(fake));
  return fake;
}

/** Waits in the page until its worker shows the notification. */
const notificationOf = (tag: string) => `(async () => {
  const registration = await navigator.serviceWorker.ready;
  for (;;) {
    const [first] = await registration.getNotifications({ tag: "${tag}" });
    if (first) return { title: first.title, body: first.body, data: first.data };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})()`;

test("the bell subscribes the browser, and what is pushed is shown with the address of its conversation", async () => {
  await using chat = await openWebChat(browser, gateway);
  const fake = await withPushService(chat);
  const { page } = chat;
  await page.context().grantPermissions(["notifications"], { origin: gateway.httpUrl });
  await chat.signIn();
  const owner = await gateway.connect({ scopes: ["operator.admin"] });
  const bell = page.getByRole("button", { name: "Notify me of replies and approvals" });

  await bell.click();
  await page.locator('[aria-pressed="true"]').and(bell).waitFor();
  // The page looks elsewhere, as when its tab is hidden.
  await page.evaluate(`Document.prototype.hasFocus = () => false; dispatchEvent(new Event("blur"));`);
  await untilTrue(page, "navigator.serviceWorker.controller !== null");
  let asked = 0;
  const ask = () =>
    owner.request("exec.approval.request", { id: `w${asked++}`, command: "ls", sessionKey: "agent:main:chat-x" });
  // Asked again until the gateway has heard of both.
  while (fake.pushed.length === 0) {
    void ask().catch((error: unknown) => ignore(error, "the one that is heard decides"));
    await Promise.race([fake.next(), owner.flushed()]);
  }
  const { notice } = fake.pushed[0]!;

  const session = await page.context().newCDPSession(page);
  const registered = Promise.withResolvers<string>();
  session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
    if (registrations[0]) registered.resolve(registrations[0].registrationId);
  });
  await session.send("ServiceWorker.enable");
  const registrationId = await registered.promise;
  const elsewhere = await page.context().newPage();
  await elsewhere.bringToFront();
  await withNotificationsInWorkers(page.context());
  const data = JSON.stringify({ ...notice, tag: "pushed" });
  await session.send("ServiceWorker.deliverPushMessage", {
    origin: gateway.httpUrl,
    registrationId,
    data,
  });
  const shown = await within(page.evaluate(notificationOf("pushed")), "the notification");

  assert.deepEqual(shown, {
    title: "A command waits for your approval",
    body: "ls",
    data: { hash: "#chat/agent%3Amain%3Achat-x" },
  });
  assert.deepEqual(chat.problems, []);
});

test("the page takes its notification back when somebody else has answered", async () => {
  await using chat = await openWebChat(browser, gateway);
  await withPushService(chat);
  const { page } = chat;
  await page.context().grantPermissions(["notifications"], { origin: gateway.httpUrl });
  await chat.signIn();
  const owner = await gateway.connect({ scopes: ["operator.admin"] });
  await page.getByRole("button", { name: "Notify me of replies and approvals" }).click();
  await page.locator('.sidebar-foot [aria-pressed="true"]').waitFor();
  await page.evaluate(`Document.prototype.hasFocus = () => false; dispatchEvent(new Event("blur"));`);
  // Browsers drop notifications by themselves after a while: what counts is that the page closes it.
  await page.evaluate(`{
    const { close } = Notification.prototype;
    window.takenBack = [];
    Notification.prototype.close = function () { window.takenBack.push(this.tag); close.call(this); };
  }`);

  owner
    .request("exec.approval.request", { id: "taken", command: "ls" })
    .catch((error: unknown) => ignore(error, "the test is over"));
  await within(page.evaluate(notificationOf("taken")), "the notification");
  await owner.call("exec.approval.resolve", { id: "taken", decision: "deny" });
  await untilTrue(page, 'window.takenBack.includes("taken")');

  assert.deepEqual(chat.problems, []);
});

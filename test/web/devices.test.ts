// The devices page: who waits is let in, a node's command is tried, a device is revoked or kept; live, in all looks.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { newDeviceKey } from "../support/device-key.ts";
import { FakePhone } from "../support/fake-phone.ts";
import { testGateway } from "../support/gateway.ts";
import { openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await testGateway({
  config: '{ models: { detectLocal: false }, gateway: { nodes: { allowCommands: ["camera.snap"] } } }',
});
const admin = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Devices" }).click();
  await chat.page.getByRole("heading", { name: "Browsers, programs and nodes" }).waitFor();
}

const phoneNamed = (name: string) =>
  FakePhone.connect({ url: gateway.url, token: gateway.token, device: newDeviceKey(), name, protocol: 4 });

/** Approves what a phone offers. */
async function approve(phone: FakePhone): Promise<void> {
  const { pendingRequestId } = await admin.call("node.describe", { nodeId: phone.nodeId });
  await admin.call("node.pair.approve", { requestId: pendingRequestId });
}

const card = (chat: WebChat, name: string) => chat.page.getByRole("article", { name });

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can see who may do what, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    using phone = await phoneNamed("هاتف آنا");
    using other = await phoneNamed("Old tablet");
    await approve(phone);
    await phone.report("node.presence.alive", { trigger: "background", battery: { level: 0.4, charging: true } });
    await open(chat, size);
    await card(chat, "هاتف آنا")
      .getByText(/^\d commands/)
      .click();
    await chat.page.getByRole("button", { name: "Try camera.snap on هاتف آنا" }).click();
    await chat.page.getByRole("button", { name: "Run it" }).click();
    await chat.page.getByAltText("Result of camera.snap").waitFor();
    await inspect(chat, `devices-${size}`);
    await chat.page.getByRole("button", { name: "Why: هاتف آنا" }).click();
    await chat.page.getByText("It was let in on").waitFor();
    await inspect(chat, `devices-why-${size}`);

    const heights = await chat.page
      .locator("moltbot-devices :is(button, summary):visible")
      .evaluateAll((all) => all.map((each) => each.getBoundingClientRect().height));
    const small = heights.filter((height) => height < (size === "phone" ? 44 : 24));
    assert.deepEqual([small, chat.problems], [[], []]);
    for (const { nodeId } of [phone, other]) await admin.call("device.pair.remove", { deviceId: nodeId });
  });
}

test("a node that waits is let in with a button, and the badge says how many wait", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);
  using phone = await phoneNamed("Pocket");
  const button = chat.page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Devices" });
  await button.getByText("waiting to be let in").waitFor();

  await chat.page.getByRole("button", { name: "Let in: Pocket" }).click();
  await card(chat, "Pocket").getByText("Can be asked for").waitFor();
  await button.getByText("waiting to be let in").waitFor({ state: "detached" });

  const { approvalState } = await admin.call("node.describe", { nodeId: phone.nodeId });
  assert.deepEqual([approvalState, chat.problems], ["approved", []]);
  await admin.call("device.pair.remove", { deviceId: phone.nodeId });
});

test("a refusal of a node is said in its place, and wrong parameters before they are sent", async () => {
  await using chat = await openWebChat(browser, gateway);
  using phone = await phoneNamed("Shy");
  await approve(phone);
  phone.denied.add("location.get");
  await open(chat);
  await card(chat, "Shy")
    .getByText(/^\d commands/)
    .click();
  await chat.page.getByRole("button", { name: "Try location.get on Shy" }).click();

  await chat.page.getByRole("textbox", { name: "Parameters" }).fill("{oops");
  await chat.page.getByRole("button", { name: "Run it" }).click();
  const wrong = await chat.page.getByRole("alert").textContent();
  await chat.page.getByRole("textbox", { name: "Parameters" }).fill("{}");
  await chat.page.getByRole("button", { name: "Run it" }).click();
  await chat.page.getByRole("alert").filter({ hasText: "LOCATION_PERMISSION_REQUIRED" }).waitFor();

  assert.match(wrong ?? "", /not JSON/);
  assert.deepEqual([phone.asked.length, chat.problems], [1, []]);
  await admin.call("device.pair.remove", { deviceId: phone.nodeId });
});

test("a revocation can be taken back for ten seconds, then it is done, and others see it", async () => {
  await using chat = await openWebChat(browser, gateway);
  await using other = await openWebChat(browser, gateway);
  using phone = await phoneNamed("Lost");
  await approve(phone);
  await chat.page.clock.install();
  await open(chat);
  await open(other);
  await card(other, "Lost").waitFor();
  const isPaired = async () => {
    const { paired } = await admin.call("device.pair.list", {});
    return paired.some(({ deviceId }: { deviceId: string }) => deviceId === phone.nodeId);
  };

  await chat.page.getByRole("button", { name: "Revoke Lost" }).click();
  await card(chat, "Lost").waitFor({ state: "detached" });
  await chat.page.getByRole("button", { name: "Undo" }).click();
  await card(chat, "Lost").waitFor();
  await chat.page.clock.fastForward(11_000);
  const kept = await isPaired();
  await chat.page.getByRole("button", { name: "Revoke Lost" }).click();
  await chat.page.getByRole("button", { name: "Undo" }).waitFor();
  await chat.page.clock.fastForward(11_000);
  await card(other, "Lost").waitFor({ state: "detached" });

  assert.deepEqual([kept, await isPaired()], [true, false]);
  assert.deepEqual(chat.problems, []);
});

test("another browser is added by a code that holds the link of an invitation", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);

  await chat.page.getByRole("button", { name: "Add by code" }).click();
  await chat.page.getByRole("img", { name: "Code to scan with the other device" }).waitFor();
  const link = await chat.page.locator(".invite-link").getAttribute("href");
  await inspect(chat, "devices-add");

  assert.match(link ?? "", /\/node#invite=/);
  assert.deepEqual(chat.problems, []);
});

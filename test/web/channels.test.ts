import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeTelegram, fakeWhatsApp, until } from "@moltbot/fakes";
import { startBrowser } from "../support/browser.ts";
import { type TestGateway, testGateway } from "../support/gateway.ts";
import { allowing, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
after(() => browser.close());

/** A gateway whose config has these channels and no models. */
function gatewayWith(channels: Readonly<Record<string, unknown>>): Promise<TestGateway> {
  return testGateway({ config: JSON.stringify({ models: { detectLocal: false }, channels }, undefined, 2) });
}

/** Signs in and goes to the channels by the sidebar. */
async function openChannels(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: /^Channels/ }).click();
  await chat.page.getByRole("heading", { name: "Accounts" }).waitFor();
}

test("a stranger is let in with one click, writes, and the page tells why the message was answered", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({ telegram: platform.settings });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await platform.linked();
  await openChannels(chat);

  await platform.says("hello", { from: "alice" });
  await page.getByRole("button", { name: "Channels 1 waiting to be let in" }).waitFor();
  await page.getByRole("button", { name: "Approve alice" }).click();
  await until(platform, "the news", () =>
    platform.delivered.some(({ text }) => text.startsWith("You have been let in")),
  );
  await page.getByRole("heading", { name: "Let in by a code" }).waitFor();
  await platform.says("/version", { from: "alice" });
  await page.getByRole("button", { name: /alice Telegram.*Answered.*\/version/ }).click();
  const why = page.locator(".why");

  await why.getByText("channels.telegram.dmPolicy").waitFor();
  await why.getByText(/^moltbot \d/).waitFor();
  assert.match(
    (await why.textContent()) ?? "",
    /Rule\s*paired\s*Decided by\s*channels\.telegram\.dmPolicy \(not in the config/,
  );
  assert.deepEqual(chat.problems, []);
});

test("a sender is turned away, and one who was let in is shut out", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({ telegram: platform.settings });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await platform.linked();
  await openChannels(chat);

  await platform.says("hello", { from: "mallory" });
  await page.getByRole("button", { name: "Turn away mallory" }).click();
  await page.getByRole("heading", { name: "Waiting to be let in" }).waitFor({ state: "detached" });
  await platform.says("hello", { from: "bob" });
  await page.getByRole("button", { name: "Approve bob" }).click();
  await page.getByRole("button", { name: "Shut out bob" }).click();

  await page.getByRole("heading", { name: "Let in by a code" }).waitFor({ state: "detached" });
});

test("a wrong token is refused at once, and the right one connects", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({});
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const { botToken, apiRoot } = platform.settings as { botToken: string; apiRoot: string };
  await openChannels(chat);

  await page.getByRole("button", { name: /^Telegram/ }).click();
  const dialog = page.getByRole("dialog", { name: "Connect Telegram" });
  await dialog.getByRole("button", { name: "Connect" }).click();
  const missing = await dialog.getByRole("alert").textContent();
  await dialog.getByLabel("Bot token").fill("1:wrong");
  await dialog.getByText("More settings").click();
  await dialog.getByLabel("API root").fill(apiRoot);
  await dialog.getByRole("button", { name: "Connect" }).click();
  await dialog.getByText("Nothing was saved").waitFor();
  const type = await dialog.getByLabel("Bot token").getAttribute("type");
  const mayForce = await dialog.getByRole("button", { name: "Save anyway" }).isVisible();
  await dialog.getByLabel("Bot token").fill(botToken);
  await dialog.getByRole("button", { name: "Connect" }).click();
  await dialog.waitFor({ state: "hidden" });
  await page.getByRole("listitem", { name: "Telegram" }).getByText("Connected").waitFor();

  assert.match(missing ?? "", /Telegram needs a bot token/);
  assert.ok(mayForce);
  assert.equal(type, "password");
  await platform.linked();
});

test("an account is stopped, started and removed, each shown as it happens", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({ telegram: platform.settings });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await platform.linked();
  await openChannels(chat);
  const account = page.getByRole("listitem", { name: "Telegram" });
  const confirm = (name: string) => page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

  await account.getByText("Connected").waitFor();
  await account.getByRole("button", { name: "Stop" }).click();
  await confirm("Stop");
  await account.getByText("Stopped").waitFor();
  await account.getByRole("button", { name: "Start" }).click();
  await account.getByText("Connected").waitFor();
  await platform.trouble({ kind: "revoke" });
  await account.getByText("Telegram rejected the bot token").waitFor();
  await account.getByRole("button", { name: "Remove" }).click();
  await confirm("Remove");

  await page.getByText("None yet. Connect a channel below").waitFor();
  assert.deepEqual(JSON.parse(gateway.readConfig()).channels, {});
});

test("a message in doubt is sent again, or given up, in one step", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({ telegram: platform.settings });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await platform.linked();
  const client = await gateway.connect();
  const { chatId } = await platform.says("hello");
  await until(platform, "the code", () => platform.delivered.length > 0);
  for (const message of ["first in doubt", "second in doubt"]) {
    await platform.trouble({ kind: "accept-then-fail" });
    await client.request("send", { to: chatId, message, idempotencyKey: message });
  }
  await openChannels(chat);

  const first = page.getByRole("listitem").filter({ hasText: "first in doubt" });
  const second = page.getByRole("listitem").filter({ hasText: "second in doubt" });
  await first.getByRole("button", { name: "Send" }).click();
  await second.getByRole("button", { name: "Discard" }).click();

  await page.getByRole("heading", { name: "Perhaps not sent" }).waitFor({ state: "detached" });
  assert.deepEqual(
    ["first in doubt", "second in doubt"].map(
      (words) => platform.delivered.filter(({ text }) => text === words).length,
    ),
    [2, 1],
  );
});

test("a phone is linked by the QR code on the page", async () => {
  await using phone = await fakeWhatsApp();
  await using gateway = await gatewayWith({ whatsapp: phone.settings });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await openChannels(chat);

  await page.getByRole("button", { name: "Link WhatsApp" }).click();
  const dialog = page.getByRole("dialog", { name: "Link WhatsApp" });
  const picture = dialog.getByRole("img", { name: /QR code to scan/ });
  await picture.waitFor();
  await dialog.getByText(/A new code comes in \d+ s/).waitFor();
  const pixels = (await page.evaluate("document.querySelector('img.qr').naturalWidth")) as number;
  const operator = await gateway.connect();
  const { payload } = await operator.request("web.login.wait", { currentQrDataUrl: "none" });
  await phone.scan((payload as { qrText: string }).qrText);
  await dialog.getByText(/WhatsApp is linked as/).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();

  await page.getByRole("listitem", { name: "WhatsApp" }).getByText("Connected").waitFor();
  assert.ok(pixels > 100, `${pixels} pixels wide`);
  assert.deepEqual(chat.problems, []);
});

test("a phone is linked by the code that the page shows for its number", async () => {
  await using phone = await fakeWhatsApp();
  await using gateway = await gatewayWith({ whatsapp: phone.settings });
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await openChannels(chat);

  await page.getByRole("button", { name: "Link WhatsApp" }).click();
  await page.getByRole("button", { name: "Use a phone number instead" }).click();
  const field = page.getByLabel("Phone number");
  await field.fill("12");
  await field.press("Enter");
  const refused = await page.getByRole("dialog").getByRole("alert").textContent();
  await field.fill(phone.number);
  await field.press("Enter");
  const code = await page.locator(".link-code").textContent();
  await phone.scan(code ?? "");
  await page.getByText(/WhatsApp is linked as/).waitFor();

  assert.match(refused ?? "", /12 is no phone number/);
});

test("a connection that may only read sees the channels and no button that would be refused", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({ telegram: platform.settings });
  await using chat = await openWebChat(browser, gateway, { route: allowing(["operator.read"]) });
  const { page } = chat;
  await platform.linked();

  await openChannels(chat);
  await page.getByRole("listitem", { name: "Telegram" }).getByText("Connected").waitFor();

  await page.getByRole("button", { name: "Why: All groups on Telegram" }).waitFor();
  const buttons = page.locator("moltbot-channels").getByRole("button");
  const names = await buttons.evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")));
  assert.deepEqual(names, ["Copy moltbot channels status", "Why Telegram", "Why: All groups on Telegram"]);
});

test("a conversation of a channel has its name and the channel's in the list", async () => {
  await using platform = await fakeTelegram();
  await using gateway = await gatewayWith({
    telegram: { ...platform.settings, groups: { "*": { requireMention: false } } },
  });
  await using chat = await openWebChat(browser, gateway);
  await platform.linked();
  await chat.signIn();

  await platform.says("/version", { in: { group: "Family" } });
  await until(platform, "an answer", () => platform.delivered.length > 0);
  await chat.page.reload();

  await chat.page.getByRole("button", { name: /Family.*Telegram/ }).waitFor();
});

test("back and forward lead between the channels and the conversation, and a draft stays", async () => {
  await using gateway = await gatewayWith({});
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await chat.field.fill("half a thought");

  await page.getByRole("button", { name: /^Channels/ }).click();
  const address = page.url();
  await page.getByRole("heading", { name: "Connect a channel" }).waitFor();
  await page.goBack();
  await chat.field.waitFor();
  const draft = await chat.field.inputValue();
  await page.goForward();
  await page.reload();

  assert.equal(address, `${gateway.httpUrl}/#channels`);
  assert.equal(draft, "half a thought");
  await page.getByRole("heading", { name: "Connect a channel" }).waitFor();
});

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can use the channels on a ${size}, light and dark`, async () => {
    await using platform = await fakeTelegram();
    await using phone = await fakeWhatsApp();
    await using gateway = await gatewayWith({
      telegram: { ...platform.settings, groups: { "*": {} } },
      whatsapp: phone.settings,
    });
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    const look = (name: string) => inspect(chat, `channels-${name}-${size}`);
    await platform.linked();
    const client = await gateway.connect();
    const { chatId } = await platform.says("hello", { from: "alice" });
    await until(platform, "a code", () => platform.delivered.length > 0);
    const { payload } = await client.request("pairing.list", {});
    const [request] = (payload as { pending: { code: string }[] }).pending;
    await client.request("pairing.approve", { channel: "telegram", code: request?.code ?? "" });
    await platform.says("/version", { from: "alice" });
    await platform.says("What do you all think?", { from: "alice", in: { group: "Family and friends" } });
    await platform.says("Let me in, please", { from: "mallory" });
    await until(platform, "another code", () => platform.delivered.length > 2);
    await platform.trouble({ kind: "accept-then-fail" });
    await client.request("send", {
      channel: "telegram",
      to: chatId,
      message: "Your parcel is at the door.",
      idempotencyKey: "x",
    });

    await openChannels(chat, size);
    await page.getByRole("heading", { name: "Perhaps not sent" }).waitFor();
    await look("page");
    const row = page.getByRole("button", { name: /Family and friends.*Not answered/ });
    await row.click();
    await page.locator(".why dt").filter({ hasText: "Decided by" }).waitFor();
    await row.scrollIntoViewIfNeeded();
    await look("why");
    await page.getByRole("button", { name: /^Telegram A Telegram bot/ }).click();
    await page.getByRole("dialog").getByText("More settings").click();
    await page.getByRole("dialog").getByLabel("Account name").waitFor();
    await look("add");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Link WhatsApp" }).click();
    await page.getByRole("img", { name: /QR code/ }).waitFor();
    await look("link");

    assert.deepEqual(chat.problems, []);
  });
}

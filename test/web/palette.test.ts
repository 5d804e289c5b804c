// Ctrl-K and the sheet of shortcuts: everything by its name, and by keyboard alone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { within } from "../support/time-limit.ts";
import { gatewayWith, openWebChat, type SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
const client = await gateway.connect({ scopes: ["operator.admin"] });
await client.call("sessions.patch", { key: "agent:main:trip", label: "Holiday in Slovenia" });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

const focus = "document.activeElement.tagName";

test("a page, a conversation and an action are reached by their names, and the focus comes back", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const { keyboard } = page;
  await chat.signIn();
  await chat.field.focus();

  await keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to" }).waitFor();
  await keyboard.press("Escape");
  const back = await page.evaluate(focus);
  await keyboard.press("Control+k");
  await keyboard.type("sess");
  await page.getByRole("option", { name: "Sessions Page" }).waitFor();
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sessions", level: 1 }).waitFor();
  await keyboard.press("Control+k");
  await keyboard.type("slov");
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Holiday in Slovenia", level: 1 }).waitFor();
  await keyboard.press("Control+k");
  await keyboard.type("dark");
  await keyboard.press("Enter");
  // The keys are kept until the palette is there.
  await page.locator("html[data-theme=dark]").waitFor({ state: "attached" });

  assert.equal(back, "TEXTAREA");
  assert.deepEqual(chat.problems, []);
});

test("what is typed before the palette is there goes to it, and not to the message", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const asked = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await page.context().route(/palette-/, async (route) => {
    asked.resolve();
    await arrived.promise;
    await route.continue();
  });
  await chat.signIn();
  await chat.field.fill("Dear ");

  await page.keyboard.press("Control+k");
  await within(asked.promise, "the palette to be asked for");
  await page.keyboard.type("sesz");
  await page.keyboard.press("Backspace");
  await page.keyboard.type("s");
  await page.keyboard.press("Enter");
  arrived.resolve();
  await page.getByRole("heading", { name: "Sessions", level: 1 }).waitFor();

  assert.equal(await page.getByRole("dialog", { name: "Go to" }).isVisible(), false);
  assert.equal(await page.locator("moltbot-composer textarea").inputValue(), "Dear ");
  assert.deepEqual(chat.problems, []);
});

test("a palette that cannot be loaded says so, and keys go to the message again", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await page.context().route(/palette-/, (route) => route.abort());
  await chat.signIn();
  await chat.field.focus();

  await page.keyboard.press("Control+k");
  await page.getByText("That could not be loaded.").waitFor();
  await page.keyboard.type("Hello");

  assert.equal(await chat.field.inputValue(), "Hello");
});

for (const size of ["desktop", "phone"] as (keyof typeof SIZES)[]) {
  test(`the palette and the sheet of shortcuts can be used by everyone, on a ${size}`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    await chat.signIn();

    await page.keyboard.press("Control+k");
    await page.getByRole("option", { name: /^Overview/ }).waitFor();
    await inspect(chat, `palette-${size}`);
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Shortcuts" }).waitFor();
    await inspect(chat, `shortcuts-${size}`);

    assert.deepEqual(chat.problems, []);
  });
}

// The main task of each page by keyboard alone: the focus can be seen, and is never lost when something goes away.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { goTo } from "../support/control-page.ts";
import { usedGateway } from "../support/used-gateway.ts";
import { openWebChat, type WebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const home = await usedGateway();
after(async () => {
  await browser.close();
  await home[Symbol.asyncDispose]();
});

/** Goes to a page and stands at its beginning, as somebody does who chose it by keyboard. */
async function begin(id: string): Promise<WebChat> {
  const chat = await openWebChat(browser, home.gateway);
  await chat.signIn();
  await goTo(chat, id);
  await chat.page.locator("moltbot-page .scroller").first().focus();
  return chat;
}

/** Presses Tab until the thing of this name has the focus, and checks on the way that each step can be seen. */
async function tabTo({ page }: WebChat, name: string | RegExp): Promise<void> {
  const seen: string[] = [];
  for (let step = 0; step < 80; step++) {
    await page.keyboard.press("Tab");
    const { label, isSeen } = (await page.evaluate(FOCUSED)) as { label: string; isSeen: boolean };
    seen.push(label);
    assert.ok(isSeen, `the focus on “${label}” cannot be seen`);
    if (typeof name === "string" ? label === name : name.test(label)) return;
  }
  assert.fail(`Tab does not lead to ${name}: ${seen.join(" | ")}`);
}

const FOCUSED = `(() => {
  const element = document.activeElement;
  const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent ?? "";
  const around = [element, element.closest("label"), element.closest(".search"), element.closest(".switch"), element.nextElementSibling];
  const isOutlined = (each) => {
    const { outlineStyle, borderColor } = getComputedStyle(each);
    return outlineStyle !== "none" || each.matches(":focus-within") && borderColor !== "rgba(0, 0, 0, 0)";
  };
  return { label: label.trim().replace(/\\s+/g, " "), isSeen: around.some((each) => each && isOutlined(each)) };
})()`;

/** What has the focus now; "BODY" when it was lost. */
const focus = async ({ page }: WebChat) =>
  String(await page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.tagName"));

test("Overview: who waits is let in, and the focus stays on the page", async () => {
  await using chat = await begin("overview");
  await home.telegram.says("hello", { from: "keyla" });
  await chat.page.getByRole("button", { name: /^Let in: keyla/ }).waitFor();

  await tabTo(chat, /^Let in: keyla/);
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("dialog").waitFor();
  await tabTo(chat, "Let in");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByText("All is well. Nothing waits for you.").waitFor();

  assert.equal(await focus(chat), "Overview");
});

test("Channels: of two who wait one is turned away, and the focus is at the other", async () => {
  await home.telegram.says("hello", { from: "anton" });
  await home.telegram.says("hello", { from: "berta" });
  await using chat = await begin("channels");
  await chat.page.getByRole("button", { name: "Turn away berta" }).waitFor();
  const names = await chat.page
    .getByRole("button", { name: /^Turn away/ })
    .evaluateAll((all) => all.map((each) => each.getAttribute("aria-label") ?? ""));

  await tabTo(chat, names[0] as string);
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: names[0] as string }).waitFor({ state: "detached" });

  assert.equal(await focus(chat), names[1]);
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: names[1] as string }).waitFor({ state: "detached" });
  assert.notEqual(await focus(chat), "BODY");
});

test("Sessions: one is put away from its menu, and the focus is in the table", async () => {
  await using chat = await begin("sessions");

  await tabTo(chat, "Actions for Broken bicycle");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("menuitem", { name: "Archive" }).waitFor();
  await chat.page.keyboard.press("ArrowDown");
  await chat.page.keyboard.press("ArrowDown");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("row").filter({ hasText: "Broken bicycle" }).waitFor({ state: "detached" });

  assert.notEqual(await focus(chat), "BODY");
});

test("Agents: a tool is switched off and on", async () => {
  await using chat = await begin("agents");

  await tabTo(chat, /^Use exec/);
  const name = await focus(chat);
  await chat.page.keyboard.press("Space");
  await chat.page.getByRole("status").filter({ hasText: /exec/ }).first().waitFor({ state: "attached" });

  assert.equal(await focus(chat), name);
});

test("Automations: a job is removed, taken back, and removed again for good", async () => {
  await using chat = await begin("automations");
  await chat.page.clock.install();

  await tabTo(chat, "Remove Read the news");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: "Undo: keep Read the news" }).waitFor();
  assert.equal(await focus(chat), "Undo: keep Read the news");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: "Remove Read the news" }).waitFor();
  assert.notEqual(await focus(chat), "BODY");
  await tabTo(chat, "Remove Read the news");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: "Undo: keep Read the news" }).waitFor();
  await chat.page.clock.fastForward(9_000);
  await chat.page.locator("[data-job]").filter({ hasText: "Read the news" }).waitFor({ state: "detached" });

  assert.notEqual(await focus(chat), "BODY");
});

test("Devices: a node that waits is let in, then revoked, and the focus is never lost", async () => {
  using phone = await home.waiting("Pocket");
  await using chat = await begin("devices");

  await tabTo(chat, "Let in: Pocket");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: "Let in: Pocket" }).waitFor({ state: "detached" });
  const letIn = await focus(chat);
  await tabTo(chat, "Revoke Pocket");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("article", { name: "Pocket" }).waitFor({ state: "detached" });
  const revoked = await focus(chat);
  await home.admin.call("device.pair.remove", { deviceId: phone.nodeId });

  assert.ok(letIn !== "BODY" && revoked !== "BODY", `${letIn}, ${revoked}`);
});

test("Usage and Runs: a row leads to its details and back", async () => {
  await using chat = await begin("usage");
  await tabTo(chat, /^Why: fake/);
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("dialog").waitFor();
  await chat.page.keyboard.press("Escape");
  const usage = await focus(chat);

  await goTo(chat, "runs");
  await chat.page.locator("moltbot-page .scroller").first().focus();
  await tabTo(chat, /: show the run$/);
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("heading", { name: "Steps" }).waitFor();
  await chat.page.keyboard.press("Tab");

  assert.match(usage, /^Why: fake/);
  assert.notEqual(await focus(chat), "BODY");
});

test("a button that leads to a conversation gives the focus to its field", async () => {
  await using chat = await begin("sessions");

  await chat.page.locator("moltbot-table .row-link").filter({ hasText: "Holiday in Slovenia" }).focus();
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("heading", { name: "Holiday in Slovenia", level: 1 }).waitFor();
  await chat.field.waitFor();

  assert.equal(await focus(chat), "Message");
});

test("Logs: a line is opened and closed, and the focus is at the line", async () => {
  await using chat = await begin("logs");

  await chat.page.getByRole("list", { name: "Lines of the log" }).getByRole("button").nth(2).focus();
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("dialog").waitFor();
  await chat.page.keyboard.press("Escape");

  assert.equal(await focus(chat), "BUTTON");
});

test("Settings: one is found, changed, reviewed and saved", async () => {
  await using chat = await begin("settings");

  await tabTo(chat, "Search settings");
  await chat.page.keyboard.type("budgets.daily.tokens");
  await tabTo(chat, "Change budgets.daily.tokens");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("form", { name: "Change budgets.daily.tokens" }).waitFor();
  await chat.page.keyboard.type("5000");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByText("It applies at once; nothing restarts.").waitFor();
  await chat.page.locator(".dialog-actions .primary:focus").waitFor();
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("button", { name: "Undo", exact: true }).waitFor();
  const saved = await focus(chat);
  await tabTo(chat, "Undo");
  await chat.page.keyboard.press("Enter");
  await chat.page.getByRole("status").filter({ hasText: "Taken back." }).waitFor({ state: "attached" });

  assert.equal(saved, "Settings");
  assert.notEqual(await focus(chat), "BODY");
});

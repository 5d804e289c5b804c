// The agents page: pages edited with a diff, tools and skills switched, two people at once, and rights.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { allowing, gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
const folder = join(gateway.stateDir, "skills", "weather");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "SKILL.md"), "---\nname: weather\ndescription: Tells the weather.\n---\n\nLook out.\n");
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: "Agents", exact: true }).click();
  await chat.page.getByRole("heading", { name: "Skills", exact: true }).waitFor();
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`the agents page says who answers, knowing what, allowed what, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    await open(chat, size);

    await page.getByRole("button", { name: "Edit USER.md" }).click();
    await page.getByRole("textbox", { name: "Text of USER.md" }).fill("# Your owner\n\nمحمد يسكن في فيينا.");
    await inspect(chat, `agents-page-${size}`);
    await page.getByText("sessions_list", { exact: true }).waitFor();
    await page.goBack();

    await chat.field.waitFor();
    assert.deepEqual(chat.problems, []);
  });
}

test("a page is edited in place: what changes is shown, saved, and not lost when somebody else was faster", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const file = join(gateway.stateDir, "workspace", "SOUL.md");
  await open(chat);
  await page.getByRole("button", { name: "Edit SOUL.md" }).click();
  const field = page.getByRole("textbox", { name: "Text of SOUL.md" });

  await field.fill("Terse.\nNever rude.");
  await page.getByRole("group", { name: "What changes" }).getByText("Never rude.").waitFor();
  await page.getByRole("button", { name: "Save SOUL.md" }).click();
  await page.getByText("SOUL.md is saved.").waitFor({ state: "attached" });
  const saved = readFileSync(file, "utf8");
  writeFileSync(file, "By another hand.");
  await field.fill("Terse, but kind.");
  await page.getByRole("button", { name: "Save SOUL.md" }).click();
  await page.getByRole("alert").getByText("SOUL.md was changed meanwhile").waitFor();

  assert.equal(saved, "Terse.\nNever rude.");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file, "utf8"), "By another hand.");
  assert.equal(await field.inputValue(), "Terse, but kind.");
});

test("a tool is switched off and on again, and the row says which setting decides", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const denied = async () => (await client.call("config.get", {})).parsed.tools?.deny ?? [];
  await open(chat);

  await page.getByRole("switch", { name: "Use sessions_list" }).click();
  await page.getByText("sessions_list is off: tools.deny was changed.").first().waitFor({ state: "attached" });
  const off = await denied();
  await page.getByRole("button", { name: "Why: sessions_list" }).click();
  await page.getByRole("dialog").getByText("tools.deny").last().waitFor();
  await page.keyboard.press("Escape");
  const focus = await page.evaluate("document.activeElement.getAttribute('aria-label')");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("sessions_list is on: tools.deny was changed.").first().waitFor({ state: "attached" });

  assert.deepEqual([off, await denied()], [["sessions_list"], []]);
  assert.equal(focus, "Why: sessions_list");
  assert.deepEqual(chat.problems, []);
});

test("a skill is switched off and on again", async () => {
  await using chat = await openWebChat(browser, gateway);
  const client = await gateway.connect({ scopes: ["operator.admin"] });
  const isDisabled = async () => (await client.call("skills.status", {})).skills[0].disabled;
  await open(chat);
  const use = chat.page.getByRole("switch", { name: "Use weather" });

  await use.click();
  await chat.page.getByText("weather is off.").waitFor({ state: "attached" });
  const off = await isDisabled();
  await use.click();
  await chat.page.getByText("weather is on.").waitFor({ state: "attached" });

  assert.deepEqual([off, await isDisabled()], [true, false]);
  assert.deepEqual(chat.problems, []);
});

test("a device that may only read sees no switch, no field and no button that would be refused", async () => {
  await using chat = await openWebChat(browser, gateway, { route: allowing(["operator.read"]) });
  await open(chat);

  const page = chat.page.locator("moltbot-agents");
  assert.equal(await page.getByRole("switch").count(), 0);
  assert.equal(await page.getByRole("combobox").count(), 0);
  assert.equal(await page.getByRole("button", { name: /^(?:Edit|Test|Ask again)/ }).count(), 0);
  assert.deepEqual(chat.problems, []);
});

test("what was typed in a page is not thrown away by a press beside it", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await open(chat);

  await page.getByRole("button", { name: "Edit USER.md" }).click();
  await page.getByRole("textbox", { name: "Text of USER.md" }).fill("Half a thought");
  await page.getByRole("button", { name: "Edit SOUL.md" }).click();
  await page.getByText("Save USER.md or take your change back first.").waitFor();

  assert.equal(await page.getByRole("textbox", { name: "Text of USER.md" }).inputValue(), "Half a thought");
  assert.deepEqual(chat.problems, []);
});

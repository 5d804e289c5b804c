// The automations page: what comes next, jobs with what became of them, and the heartbeat; live, on both sizes and themes.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
const client = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

/** Each test begins without jobs, also after one that failed. */
afterEach(async () => {
  const { jobs } = await client.call("cron.list", { includeDisabled: true });
  for (const { id } of jobs) await client.request("cron.remove", { id });
});

const job = (name: string, more: object = {}) => ({
  ...{ name, schedule: { kind: "every", everyMs: 2 * 3_600_000 }, sessionTarget: "main", wakeMode: "next-heartbeat" },
  ...{ payload: { kind: "systemEvent", text: `It is time for ${name}` }, ...more },
});

async function add(name: string, more: object = {}): Promise<string> {
  return (await client.call("cron.add", job(name, more))).id;
}

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: "Automations" }).click();
  await chat.page.getByRole("heading", { name: "Jobs and reminders" }).waitFor();
}

const card = (chat: WebChat, name: string) => chat.page.locator(".card-row", { hasText: name });

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can see what comes next, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const id = await add("Water the plants, all of them, also those on the stairs");
    await add("Tea", { enabled: false });
    await client.call("cron.run", { id, mode: "force" });
    await open(chat, size);
    await chat.page.getByText("ran just now").first().waitFor();
    await chat.page.getByText("ran just now").first().click();
    await chat.page.getByText("It is time for Water").waitFor();

    await inspect(chat, `automations-${size}`);

    // Fingers need 44 px; for a mouse the command to copy may be lower.
    const targets = "moltbot-automations button, moltbot-automations summary";
    const own = "moltbot-automations button:not(.copy-command), moltbot-automations summary";
    const small = await chat.page
      .locator(size === "phone" ? targets : own)
      .evaluateAll((all) =>
        all.map((each) => each.getBoundingClientRect()).filter(({ height, width }) => height < 44 || width < 44),
      );
    assert.deepEqual(small, []);
    assert.equal(await chat.page.locator(".firings li").count(), 10);
    assert.deepEqual(chat.problems, []);
  });
}

test("a job is run, paused and resumed, and the page shows it", async () => {
  await using chat = await openWebChat(browser, gateway);
  const id = await add("Stretch");
  await open(chat);
  const isEnabled = async () => (await client.call("cron.get", { id })).enabled;

  await chat.page.getByRole("button", { name: "Run now: Stretch" }).click();
  await card(chat, "Stretch").getByText("ran just now").waitFor();
  await chat.page.getByRole("button", { name: "Pause Stretch" }).click();
  await chat.page.getByRole("button", { name: "Resume Stretch" }).waitFor();
  const paused = await isEnabled();
  await chat.page.getByRole("button", { name: "Resume Stretch" }).click();
  await chat.page.getByRole("button", { name: "Pause Stretch" }).waitFor();

  assert.deepEqual([paused, await isEnabled()], [false, true]);
  assert.deepEqual(chat.problems, []);
});

test("a removal can be undone, and what is not undone is removed when the page is left", async () => {
  await using chat = await openWebChat(browser, gateway);
  const id = await add("Walk");
  await open(chat);

  await chat.page.getByRole("button", { name: "Remove Walk" }).click();
  await chat.page.getByText("“Walk” is removed.").waitFor();
  await chat.page.getByRole("button", { name: "Undo: keep Walk" }).click();
  await chat.page.getByRole("button", { name: "Pause Walk" }).waitFor();
  const kept = await client.call("cron.get", { id });
  await chat.page.getByRole("button", { name: "Remove Walk" }).click();
  await chat.page.getByText("“Walk” is removed.").waitFor();
  await chat.page.goBack();
  await chat.field.waitFor();

  assert.equal(kept.enabled, true);
  await untilGone(id);
  assert.deepEqual(chat.problems, []);
});

/** Resolves when there is no such job any more. */
async function untilGone(id: string): Promise<void> {
  while ((await client.request("cron.get", { id })).ok) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("what others add and what is said in a chat appears by itself", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);
  await chat.page.getByText("None yet.").waitFor();

  const id = await add("Fresh");
  await card(chat, "Fresh").waitFor();
  await client.call("cron.remove", { id });
  await card(chat, "Fresh").waitFor({ state: "detached" });
  await chat.page.goBack();
  await chat.say("remind me in 3 hours to rest");
  await chat.shows("I will remind you on");
  await chat.page.goForward();
  await card(chat, "rest").waitFor();

  const { reminders } = await client.call("reminders.list", {});
  const zone = await chat.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone");
  assert.deepEqual([reminders[0].text, reminders[0].tz], ["rest", zone]);
  assert.deepEqual(chat.problems, []);
});

test("a run that failed says so, with its reason", async () => {
  await using chat = await openWebChat(browser, gateway);
  await add("Broken", {
    sessionTarget: "isolated",
    payload: { kind: "agentTurn", message: "x", model: "none/none" },
  });
  await open(chat);

  await chat.page.getByRole("button", { name: "Run now: Broken" }).click();
  await card(chat, "Broken").getByText("failed just now").click();

  const said = (await card(chat, "Broken").locator(".said").textContent()) ?? "";
  assert.ok(said.length > 10, said);
});

test("a job explains itself, and is tried on a virtual clock without being run", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  const id = await add("Water", { schedule: { kind: "cron", expr: "0 8 * * *", tz: "UTC" } });
  await open(chat);

  await page.getByRole("button", { name: "Why: Water" }).click();
  const drawer = page.getByRole("dialog", { name: "Water" });
  await drawer.getByText(`moltbot cron simulate --job ${id} --days 7`).waitFor();
  await drawer.getByRole("button", { name: "Try it" }).click();
  await drawer.getByText("7 times.").waitFor();
  const asUsual = await drawer.locator(".tried .state").allTextContents();
  await drawer.getByLabel("The gateway is off").selectOption({ label: "for an hour when it is due" });
  await drawer.getByRole("button", { name: "Try it" }).click();
  await drawer.locator(".tried .state").filter({ hasText: "late" }).waitFor();
  await inspect(chat, "automations-try");
  await page.keyboard.press("Escape");

  const { entries } = await client.call("cron.runs", { id });
  assert.deepEqual(
    asUsual.map((text) => text.trim()),
    Array(7).fill("runs"),
  );
  assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-label')"), "Why: Water");
  assert.deepEqual([entries, chat.problems], [[], []]);
});

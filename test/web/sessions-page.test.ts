// The sessions page: found, explained, put away many at once; ten thousand scroll; two people see each other's changes.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { WebSocketRoute } from "playwright-core";
import { startBrowser } from "../support/browser.ts";
import { allowing, gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
const client = await gateway.connect({ scopes: ["operator.admin"], protocol: 4 });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

const LABELS = ["Holiday in Slovenia", "Broken bicycle", "وصفات الطبخ.", "Recipes"];
for (const [at, label] of LABELS.entries()) await client.call("sessions.patch", { key: `agent:main:s-${at}`, label });

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("button", { name: "Sessions", exact: true }).click();
  await row(chat, "Recipes").waitFor();
}

const row = (chat: WebChat, name: string) => chat.page.getByRole("row").filter({ hasText: name });

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`sessions are a table, or cards where there is little room, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    await open(chat, size);

    await chat.page.getByRole("checkbox", { name: "Choose Recipes" }).check();
    await inspect(chat, `sessions-page-${size}`);

    assert.deepEqual(chat.problems, []);
  });
}

test("a session is found by its name, explained and opened", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await open(chat);

  await page.getByRole("searchbox", { name: "Find a session by its name" }).fill("bicy");
  await row(chat, "Recipes").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Why: Broken bicycle" }).click();
  await page.getByRole("dialog").getByText("Somebody began it on this page or in a program.").waitFor();
  await page.getByRole("dialog").getByText("moltbot sessions show agent:main:s-1").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  const focus = await page.evaluate("document.activeElement.getAttribute('aria-label')");
  await row(chat, "Broken bicycle").locator(".row-link").click();

  await page.getByRole("heading", { name: "Broken bicycle", level: 1 }).waitFor();
  assert.equal(focus, "Why: Broken bicycle");
  assert.deepEqual(chat.problems, []);
});

test("several are put away at once, the other person sees it, and it can be undone", async () => {
  await using chat = await openWebChat(browser, gateway);
  await using other = await openWebChat(browser, gateway);
  await open(chat);
  await open(other);

  for (const name of ["Recipes", "Broken bicycle"])
    await chat.page.getByRole("checkbox", { name: `Choose ${name}` }).check();
  await chat.page.getByRole("button", { name: "Archive", exact: true }).click();
  await row(other, "Recipes").waitFor({ state: "detached" });
  await row(other, "Broken bicycle").waitFor({ state: "detached" });
  await chat.page.getByRole("button", { name: "Undo" }).click();
  await row(chat, "Broken bicycle").waitFor();

  await row(other, "Recipes").waitFor();
  assert.deepEqual([...chat.problems, ...other.problems], []);
});

test("on a phone, where titles are no buttons, a choice sorts", async () => {
  await using chat = await openWebChat(browser, gateway, { size: "phone" });
  await open(chat, "phone");
  const names = () => chat.page.locator("moltbot-table .row-link .title").allTextContents();
  const sorted = (await names()).toSorted(new Intl.Collator("en", { numeric: true }).compare);

  await chat.page.getByRole("combobox", { name: "Sort Sessions" }).selectOption({ label: "Conversation ↑" });
  const up = await names();
  await chat.page.getByRole("combobox", { name: "Sort Sessions" }).selectOption({ label: "Conversation ↓" });

  assert.deepEqual([up, await names()], [sorted, sorted.toReversed()]);
  assert.deepEqual(chat.problems, []);
});

test("ten thousand sessions scroll to the end with a few rows in the document", async () => {
  await using chat = await openWebChat(browser, gateway, { route: withMany(10_000) });
  const { page } = chat;
  await open(chat);
  await page.getByText("10,000 sessions").or(page.getByText("10000 sessions")).waitFor();

  await page.locator("moltbot-sessions .scroller").evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await row(chat, "Number 9995").waitFor();

  const rows = await page.locator("moltbot-table [role=row]").count();
  assert.ok(rows < 60, `${rows} rows are in the document`);
  assert.deepEqual(chat.problems, []);
});

test("a device that may only read can neither choose nor change", async () => {
  await using chat = await openWebChat(browser, gateway, { route: allowing(["operator.read"]) });
  await open(chat);

  await chat.page.getByRole("button", { name: "Actions for Recipes" }).last().click();

  const offered = await chat.page.getByRole("menuitem").allTextContents();
  assert.deepEqual(
    offered.map((text) => text.trim()),
    ["Save as Markdown", "Save as JSON"],
  );
  assert.equal(await chat.page.getByRole("checkbox", { name: /^Choose/ }).count(), 0);
});

/** Lets the page hear of so many sessions, the real ones among them. */
function withMany(count: number): (route: WebSocketRoute) => void {
  return (route) => {
    const gatewaySide = route.connectToServer();
    const asked = new Map<string, { limit: number; offset: number; archived: boolean }>();
    route.onMessage((text) => {
      const { id, method, params } = JSON.parse(String(text));
      if (method === "sessions.list") asked.set(id, { limit: 500, offset: 0, archived: false, ...params });
      gatewaySide.send(text);
    });
    gatewaySide.onMessage((text) => {
      const frame = JSON.parse(String(text));
      const params = frame.type === "res" ? asked.get(frame.id) : undefined;
      if (params === undefined || params.archived) return route.send(text);
      const { sessions } = frame.payload;
      const more = Array.from(
        { length: Math.max(0, Math.min(params.limit, count - params.offset) - sessions.length) },
        (_, at) => ({
          ...{
            key: `agent:main:n-${params.offset + at}`,
            kind: "direct",
            label: `Number ${params.offset + sessions.length + at}`,
          },
          ...{ updatedAt: 1_000_000 - params.offset - at, totalTokens: 0 },
        }),
      );
      route.send(JSON.stringify({ ...frame, payload: { ...frame.payload, sessions: [...sessions, ...more] } }));
    });
  };
}

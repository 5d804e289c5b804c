// The logs page: followed, filtered, explained and copied for a report; a hundred thousand lines stay quick.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

const file = () => join(gateway.stateDir, "logs", "gateway.log");
const write = (msg: string, more: object = {}) =>
  appendFileSync(file(), `${JSON.stringify({ time: new Date().toISOString(), level: "info", msg, ...more })}\n`);

async function open(chat: WebChat, size: keyof typeof SIZES = "desktop"): Promise<void> {
  await chat.signIn();
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
  await chat.page.getByRole("list", { name: "Gateway" }).getByRole("button", { name: "Logs" }).click();
  await chat.page.getByRole("list", { name: "Lines of the log" }).waitFor();
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can read the log, on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    write("رسالة لم تصل", {
      level: "error",
      channel: "telegram",
      account: "work",
      runId: "run-1",
      sessionKey: "agent:main:main",
    });
    write("a rate limit was met", { level: "warn", channel: "telegram", account: "work" });
    await open(chat, size);

    await inspect(chat, `logs-${size}`);

    assert.deepEqual(chat.problems, []);
  });
}

test("new lines come by themselves, filters narrow them, and a line leads to its run", async () => {
  await using chat = await openWebChat(browser, gateway);
  await open(chat);
  const lines = chat.page.getByRole("list", { name: "Lines of the log" });
  write("the kettle is on", { runId: "run-77" });
  await lines.getByText("the kettle is on").waitFor();

  await chat.page.getByRole("searchbox", { name: "Word" }).fill("KETTLE");
  await chat.page.getByText(/^1 line/).waitFor();
  await lines.getByRole("button").first().click();
  await chat.page.getByRole("button", { name: "Only this run" }).click();
  await chat.page.getByText("moltbot logs --follow --level debug --word KETTLE --run run-77").first().waitFor();

  assert.deepEqual(chat.problems, []);
});

test("a copy for a report holds no numbers and addresses", async () => {
  await using chat = await openWebChat(browser, gateway);
  write("a message from somebody", { peer: "+43 660 7654321", mail: "anna@example.org" });
  await open(chat);
  await chat.page.getByRole("searchbox", { name: "Word" }).fill("from somebody");

  await chat.page.getByRole("button", { name: "Copy for a report" }).click();
  await chat.page.getByText("are copied").waitFor();
  const copied = String(await chat.page.evaluate("navigator.clipboard.readText()"));

  assert.match(copied, /a message from somebody peer=\[number\] mail=\[address\]/);
  assert.deepEqual(chat.problems, []);
});

test("a hundred thousand lines are read and scrolled, with few of them in the document", async () => {
  await using chat = await openWebChat(browser, gateway);
  const many = Array.from(
    { length: 100_000 },
    (_, at) => `{"time":"2026-11-30T08:00:00.000Z","level":"info","msg":"l ${at}"}\n`,
  );
  appendFileSync(file(), many.join(""));
  await open(chat);

  await chat.page.getByRole("button", { name: "Read the whole file" }).click();
  await chat.page.getByText("100,000 lines", { exact: false }).waitFor();
  const longest = await chat.page.evaluate(`new Promise((resolve) => {
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((each) => each.duration))).observe({ type: "longtask" });
    const place = document.querySelector("moltbot-logs .scroller");
    let step = 0;
    const go = () => {
      place.scrollTop = (place.scrollHeight / 60) * step++;
      if (step <= 60) requestAnimationFrame(go);
      else setTimeout(() => resolve(Math.max(0, ...tasks)), 200);
    };
    go();
  })`);
  const inDocument = await chat.page.locator(".log-line").count();

  console.log(
    `longest task while scrolling 100,000 lines: ${Math.round(Number(longest))} ms, ${inDocument} lines in the document`,
  );
  assert.ok(inDocument < 100, String(inDocument));
  assert.deepEqual(chat.problems, []);
});

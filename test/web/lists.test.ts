// Lists of any length: few rows are in the document, and a step of scrolling draws few new ones and takes little of the
// processor. Long tasks are printed and not judged, because others work on this machine too.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { goTo } from "../support/control-page.ts";
import { manyJobs, manySessions, paged } from "../support/long-lists.ts";
import { gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";

const SESSIONS = 10_000;
const JOBS = 5_000;
const LINES = 100_000;

/** Rows that one step of scrolling may draw, and all that may be in the document: a window full of the smallest, three times. */
const MOST_DRAWN = 120;
const MOST_ROWS = 150;
/** What a step may take of the processor, ms; a person sees what is slower. */
const MOST_CPU_MS = 50;
const STEPS = 60;

const browser = await startBrowser();
const gateway = await gatewayWith();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

const sessions = paged("sessions.list", "sessions", SESSIONS, manySessions);
const jobs = paged("cron.list", "jobs", JOBS, manyJobs);

test("ten thousand conversations beside the page, of which the newest are listed and the rest is a press away", async () => {
  await using chat = await openWebChat(browser, gateway, { route: sessions });
  await chat.signIn();
  const list = chat.page.getByRole("list", { name: "Conversations", exact: true });
  await list.getByText("Number 3", { exact: true }).waitFor();

  const work = await scrolled(chat, { scroller: ".sessions", row: ".sessions > li" });
  await list.getByRole("button", { name: "All conversations…" }).click();
  await chat.page.getByRole("heading", { name: "Sessions", level: 1 }).waitFor();

  assertFlat("conversations beside the page", work);
  assert.deepEqual(chat.problems, []);
});

test("ten thousand sessions on their page", async () => {
  await using chat = await openWebChat(browser, gateway, { route: sessions });
  await chat.signIn();
  await goTo(chat, "sessions");
  await chat.page.getByText("10,000 sessions").or(chat.page.getByText("10000 sessions")).waitFor();

  const work = await scrolled(chat, { scroller: "moltbot-sessions .scroller", row: "moltbot-table [role=row]" });

  assertFlat("10,000 sessions", work);
  await chat.page.getByRole("row").filter({ hasText: "Number 9998" }).waitFor();
  assert.deepEqual(chat.problems, []);
});

test("five thousand jobs, one of them found by its name", async () => {
  await using chat = await openWebChat(browser, gateway, { route: jobs });
  const { page } = chat;
  await chat.signIn();
  await goTo(chat, "automations");
  await page.getByText("5000 jobs").waitFor();

  const work = await scrolled(chat, { scroller: "moltbot-automations .scroller", row: ".jobs > li" });
  await page.locator("[data-job]").filter({ hasText: "Job 4999" }).waitFor();
  await page.getByRole("searchbox", { name: "Find a job by its name" }).fill("job 4321");
  await page.getByText("1 job", { exact: true }).waitFor();

  assertFlat("5,000 jobs", work);
  assert.deepEqual(await page.locator("[data-job] h3").allTextContents(), ["Job 4321"]);
  assert.deepEqual(chat.problems, []);
});

test("a list that nobody touches rests", async () => {
  await using chat = await openWebChat(browser, gateway, { route: sessions });
  const { page } = chat;
  await page.addInitScript(`{
    const Observer = window.ResizeObserver;
    window.looks = 0;
    window.ResizeObserver = class extends Observer {
      constructor(tell) { super((...told) => { window.looks++; tell(...told); }); }
    };
  }`);
  await chat.signIn();
  await page.getByRole("list", { name: "Conversations", exact: true }).getByText("Number 3", { exact: true }).waitFor();
  const frames = (count: number) =>
    `new Promise((done) => { let left = ${count}; const next = () => (left-- > 0 ? requestAnimationFrame(next) : done(looks)); next(); })`;

  const before = Number(await page.evaluate(frames(30)));
  const looks = Number(await page.evaluate(frames(60))) - before;

  assert.ok(before > 0, "nothing was measured at all");
  assert.ok(looks < 10, `it was measured ${looks} times in 60 frames`);
});

test("a hundred thousand lines of the log", async () => {
  await using chat = await openWebChat(browser, gateway);
  const lines = Array.from(
    { length: LINES },
    (_, at) => `{"time":"2026-11-30T08:00:00.000Z","level":"info","msg":"l ${at}","channel":"telegram"}\n`,
  );
  appendFileSync(join(gateway.stateDir, "logs", "gateway.log"), lines.join(""));
  await chat.signIn();
  await goTo(chat, "logs");

  await chat.page.getByRole("button", { name: "Read the whole file" }).click();
  await chat.page.getByText("100,000 lines", { exact: false }).waitFor();
  const work = await scrolled(chat, { scroller: "moltbot-logs .scroller", row: "moltbot-list [role=listitem]" });

  assertFlat("100,000 lines", work);
  assert.deepEqual(chat.problems, []);
});

/**
 * What scrolling to the end took: rows that a step drew, at most; rows that were in the document, at most; the processor's time
 * for a step, on the average; long tasks in ms.
 */
interface Work {
  readonly drawn: number;
  readonly rows: number;
  readonly cpuMs: number;
  readonly tasks: readonly number[];
}

/** Scrolls to the end in sixty steps, as somebody does who pulls the bar. */
async function scrolled({ page }: WebChat, { scroller, row }: { scroller: string; row: string }): Promise<Work> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
  };
  const before = await busy();
  const work = (await page.evaluate(`new Promise((resolve) => {
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((each) => Math.round(each.duration)))).observe({ type: "longtask" });
    const place = document.querySelector(${JSON.stringify(scroller)});
    let [step, drawn, rows, added] = [0, 0, 0, 0];
    const observer = new MutationObserver((records) => {
      for (const { addedNodes } of records)
        for (const node of addedNodes) if (node.nodeType === 1 && node.matches(${JSON.stringify(row)})) added++;
    });
    observer.observe(place, { childList: true, subtree: true });
    const go = () => {
      drawn = Math.max(drawn, added);
      added = 0;
      rows = Math.max(rows, document.querySelectorAll(${JSON.stringify(row)}).length);
      place.scrollTop = (place.scrollHeight / ${STEPS}) * step++;
      if (step <= ${STEPS} + 2) return requestAnimationFrame(() => requestAnimationFrame(go));
      place.scrollTop = place.scrollHeight;
      setTimeout(() => resolve({ drawn, rows, tasks }), 200);
    };
    go();
  })`)) as Work;
  return { ...work, cpuMs: ((await busy()) - before) / STEPS };
}

function assertFlat(what: string, { drawn, rows, cpuMs, tasks }: Work): void {
  const long = tasks.length === 0 ? "no task over 50 ms" : `tasks over 50 ms: ${tasks.join(", ")}`;
  console.log(
    `${what}: at most ${drawn} rows drawn at a step, ${rows} in the document, ${cpuMs.toFixed(1)} ms of the processor for each, ${long}`,
  );
  assert.ok(drawn > 0, "scrolling drew nothing");
  assert.ok(drawn <= MOST_DRAWN, `a step drew ${drawn} rows`);
  assert.ok(cpuMs < MOST_CPU_MS, `a step takes ${cpuMs} ms of the processor`);
  assert.ok(rows <= MOST_ROWS, `${rows} rows are in the document`);
}

// How soon each page of the control page is useful. Other work on this machine changes the times, so they are printed; what is
// judged is how much a page fetches before it is useful.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { IS_USEFUL, PAGES } from "../support/control-page.ts";
import { dropping, gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

/** The shell, what pages share, the page, and one part that comes while it is read. */
const MOST_SCRIPTS = 4;

/** Notes when a page is useful, from the moment at which it was asked for, and what was fetched until then. */
const WATCH = `window.useful = new Promise((resolve) => {
  const look = () => {
    if (!${IS_USEFUL}) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => {
      const fetched = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"));
      resolve({ ms: performance.now(), scripts: fetched.length });
    }));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true, attributes: true });
});`;

test("each page is useful soon on a slow phone, from the cached shell and without it", async () => {
  await using chat = await openWebChat(browser, gateway, { size: "phone" });
  await chat.signIn();
  await chat.page.evaluate("navigator.serviceWorker.ready");
  await chat.page.addInitScript(WATCH);

  const figures: Record<string, unknown>[] = [];
  for (const [id, label] of PAGES) {
    const cold = await timeOf(chat, id, { isCold: true, slowdown: 4 });
    const cached = await timeOf(chat, id, { isCold: false, slowdown: 1 });
    figures.push({ page: label, "cold, slowed 4 times": cold.ms, cached: cached.ms, scripts: cold.scripts });
  }

  console.table(figures);
  assert.deepEqual(
    figures.filter(({ scripts }) => Number(scripts) > MOST_SCRIPTS),
    [],
  );
  assert.deepEqual(chat.problems, []);
});

test("no list is asked for twice when the page connects", async () => {
  const asked: string[] = [];
  const route = dropping(({ method = "" }, from) => {
    if (from === "page" && /\.(?:list|status)$|^health$/.test(method)) asked.push(method);
    return false;
  });
  await using chat = await openWebChat(browser, gateway, { route });
  await chat.signIn();

  // With and without the open conversation these are two questions.
  const lists = asked.filter((method) => method !== "usage.status");
  assert.deepEqual(lists, [...new Set(lists)]);
  assert.ok(lists.includes("node.pair.list"));
});

interface Useful {
  readonly ms: number;
  readonly scripts: number;
}

/** Opens a page with a slowed processor; a cold one has nothing of it in any cache. */
async function timeOf(
  { page }: WebChat,
  id: string,
  { isCold, slowdown }: { readonly isCold: boolean; readonly slowdown: number },
): Promise<Useful> {
  const devtools = await page.context().newCDPSession(page);
  await page.goto("about:blank");
  if (isCold) {
    await devtools.send("Storage.clearDataForOrigin", {
      origin: gateway.httpUrl,
      storageTypes: "service_workers,cache_storage",
    });
    await devtools.send("Network.clearBrowserCache");
  }
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  await page.goto(`${gateway.httpUrl}/#${id}`);
  const useful = (await page.evaluate("window.useful")) as Useful;
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await devtools.detach();
  return { ...useful, ms: Math.round(useful.ms) };
}

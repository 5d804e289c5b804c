// Pages of the canvas in a real browser: they load again by themselves, on both ports, and reach nothing of the gateway's own.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { startBrowser } from "../support/browser.ts";
import { canvasStage } from "../support/canvas.ts";
import { untilTrue } from "../support/in-page.ts";

const browser = await startBrowser();
const stage = await canvasStage();
after(async () => {
  await browser.close();
  await stage[Symbol.asyncDispose]();
});
const { gateway, port, write } = stage;
const admin = await gateway.connect({ scopes: ["operator.admin"] });

/** A page that says what it can reach, in its title. */
const PROBE = `<!doctype html><html><head><link rel="stylesheet" href="probe.css"></head><body><p>first</p>
<script src="probe.js"></script></body></html>`;
write("probe.html", PROBE);
write("probe.css", "p { color: rgb(1, 2, 3) }");
write(
  "probe.js",
  `const found = [];
const attempt = (name, work) => Promise.resolve().then(work).then(() => found.push(name), () => "refused");
const connected = new Promise((resolve, reject) => {
  const socket = new WebSocket("ws://127.0.0.1:${gateway.port}/");
  socket.onopen = resolve;
  socket.onerror = reject;
});
Promise.all([
  attempt("storage", () => localStorage.getItem("x")),
  attempt("cookie", () => document.cookie),
  attempt("gateway", () => connected),
]).then(() => { document.title = ["done", origin, ...found].join(" "); });`,
);

async function opened(url: string): Promise<{ page: Page } & AsyncDisposable> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  return { page, [Symbol.asyncDispose]: () => context.close() };
}

/** What the page says of itself once it is done. */
async function said(page: Page): Promise<string> {
  await untilTrue(page, "document.title.startsWith('done')");
  return await page.title();
}

const PLACES = [
  ["on its own port", port, `done http://127.0.0.1:${port} storage cookie`],
  ["on the gateway's port", gateway.port, "done null"],
] as const;

for (const [where, at, reaches] of PLACES) {
  describe(where, () => {
    test("a page has its style and script, and reaches no connection of the gateway", async () => {
      await using window = await opened(`http://127.0.0.1:${at}/__moltbot__/canvas/probe.html`);

      const title = await said(window.page);
      const color = await window.page.evaluate("getComputedStyle(document.querySelector('p')).color");

      assert.equal(title, reaches);
      assert.equal(color, "rgb(1, 2, 3)");
    });

    test("a page loads again when its file changes", async () => {
      write("live.html", "<p>one</p>");
      await using window = await opened(`http://127.0.0.1:${at}/__clawdbot__/canvas/live.html`);
      await window.page.getByText("one").waitFor();
      await untilTrue(window.page, "performance.getEntriesByType('navigation').length === 1");
      while ((await admin.call("canvas.status")).viewers === 0) await window.page.waitForTimeout(20);

      write("live.html", "<p>two</p>");

      await window.page.getByText("two").waitFor();
    });
  });
}

test("the address of a screen shows it, and what is drawn later", async () => {
  await admin.call("canvas.push", { sessionKey: "main", jsonl: LAMPS });
  const { url } = await admin.call("canvas.open", { page: "screen", sessionKey: "main" });

  await using window = await opened(url);
  await window.page.getByText("Lamps").waitFor();
  const title = { id: "h", component: { Text: { text: { literalString: "Lights" } } } };
  const components = [title];
  await admin.call("canvas.push", { jsonl: JSON.stringify({ surfaceUpdate: { surfaceId: "main", components } }) });

  await window.page.getByText("Lights").waitFor();
});

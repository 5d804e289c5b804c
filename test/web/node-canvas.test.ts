// The canvas in the page of a node: pages and surfaces over the whole page, in a frame that reaches nothing of ours.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { asking, invitation, type NodeWindow, openNodeWindow } from "../support/node-page.ts";
import { SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

/** Not this machine's to the browser: over plain http it is no secure context. */
const FAR = "gateway.test";

/** Tries what a page of an agent must not reach. */
const TODAY = `<!doctype html><title>Today</title><h1>Today</h1><p id="reach"></p><script>
const tries = [];
const attempt = (name, work) => { try { work(); tries.push(name + " yes"); } catch { tries.push(name + " no"); } };
attempt("storage", () => localStorage.length);
attempt("parent", () => parent.document.title);
document.getElementById("reach").textContent = tries.join(", ") + ", origin " + origin + ", referrer " + (document.referrer || "none");
</script>`;

/** A gateway with a page on its canvas. */
async function gatewayOf(canvasHost: object) {
  const root = join(mkdtempSync(join(tmpdir(), "moltbot-node-canvas-")), "canvas");
  mkdirSync(root);
  writeFileSync(join(root, "today.html"), TODAY);
  const config = {
    models: { detectLocal: false },
    gateway: { allowedHosts: [FAR] },
    canvasHost: { root, ...canvasHost },
  };
  return await testGateway({ config: JSON.stringify(config) });
}

const gateway = await gatewayOf({ port: 0 });
/** Its canvas has no port of its own, because another program has it. */
const taken = createServer().listen(0, "127.0.0.1");
await once(taken, "listening");
const crowded = await gatewayOf({ port: (taken.address() as { port: number }).port });
const browser = await startBrowser([`--host-resolver-rules=MAP ${FAR} 127.0.0.1`]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await crowded[Symbol.asyncDispose]();
  taken.close();
});
const ask = await asking(gateway);
const { fields } = await gateway.logged("the canvas listens");
const CANVAS = `http://127.0.0.1:${fields.port}`;

const SURFACE: readonly unknown[] = LAMPS.split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line));

interface Sent {
  readonly id?: string;
  readonly method?: string;
  readonly params?: { readonly event?: string; readonly payloadJSON?: string };
}

/** A node, and all frames that it sent. With `isLate` the address that hello-ok tells has ended. */
async function node(window: NodeWindow, name: string, { isLate = false } = {}): Promise<Sent[]> {
  const sent: Sent[] = [];
  await window.page.routeWebSocket(/.*/, (route) => {
    const server = route.connectToServer();
    route.onMessage((text) => {
      sent.push(JSON.parse(String(text)));
      server.send(text);
    });
    server.onMessage((text) => {
      const frame = JSON.parse(String(text));
      const isHello = frame.payload?.type === "hello-ok";
      if (isLate && isHello) frame.payload.pluginSurfaceUrls.canvas = `${CANVAS}/__openclaw__/cap/${"x".repeat(24)}`;
      route.send(JSON.stringify(frame));
    });
  });
  await window.join(await invitation(gateway, name));
  return sent;
}

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`a page of the canvas is shown in full view and reaches nothing of ours, on a ${size}, light and dark`, async () => {
    await using window = await openNodeWindow(browser, gateway, { size });
    const { page } = window;
    const name = `panel-${size}`;
    await node(window, name);

    const shown = await ask(name, "canvas.present", { url: "today.html" });
    const frame = page.frameLocator("iframe");
    await frame.getByRole("heading", { name: "Today" }).waitFor();
    const reached = await frame.locator("#reach").textContent();
    const attributes = await page
      .locator("iframe")
      .evaluate((each) => ["sandbox", "allow", "referrerpolicy"].map((attribute) => each.getAttribute(attribute)));
    const box = await page.locator("iframe").boundingBox();
    await inspect(window, `node-canvas-${size}`);
    const elsewhere = await ask(name, "canvas.navigate", { url: "https://example.com/" });
    const hidden = await ask(name, "canvas.hide");
    await page.locator("iframe").waitFor({ state: "hidden" });
    const [evaluating] = await Promise.all([ask(name, "canvas.eval", { javaScript: "1" })]);

    assert.deepEqual([shown, hidden], [{}, {}]);
    assert.equal(reached, "storage no, parent no, origin null, referrer none");
    assert.deepEqual(attributes, ["allow-scripts", "", "no-referrer"]);
    const { width, height } = page.viewportSize()!;
    assert.equal(box?.width, width);
    assert.ok(box!.height > height - 60, `${box!.height} of ${height}`);
    assert.match(elsewhere, /^INVALID_REQUEST: this browser shows pages of the gateway's canvas alone/);
    assert.equal(evaluating, "node command not allowed");
  });
}

test("surfaces are drawn, refused in the words of their page, and cleared", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await node(window, "board");
  const drawn = window.page.frameLocator("iframe").getByRole("heading", { name: "Lamps" });

  const pushed = await ask("board", "canvas.a2ui.push", { messages: SURFACE });
  await drawn.waitFor();
  const lines = await ask("board", "canvas.a2ui.pushJSONL", { jsonl: `\n${LAMPS}\n` });
  const refused = await ask("board", "canvas.a2ui.push", { messages: [SURFACE[0], { nothing: true }] });
  const notJson = await ask("board", "canvas.a2ui.pushJSONL", { jsonl: `${JSON.stringify(SURFACE[0])}\n{oops` });
  const empty = await ask("board", "canvas.a2ui.pushJSONL", { jsonl: "\n" });
  await ask("board", "canvas.hide");
  const hidden = await drawn.isVisible();
  await ask("board", "canvas.present");
  await drawn.waitFor();
  await ask("board", "canvas.hide");
  const shownAgain = await ask("board", "canvas.a2ui.push", { messages: SURFACE });
  const reset = await ask("board", "canvas.a2ui.reset");
  await drawn.waitFor({ state: "detached" });

  assert.deepEqual(pushed, { ok: true, surfaces: ["main"] });
  assert.deepEqual(lines, { ok: true, surfaces: ["main"] });
  assert.match(refused, /^INVALID_REQUEST: line 2: the message has no "nothing"; /);
  assert.equal(notJson, "INVALID_REQUEST: line 2 is not JSON");
  assert.equal(empty, "INVALID_REQUEST: no JSONL messages found");
  assert.equal(hidden, false);
  assert.deepEqual(shownAgain, { ok: true, surfaces: ["main"] });
  assert.deepEqual(reset, { ok: true });
  assert.deepEqual(window.problems, []);
});

/** What the page sent of presses, in order. */
const presses = (sent: readonly Sent[]) =>
  sent
    .filter(({ params }) => params?.event === "agent.request")
    .map(({ params }) => JSON.parse(params?.payloadJSON ?? "null"));

test("a press on a surface goes to the agent as one line, and only when it is small and from the frame", async () => {
  await using window = await openNodeWindow(browser, gateway);
  const sent = await node(window, "wall");
  const { page } = window;
  await ask("wall", "canvas.a2ui.push", { messages: SURFACE });

  await page.evaluate(`postMessage({ userAction: { id: "forged", name: "pay" } }, "*")`);
  await page
    .frames()[1]!
    .evaluate(`parent.postMessage({ userAction: { id: "large", name: "apply", context: "x".repeat(20_000) } }, "*")`);
  await page.frameLocator("iframe").getByRole("button", { name: "Apply" }).click();
  await page.locator(".journal").getByText("canvas: apply").waitFor({ state: "attached" });

  const [{ message, key, ...rest }, ...others] = presses(sent);
  assert.match(
    message,
    /^CANVAS_A2UI action=apply session=main surface=main component=go host=wall instance=[\w-]+ ctx=\{"scene":"Dinner"\} default=update_canvas$/,
  );
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, { sessionKey: "main", thinking: "low", deliver: false });
  assert.deepEqual(others, []);
});

test("of many presses in a second five go to the agent", async () => {
  await using window = await openNodeWindow(browser, gateway);
  const sent = await node(window, "drum");
  const { page } = window;
  await ask("drum", "canvas.a2ui.push", { messages: SURFACE });

  // All in one turn of the frame's own loop, so that no second passes between them.
  const press = `{ userAction: { id: "a" + i, name: "apply", surfaceId: "main" } }`;
  await page.frames()[1]!.evaluate(`for (let i = 1; i < 10; i++) parent.postMessage(${press}, "*")`);
  await ask("drum", "canvas.a2ui.reset");
  await page.locator(".journal").getByText("canvas: apply").nth(4).waitFor({ state: "attached" });

  assert.deepEqual(
    presses(sent).map(({ key }) => key),
    ["a1", "a2", "a3", "a4", "a5"],
  );
});

test("the page asks for a fresh address before it opens a page, and a surface stays as it is", async () => {
  await using window = await openNodeWindow(browser, gateway);
  const sent = await node(window, "late", { isLate: true });
  const refreshes = () => sent.filter(({ method }) => method === "node.pluginSurface.refresh").length;

  const pushed = await ask("late", "canvas.a2ui.push", { messages: SURFACE });
  const again = await ask("late", "canvas.a2ui.push", { messages: SURFACE });
  const asked = refreshes();
  await ask("late", "canvas.present", { url: "today.html" });
  await window.page.frameLocator("iframe").getByRole("heading", { name: "Today" }).waitFor();

  assert.deepEqual(pushed, { ok: true, surfaces: ["main"] });
  assert.deepEqual(again, { ok: true, surfaces: ["main"] });
  assert.deepEqual([asked, refreshes()], [1, 2]);
});

test("the canvas can be closed by hand and opened again, and the gateway's own pages are no canvas", async () => {
  await using window = await openNodeWindow(browser, gateway);
  await node(window, "desk");
  const { page } = window;
  await ask("desk", "canvas.present");
  await page.frameLocator("iframe").getByText("Nothing").first().waitFor({ state: "attached" });

  await page.getByRole("button", { name: "Close the canvas" }).click();
  await page.locator("iframe").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Show the canvas" }).click();
  await page.frameLocator("iframe").getByText("Nothing").first().waitFor({ state: "attached" });
  const ours = await ask("desk", "canvas.present", { url: `${gateway.httpUrl}/` });

  assert.match(ours, /^INVALID_REQUEST: this browser shows pages of the gateway's canvas alone/);
});

test("over plain http the canvas is shown all the same, when the gateway shows it to anybody", async () => {
  await using window = await openNodeWindow(browser, gateway, { permissions: [] });
  const { page } = window;
  await page.route("**/__moltbot__/canvas/**", (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><h1>Today</h1>" }),
  );

  await page.goto(`http://${FAR}:${gateway.port}/node`);
  await page.getByRole("button", { name: "Show the canvas" }).click();
  await page.frameLocator("iframe").getByRole("heading", { name: "Today" }).waitFor();

  // The browser itself complains here that the address is not to be trusted, so its console is not empty.
  assert.equal(await page.evaluate("isSecureContext"), false);
});

test("a canvas without a port of its own is shown from the gateway's, and draws there too", async () => {
  await using window = await openNodeWindow(browser, crowded);
  await window.join(await invitation(crowded, "crowded"));
  const askCrowded = await asking(crowded);
  const frame = window.page.frameLocator("iframe");

  await askCrowded("crowded", "canvas.present", { url: "today.html" });
  await frame.getByRole("heading", { name: "Today" }).waitFor();
  const address = await window.page.locator("iframe").getAttribute("src");
  const pushed = await askCrowded("crowded", "canvas.a2ui.push", { messages: SURFACE });
  await frame.getByRole("heading", { name: "Lamps" }).waitFor();

  assert.match(address!, /^http:\/\/127\.0\.0\.1:\d+\/__openclaw__\/cap\/[\w-]{24}\/__moltbot__\/canvas\/today\.html$/);
  assert.equal(new URL(address!).origin, crowded.httpUrl);
  assert.deepEqual(pushed, { ok: true, surfaces: ["main"] });
  assert.deepEqual(window.problems, []);
});

for (const page of ["/", "/node"])
  test(`${page} shows frames of the canvas's origin and of no other`, async () => {
    const { headers } = await fetch(`${gateway.httpUrl}${page}`);

    const frames = /frame-src ([^;]*)/.exec(headers.get("content-security-policy")!)?.[1];

    assert.equal(frames, `'self' ${CANVAS}`);
  });

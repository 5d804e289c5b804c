import assert from "node:assert/strict";
import { test } from "node:test";
import { a2uiAddress, pageAddress } from "./address.ts";

const BASE = "http://gw.example:18793/__openclaw__/cap/key";

const GOOD: readonly [url: string, address: string][] = [
  ["", `${BASE}/__moltbot__/a2ui/?platform=web`],
  ["/", `${BASE}/__moltbot__/a2ui/?platform=web`],
  ["today.html", `${BASE}/__moltbot__/canvas/today.html`],
  ["/today.html?x=1#y", `${BASE}/__moltbot__/canvas/today.html?x=1#y`],
  ["/__clawdbot__/canvas/a/b.html", `${BASE}/__clawdbot__/canvas/a/b.html`],
  ["clawdbot-canvas://main/a.html", `${BASE}/__moltbot__/canvas/a.html`],
  [`${BASE}/__moltbot__/canvas/a.html`, `${BASE}/__moltbot__/canvas/a.html`],
  ["http://gw.example:18793/__openclaw__/cap/other/__moltbot__/canvas/a.html", `${BASE}/__moltbot__/canvas/a.html`],
  ["http://gw.example:18793/__moltbot__/canvas/a.html", `${BASE}/__moltbot__/canvas/a.html`],
];

for (const [url, address] of GOOD)
  test(`the canvas shows ${JSON.stringify(url)}`, () => {
    assert.equal(pageAddress(url, BASE), address);
    assert.equal(pageAddress(url, `${BASE}/`), address);
  });

for (const url of [
  "https://example.com/",
  "http://gw.example:18789/__moltbot__/canvas/a.html",
  "//example.com/x",
  "javascript:alert(1)",
  "data:text/html,x",
  "file:///etc/passwd",
  "/../../../../chat",
  "/__moltbot__/../../../../../node",
])
  test(`the canvas does not show ${url}`, () => {
    assert.throws(
      () => pageAddress(url, BASE),
      /^Error: INVALID_REQUEST: this browser shows pages of the gateway's canvas alone/,
    );
  });

test("a base without a key is a base too", () => {
  assert.equal(pageAddress("a.html", "http://gw:1"), "http://gw:1/__moltbot__/canvas/a.html");
  assert.equal(a2uiAddress("http://gw:1/"), "http://gw:1/__moltbot__/a2ui/?platform=web");
});

// Browsers that keep nothing, whose clock is wrong, or whose languages are not what they should be.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const gateway = await gatewayWith();
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

const refusing = (error: string) => `const refuse = () => { throw new DOMException("no", "${error}"); };`;
const clockAt = (offMs: number) => `
  const Right = Date;
  window.Date = class extends Right {
    constructor(...given) { given.length > 0 ? super(...given) : super(Right.now() + ${offMs}); }
    static now() { return Right.now() + ${offMs}; }
  };`;
const YEAR_MS = 366 * 86_400_000;

/** What the browser's scripts find, before those of the page run. */
const ODD: readonly [what: string, script: string][] = [
  [
    "whose storage is blocked",
    `${refusing("SecurityError")}
     for (const name of ["localStorage", "sessionStorage", "indexedDB"])
       Object.defineProperty(window, name, { get: refuse });`,
  ],
  [
    "whose storage is full",
    `${refusing("QuotaExceededError")} Storage.prototype.setItem = refuse; IDBFactory.prototype.open = refuse;`,
  ],
  [
    "whose languages have no form that dates could follow",
    `Object.defineProperty(navigator, "languages", { get: () => ["en-US@posix", "de-", "__proto__", ""] });`,
  ],
  ["whose clock is a year ahead", clockAt(YEAR_MS)],
  ["whose clock is a year behind", clockAt(-YEAR_MS)],
];

for (const [what, script] of ODD)
  test(`a browser ${what} signs in, asks, is answered and opens pages`, async () => {
    await using chat = await openWebChat(browser, gateway);
    await chat.page.addInitScript(script);

    await chat.signIn();
    await chat.say("/version");
    await chat.shows(/^\s*moltbot \d/);
    await chat.page.evaluate(`location.hash = "overview"`);
    await chat.page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();

    assert.deepEqual(chat.problems, []);
  });

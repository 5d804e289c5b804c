// What a reader sees of a message: its direction, tables, code, formulas, files; and the page without its gateway.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

const REPLY = `مرحبا. كيف حالك؟

Water is H~2~O, this is ~~wrong~~, and it costs $5 or $10.

Tea is old.[^1] So is [^coffee].

[^1]: Shennong, **2737 BC**,
  as it is told.
[^coffee]: From <b>Kaffa</b>.

The rule: $a^2 + b^2 = c^2$

$$\\int_0^1 x\\,dx = \\frac{1}{2}$$

- [x] done
- [ ] to do

| item | price | what one has to know about it before one buys it |
|:--|--:|:-:|
| tea | 4 | green, from the first harvest of the year |

\`\`\`js
const answer = 42; // colours
\`\`\``;

/** A picture of one pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`a reply with everything in it reads well on a ${size}, light and dark`, async () => {
    model.script({ kind: "text", text: REPLY });
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    await chat.signIn();
    if (size === "desktop") await page.getByRole("button", { name: "New conversation" }).click();

    await chat.say("Show me everything");
    await page.locator("math").nth(1).waitFor();
    await page.locator(".hljs-keyword").waitFor();
    await inspect(chat, `reading-${size}`);

    const directions = await page
      .locator(".block")
      .evaluateAll((blocks) => blocks.map((block) => getComputedStyle(block).direction));
    const aligned = await page
      .locator("td")
      .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).textAlign));
    const markers = await page
      .locator("li:has(> input)")
      .evaluateAll((items) => items.map((item) => getComputedStyle(item).listStyleType));
    assert.deepEqual(directions.slice(0, 2), ["rtl", "ltr"]);
    assert.deepEqual(aligned, ["left", "right", "center"]);
    assert.deepEqual(markers, ["none", "none"]);
    assert.deepEqual(await page.locator(".markdown del").allTextContents(), ["wrong"]);
    assert.equal(await page.locator("article .markdown p", { hasText: "it costs $5 or $10" }).count(), 1);
    assert.deepEqual(await page.locator("article .note-mark").allTextContents(), ["1", "coffee", "1", "coffee"]);
    assert.deepEqual(await page.locator("article .note").allTextContents(), [
      "1 Shennong, 2737 BC, as it is told.",
      "coffee From <b>Kaffa</b>.",
    ]);
    assert.deepEqual(chat.problems, []);
  });
}

test("an answer that was cut off says so, and goes on by a click", async () => {
  model.script({ kind: "turn", text: "Once upon a", isCutOff: true }, { kind: "text", text: "time." });
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.say("A story");
  await chat.page.getByText("The answer was cut off").waitFor();
  await chat.page.getByRole("button", { name: "Continue" }).click();
  await chat.shows("time.");

  assert.deepEqual(chat.problems, []);
});

test("a PDF is taken, and a picture opens large", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.getByRole("button", { name: "New conversation" }).click();
  const asked = model.next();

  await page.locator("input[type=file]").setInputFiles([
    { name: "paper.pdf", mimeType: "application/pdf", buffer: pdfOf("The secret word is rhubarb") },
    { name: "dot.png", mimeType: "image/png", buffer: PNG },
  ]);
  await page.getByRole("button", { name: "Remove dot.png" }).waitFor();
  await chat.say("What is in it?");
  const sent = JSON.stringify((await asked).body.messages); // reading a PDF takes a process of its own
  await chat.shows("Hello from the model.");
  await page.getByTitle("Show it large").click();
  await page.getByRole("dialog", { name: "dot.png" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog", { name: "dot.png" }).waitFor({ state: "detached" });

  assert.match(sent, /rhubarb/);
  assert.deepEqual(chat.problems, []);
});

/** The smallest PDF that says something. */
function pdfOf(text: string): Buffer {
  const stream = `BT /F1 24 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const at = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  const xref = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`;
  return Buffer.from(
    `${body}${xref}trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF\n`,
  );
}

test("thousands of formulas are set a few at a time, and the page goes on meanwhile", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  model.script({ kind: "text", text: Array.from({ length: 3_000 }, (_, at) => `$x_{${at}}$`).join(" ") });
  await chat.say("All of them");

  const framesBetween = await page.evaluate(`new Promise((done) => {
    let frames = 0;
    const look = () => {
      const [set, open] = [document.querySelector(".math.set"), document.querySelector(".math:not(.set)")];
      if (set && !open) return done(frames);
      if (set && open) frames++;
      requestAnimationFrame(look);
    };
    look();
  })`);

  assert.ok(Number(framesBetween) > 2, `${framesBetween} frames were drawn meanwhile`);
  assert.equal(await chat.messages.last().locator(".math.set math").count(), 3_000);
  assert.deepEqual(chat.problems, []);
});

test("a formula has the colours that it names, and no other style", async () => {
  const text = String.raw`$$\color{red} x + \textcolor{#0000FF}{y} + \fcolorbox{red}{yellow}{z}$$`;
  model.script({ kind: "text", text });
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.say("Colours");
  const letters = chat.messages.last().locator(".math.set mi");
  await letters.nth(1).waitFor();

  const colours = await letters.evaluateAll((all) => all.map((each) => getComputedStyle(each).color));
  const styled = await chat.messages.last().locator(".math.set [style]").count();
  assert.deepEqual([colours.slice(0, 2), styled], [["rgb(255, 0, 0)", "rgb(0, 0, 255)"], 0]);
  assert.deepEqual(chat.problems, []);
});
const BEGINNINGS = ["\\(", "$$ ", "~~a ", "\\[\n", "***a_", "[a][", "> ", "1. ", "| a |\n|-|\n", "<!-- "];

test("an answer of nothing but beginnings is shown like any other", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();

  for (const [at, beginning] of BEGINNINGS.entries()) {
    await chat.page.getByRole("button", { name: "New conversation" }).first().click();
    model.script({ kind: "text", text: `${beginning.repeat(10_000)}\n\nThe end of ${at}.` });
    await chat.say(`Begin ${at}`);
    await chat.shows(`The end of ${at}.`);
  }

  assert.deepEqual(chat.problems, []);
});

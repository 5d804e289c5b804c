import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { fileToSend, gatewayWith, openWebChat, SIZES, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

/** One of everything that a reply can hold. */
const TOUR = `Here is a **small tour** with \`code\` and [a link](https://example.com).

## A heading

1. First
2. Second
   - nested

> A quotation.

\`\`\`ts
export function greet(name: string): string {
  return \`Hello, \${name}! This line is long enough that it has to scroll instead of breaking the layout apart.\`;
}
\`\`\`

| city | note |
|---|---|
| Vienna | coffee |`;

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`everyone can use WebChat on a ${size}, light and dark, and its content policy holds`, async () => {
    await using chat = await openWebChat(browser, gateway, { size });
    const { page } = chat;
    const look = (name: string) => inspect(chat, `${name}-${size}`);

    await page.goto(gateway.httpUrl);
    await page.getByLabel("Token or password").waitFor();
    await look("sign-in");
    await chat.signIn();
    await openMenu(chat, size);
    await look("conversations");
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.getByRole("heading", { name: "How can I help?" }).waitFor();
    await look("empty");
    model.script({ kind: "text", text: TOUR });
    await chat.say("Show me what you can show");
    await page.getByRole("button", { name: "Copy reply" }).waitFor();
    await look("reply");
    model.script({ kind: "status", status: 401, message: "bad key" });
    await chat.say("And again?");
    await page.locator(".from-agent .failure").waitFor();
    const files = [fileToSend("notes.txt", Buffer.from("hello")), fileToSend("huge.png", Buffer.alloc(5_100_000))];
    await page.locator("input[type=file]").setInputFiles(files);
    await chat.field.fill("Please look at this.\nThank you.");
    await page.getByRole("alert").waitFor();
    await look("writing");
    await openMenu(chat, size);
    await chat.act(/.*/, "Rename");
    await page.getByRole("dialog").waitFor();
    await look("dialog");

    assert.deepEqual(chat.problems, []);
  });
}

test("the keyboard alone is enough", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();

  await page.keyboard.type("/version"); // the field has the cursor from the start
  await page.keyboard.press("Enter");
  await chat.shows(/^\s*moltbot \d/);
  await page.getByRole("button", { name: "Actions for Main" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Rename" }).waitFor();
  await page.keyboard.press("Escape");

  assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-label')"), "Actions for Main");
});

test("the skip link leads to the field", async () => {
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  const skip = page.getByRole("link", { name: /skip/i });

  await skip.focus();
  await page.keyboard.press("Enter");

  assert.equal(await page.evaluate("document.activeElement.tagName"), "TEXTAREA");
});

test("the colours follow the system until the person chooses, and the choice stays", async () => {
  await using chat = await openWebChat(browser, gateway);
  const background = () => chat.page.evaluate("getComputedStyle(document.body).backgroundColor");
  await chat.signIn();
  const light = await background();

  await chat.page.getByRole("button", { name: "Colours: as the system has it" }).click();
  await chat.page.getByRole("menuitemradio", { name: "dark" }).click();
  const dark = await background();
  await chat.page.reload();
  await chat.field.waitFor();

  assert.notEqual(light, dark);
  assert.equal(await background(), dark);
});

async function openMenu(chat: WebChat, size: keyof typeof SIZES): Promise<void> {
  if (size === "phone") await chat.page.getByRole("button", { name: "Show conversations" }).click();
}

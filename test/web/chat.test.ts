import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { ModelServer } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { fileToSend, gatewayWith, openWebChat } from "../support/webchat.ts";

const browser = await startBrowser();
const model: ModelServer = await fakeOpenAI();
const plain = await gatewayWith();
const modelled = await gatewayWith(model);
after(async () => {
  await browser.close();
  await plain[Symbol.asyncDispose]();
  await modelled[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

/** A picture of one pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

test("the link signs in, and its token leaves the address at once", async () => {
  await using chat = await openWebChat(browser, plain);

  await chat.signIn();

  assert.equal(chat.page.url(), `${plain.httpUrl}/`);
  assert.equal(await chat.page.evaluate("history.length"), 2); // the blank page and this one
  assert.deepEqual(chat.problems, []);
});

test("a second visit needs no link", async () => {
  await using chat = await openWebChat(browser, plain);
  await chat.signIn();

  await chat.page.goto(plain.httpUrl);

  await chat.page.locator(".link.connected").waitFor();
});

test("without a link the page asks for the token, explains a wrong one and takes the right one", async () => {
  await using chat = await openWebChat(browser, plain);
  const field = chat.page.getByLabel("Token or password");
  await chat.page.goto(plain.httpUrl);
  await chat.page.getByText("moltbot dashboard").waitFor();

  await field.fill("a wrong token");
  await field.press("Enter");
  const problem = await chat.page.getByRole("alert").textContent();
  await field.fill("secret-token");
  await field.press("Enter");

  assert.match(problem ?? "", /does not accept this token or password\. Run moltbot dashboard/);
  await chat.field.waitFor();
});

test("signing out forgets the credentials", async () => {
  await using chat = await openWebChat(browser, plain);
  await chat.signIn();

  await chat.page.getByRole("button", { name: "Sign out" }).click();
  await chat.page.getByLabel("Token or password").waitFor();
  await chat.page.reload();

  await chat.page.getByLabel("Token or password").waitFor();
});

test("a newcomer clicks a starter and the built-in agent says what it is", async () => {
  await using chat = await openWebChat(browser, plain);
  await chat.signIn();

  await chat.page.getByRole("button", { name: /What can you do/ }).click();

  await chat.shows(/built-in command agent, not a language model/);
  assert.deepEqual(chat.problems, []);
});

test("a reply streams in, can be read as it grows, and is announced when it is finished", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["The beginning ", "and the end."], hold: rest.promise });
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.say("Tell me everything");
  await chat.shows(/^\s*The beginning/);
  const growing = await chat.said();
  await chat.page.getByRole("button", { name: "Stop the reply" }).waitFor();
  rest.resolve();
  await chat.page
    .locator("#announcer", { hasText: "Reply: The beginning and the end." })
    .waitFor({ state: "attached" });

  assert.deepEqual(growing, ["Tell me everything", "The beginning"]);
  assert.deepEqual(await chat.said(), ["Tell me everything", "The beginning and the end."]);
  assert.deepEqual(chat.problems, []);
});

test("stop ends the reply here and at the model, and the cursor is back in the field", async () => {
  model.script({ kind: "hang", after: "Once upon a time" });
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  const asked = model.next();

  await chat.say("A long story, please");
  await chat.shows("Once upon a time");
  await chat.page.getByRole("button", { name: "Stop the reply" }).click();

  await chat.page.getByText("Stopped", { exact: true }).waitFor();
  assert.equal(await (await asked).left, true);
  assert.equal(await chat.field.evaluate((field) => field === document.activeElement), true);
});

test("Escape stops the reply too", async () => {
  model.script({ kind: "hang", after: "Once more" });
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.field.fill("Another one");
  await chat.field.press("Enter");
  await chat.shows("Once more");
  await chat.field.press("Escape");

  await chat.page.getByText("Stopped", { exact: true }).waitFor();
});

test("Shift+Enter starts a new line; the message keeps it", async () => {
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.field.pressSequentially("one");
  await chat.field.press("Shift+Enter");
  await chat.field.pressSequentially("two");
  await chat.field.press("Enter");
  await chat.shows("Hello from the model.");

  assert.deepEqual(await chat.said(), ["one\ntwo", "Hello from the model."]);
});

test("a model's error is shown with what to do", async () => {
  model.script({ kind: "status", status: 401, message: "bad key" });
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.say("hi");

  await chat.page.locator(".from-agent .failure").waitFor();
});

test("a reply is Markdown, harmless and without visitors from elsewhere", async () => {
  const reply = [
    "**bold** [a link](https://example.com/x) [bad](javascript:alert(1))",
    "![spy](https://example.com/spy.png)",
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "```js\nalert(1)\n```",
  ];
  model.script({ kind: "text", text: reply.join("\n\n") });
  await using chat = await openWebChat(browser, modelled);
  const elsewhere: string[] = [];
  chat.page.on("request", (request) => request.url().startsWith(modelled.httpUrl) || elsewhere.push(request.url()));
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();

  await chat.say("Show me");
  const block = chat.page.locator("figure.code");
  await block.waitFor();
  await block.getByRole("button", { name: "Copy" }).click();
  await block.getByRole("button", { name: "Copied" }).waitFor();

  const markdown = chat.page.locator(".markdown");
  const links = await markdown
    .locator("a")
    .evaluateAll((all) => all.map((link) => [link.textContent, link.getAttribute("href")]));
  assert.deepEqual(links, [
    ["a link", "https://example.com/x"],
    ["bad", null],
    ["spy (open image)", "https://example.com/spy.png"],
  ]);
  assert.equal(await markdown.locator("a").first().getAttribute("rel"), "noopener noreferrer");
  assert.equal(await markdown.locator("a").first().getAttribute("target"), "_blank");
  assert.equal(await markdown.locator("img, script, [onerror]").count(), 0);
  assert.equal(await chat.page.evaluate("navigator.clipboard.readText()"), "alert(1)");
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(chat.problems, []);
});

test("a picture and a text file go along, and the picture is there after a reload", async () => {
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  const asked = model.next();

  await chat.page.locator("input[type=file]").setInputFiles([
    { name: "dot.png", mimeType: "image/png", buffer: PNG },
    { name: "notes.md", mimeType: "", buffer: Buffer.from("remember the milk") },
  ]);
  await chat.page.getByRole("button", { name: "Remove notes.md" }).waitFor();
  await chat.say("What is this?");
  await chat.shows("Hello from the model.");
  const sent = JSON.stringify((await asked).body.messages);
  await chat.page.reload();

  assert.match(sent, /What is this\?/);
  assert.match(sent, /remember the milk/);
  assert.match(sent, /data:image\/png;base64,iVBOR/);
  await chat.page.getByRole("img", { name: "dot.png" }).waitFor();
  await chat.page.getByText("notes.md", { exact: true }).waitFor();
  assert.deepEqual(await chat.said(), ["What is this?", "Hello from the model."]);
  assert.deepEqual(chat.problems, []);
});

test("files can be pasted and dropped, and taken away again", async () => {
  await using chat = await openWebChat(browser, plain);
  await chat.signIn();
  const give = (target: string, event: string, name: string) =>
    chat.page.locator(target).evaluate(
      (element, { event, name, bytes }) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const isPaste = event === "paste";
        const init = { bubbles: true, cancelable: true };
        element.dispatchEvent(
          isPaste
            ? new ClipboardEvent(event, { ...init, clipboardData: data })
            : new DragEvent(event, { ...init, dataTransfer: data }),
        );
      },
      { event, name, bytes: [...PNG] },
    );

  await give("textarea", "paste", "pasted.png");
  await give("main", "drop", "dropped.png");
  await chat.page.getByRole("img", { name: "pasted.png" }).waitFor();
  await chat.page.getByRole("img", { name: "dropped.png" }).waitFor();
  await chat.page.getByRole("button", { name: "Remove pasted.png" }).click();

  assert.equal(await chat.page.getByRole("img").count(), 1);
});

test("a file that cannot go is refused in words, and nothing else is lost", async () => {
  await using chat = await openWebChat(browser, plain);
  await chat.signIn();
  await chat.field.fill("look at these");

  const files = [fileToSend("huge.png", Buffer.alloc(5_100_000)), fileToSend("huge.pdf", Buffer.alloc(5_200_000))];
  await chat.page.locator("input[type=file]").setInputFiles(files);

  const problems = chat.page.getByRole("alert");
  await problems.first().waitFor();
  assert.deepEqual(await problems.allTextContents(), [
    "“huge.png” has 5.1 MB; pictures can have 5 MB. Make it smaller and try again.",
    "“huge.pdf” has 5.2 MB; files can have 5 MB. Send the part that matters.",
  ]);
  assert.equal(await chat.field.inputValue(), "look at these");
});

test("conversations can be begun, renamed, found, switched and deleted", async () => {
  await using chat = await openWebChat(browser, plain);
  const { page } = chat;
  const list = page.getByRole("list", { name: "Conversations" });
  await chat.signIn();
  await page.getByRole("button", { name: "New conversation" }).click();
  await chat.say("/time");
  await chat.shows(/^\s*It is/);

  await chat.act(/.*/, "Rename");
  await page.getByRole("textbox", { name: "Name" }).fill("Clockwork");
  await page.getByRole("button", { name: "Rename", exact: true }).click();
  await page.getByRole("heading", { name: "Clockwork" }).waitFor();
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("clockw");
  await list.getByRole("button", { name: /^Clockwork/ }).waitFor();
  const found = await list.locator(".session:not(.found)").count();
  await page.getByRole("searchbox", { name: "Search conversations" }).fill("");
  await list.getByRole("button", { name: /^Main/ }).click();
  await page.getByRole("heading", { name: "Main" }).waitFor();
  await list.getByRole("button", { name: /^Clockwork/ }).click();
  await chat.shows(/^\s*It is/);
  await chat.act("Clockwork", "Delete");
  await page.getByRole("heading", { name: "Main" }).waitFor();

  assert.equal(found, 1);
  await list.getByRole("button", { name: /^Clockwork/ }).waitFor({ state: "detached" });
  assert.deepEqual(chat.problems, []);
});

test("a reply to another conversation marks it as unread", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["Slow ", "news"], hold: rest.promise });
  await using chat = await openWebChat(browser, modelled);
  await chat.signIn();
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.say("Anything new?");
  await chat.shows("Slow");

  await chat.page.getByRole("list", { name: "Conversations" }).getByRole("button", { name: /^Main/ }).click();
  rest.resolve();

  await chat.page.getByText("Unread:").first().waitFor({ state: "attached" });
});

test("the model that answers is shown and can be chosen", async () => {
  await using chat = await openWebChat(browser, modelled);

  await chat.signIn();

  const choice = chat.page.getByRole("combobox", { name: "Model" });
  assert.equal(await choice.inputValue(), "fake/fake-model");
});

test("what is said elsewhere in the open conversation appears by itself", async () => {
  await using chat = await openWebChat(browser, plain);
  await chat.signIn();
  const other = await plain.connect();

  await other.call("chat.send", { sessionKey: "main", message: "/version", idempotencyKey: "from-elsewhere" });

  await chat.shows("/version");
  await chat.shows(/^\s*moltbot \d/);
});

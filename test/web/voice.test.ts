// Voice messages: recorded in the page, sent as what their author says, and written down as those of channels are.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { openWebChat, SIZES } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

// A browser without a window asks nobody for the microphone; this says yes for it.
const browser = await startBrowser(["--use-fake-ui-for-media-stream"]);
const model = await fakeOpenAI();
const gateway = await testGateway({
  config: JSON.stringify({
    models: {
      detectLocal: false,
      providers: { fake: { api: "openai-compatible", baseUrl: model.baseUrl, models: [{ id: "fake-model" }] } },
    },
    agents: { defaults: { model: "fake/fake-model" } },
    messages: { transcribe: { command: [process.execPath, "-e", "process.stdout.write('Buy milk.')"] } },
  }),
});
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
  test(`a voice message is recorded, sent and read on a ${size}, light and dark`, async () => {
    await using chat = await openWebChat(browser, gateway, { size, permissions: ["microphone"] });
    const { page } = chat;
    await chat.signIn();
    if (size === "desktop") await page.getByRole("button", { name: "New conversation" }).click();
    const asked = model.next();

    await page.getByRole("button", { name: "Record a voice message" }).click();
    await page.getByText("Recording 0:01").waitFor();
    await inspect(chat, `recording-${size}`);
    await page.getByRole("button", { name: "Send the recording" }).click();
    await chat.shows("Hello from the model.");
    await chat.shows("Buy milk.");
    if (size === "desktop") await page.getByRole("heading", { name: "Buy milk." }).waitFor();
    await inspect(chat, `spoken-${size}`);

    const said = JSON.stringify((await asked).body.messages);
    const kept = readFileSync(/saved as ([^\s\]]+)\]/.exec(said)?.[1] ?? "");
    assert.match(said, /\[transcript\] Buy milk\.\\n/);
    assert.equal(kept.subarray(0, 4).toString("hex"), "1a45dfa3"); // WebM
    assert.ok(kept.length > 1_000, `${kept.length} bytes were recorded`);
    assert.deepEqual(chat.problems, []);
  });
}

test("a recording that is discarded is not sent, and the field is back with what was in it", async () => {
  await using chat = await openWebChat(browser, gateway, { permissions: ["microphone"] });
  const { page } = chat;
  await chat.signIn();
  await page.getByRole("button", { name: "New conversation" }).click();

  await page.getByRole("button", { name: "Record a voice message" }).click();
  await page.getByRole("group", { name: "Voice message" }).waitFor();
  await page.keyboard.press("Escape");
  await chat.say("Typed instead");
  await chat.shows("Hello from the model.");

  assert.equal((await chat.said())[0], "Typed instead");
});

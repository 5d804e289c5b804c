// Voice messages in a browser whose settings forbid the microphone.

import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat } from "../support/webchat.ts";

const gateway = await gatewayWith();
const browser = await startBrowser(["--use-fake-ui-for-media-stream=deny"]);
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

test("without leave to use the microphone the page says what to do", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();

  await chat.page.getByRole("button", { name: "Record a voice message" }).click();

  await chat.page.getByText("The browser does not let this page use the microphone.").waitFor();
  await chat.field.fill("So I type");
});

test("when the part that records cannot be loaded, the page says so, and the button works on", async () => {
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.page.context().route(/recorder-/, (route) => route.abort());
  const record = chat.page.getByRole("button", { name: "Record a voice message" });

  await record.click();
  await chat.page.getByText("The part of the page that records could not be loaded.").waitFor();
  await chat.field.fill("So I type");
  await chat.field.fill("");
  await record.click();

  await chat.page.getByText("The part of the page that records could not be loaded.").waitFor();
});

// The canvas beside the conversation, in a real browser on a real gateway.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { gatewayWith, openWebChat, type WebChat } from "../support/webchat.ts";
import { inspect } from "./inspect.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
const gateway = await gatewayWith(model);
const agent = await gateway.connect({ scopes: ["operator.admin"] });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

let conversations = 0;

/** A signed-in window with a conversation of its own. */
async function signedIn(size: "desktop" | "phone") {
  const chat = await openWebChat(browser, gateway, { size });
  await chat.signIn();
  const sessionKey = `agent:main:canvas-${++conversations}`;
  await chat.page.evaluate(`location.hash = "#chat/${sessionKey}"`);
  return { chat, sessionKey };
}

/** The page in the frame. */
function frameOf({ page }: WebChat) {
  return page.frameLocator("moltbot-canvas iframe");
}

/** Messages that change the heading of the lamps. */
function heading(text: string): string {
  const components = [{ id: "h", component: { Text: { text: { literalString: text }, usageHint: "h2" } } }];
  return JSON.stringify({ surfaceUpdate: { surfaceId: "main", components } });
}

describe("beside the conversation", () => {
  test("a page that was opened by ::1 shows the canvas too", async () => {
    await using chat = await openWebChat(browser, gateway, { size: "desktop" });
    await chat.signIn(`http://[::1]:${gateway.port}`);
    const sessionKey = `agent:main:canvas-${++conversations}`;
    await chat.page.evaluate(`location.hash = "#chat/${sessionKey}"`);

    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });

    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();
    assert.deepEqual(chat.problems, []);
  });

  test("what the agent draws opens at the side, and a press is shown as what it is and answered", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;

    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();
    const frame = await chat.page.locator("moltbot-canvas iframe").evaluate((each) => {
      const attributes = (each as HTMLIFrameElement).getAttributeNames().map((name) => [name, each.getAttribute(name)]);
      return Object.fromEntries(attributes.filter(([name]) => name !== "src"));
    });
    model.script({ kind: "text", text: "The lamps are set." });
    await frameOf(chat).getByRole("button", { name: "Apply" }).click();
    await chat.shows("The lamps are set.");
    await chat.shows("Pressed “apply”");
    await frameOf(chat).getByRole("status").getByText("Sent", { exact: true }).waitFor();
    const said = await chat.said();
    await inspect(chat, "canvas-desktop");

    assert.deepEqual(frame, {
      title: "What the agent shows",
      sandbox: "allow-scripts",
      allow: "",
      referrerpolicy: "no-referrer",
    });
    assert.deepEqual(said.map(squeezed), ["Pressed “apply” on the canvas scene: Dinner", "The lamps are set."]);
    assert.deepEqual(chat.problems, []);
  });

  test("the slider leads through what was shown; a press there is not sent, and new drawings wait", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;
    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await agent.call("canvas.push", { sessionKey, jsonl: heading("Lights") });
    await frameOf(chat).getByRole("heading", { name: "Lights" }).waitFor();
    const slider = chat.page.getByRole("slider", { name: "What it showed before" });

    await slider.press("ArrowLeft");
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();
    const words = await slider.getAttribute("aria-valuetext");
    await frameOf(chat).getByRole("button", { name: "Apply" }).click();
    await frameOf(chat).getByText("Not sent: this is how it was before; go back to now").waitFor();
    await agent.call("canvas.push", { sessionKey, jsonl: heading("Candles") });
    await chat.page.locator('.canvas-panel input[max="2"]').waitFor();
    const kept = await frameOf(chat).getByRole("heading", { name: "Lamps" }).count();
    await inspect(chat, "canvas-desktop-before");
    await chat.page.getByRole("button", { name: "Back to now" }).click();
    await frameOf(chat).getByRole("heading", { name: "Candles" }).waitFor();

    assert.match(words ?? "", /: drew 3 messages$/);
    assert.equal(kept, 1);
    assert.deepEqual(await chat.said(), []);
    assert.deepEqual(chat.problems, []);
  });

  test("a closed panel stays closed until something is shown, and an open one comes back with the page", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;
    const panel = chat.page.locator("moltbot-canvas");
    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await panel.waitFor();

    await chat.page.getByRole("button", { name: "Close the canvas" }).click();
    await panel.waitFor({ state: "detached" });
    await chat.page.getByRole("button", { name: "Canvas", exact: true }).click();
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();
    await chat.page.reload();
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();
    await agent.call("canvas.reset", { sessionKey });
    await frameOf(chat).getByText("Nothing is shown here yet").waitFor();

    assert.deepEqual(chat.problems, []);
  });

  test("another conversation has another canvas, or none", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;
    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();

    await chat.page.evaluate('location.hash = "#chat/agent:main:without"');
    await chat.page.locator("moltbot-canvas").waitFor({ state: "detached" });
    const buttons = await chat.page.getByRole("button", { name: "Canvas", exact: true }).count();
    await agent.call("canvas.push", { sessionKey, jsonl: heading("Lights") });
    model.script({ kind: "text", text: "Here I am." });
    await chat.say("Hello");
    await chat.shows("Here I am.");
    const panels = await chat.page.locator("moltbot-canvas").count();
    await chat.page.evaluate(`location.hash = "#chat/${sessionKey}"`);
    await chat.page.getByRole("button", { name: "Canvas", exact: true }).click();
    await frameOf(chat).getByRole("heading", { name: "Lights" }).waitFor();

    assert.deepEqual([buttons, panels], [0, 0]);
  });

  test("only the frame is heard: what another page says is no press", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;
    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();

    const forged = { userAction: { name: "forged", surfaceId: "main" } };
    await chat.page.evaluate(`new Promise((resolve) => {
      addEventListener("message", () => setTimeout(resolve));
      postMessage(${JSON.stringify(forged)}, "*");
    })`);
    model.script({ kind: "text", text: "Done." });
    await frameOf(chat).getByRole("button", { name: "Apply" }).click();
    await chat.shows("Done.");
    await chat.shows("Pressed “apply”");

    assert.deepEqual((await chat.said()).map(squeezed), ["Pressed “apply” on the canvas scene: Dinner", "Done."]);
  });

  test("a tab of its own shows the same screen, and its buttons work", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;
    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();

    const opened = chat.page.context().waitForEvent("page");
    await chat.page.getByRole("button", { name: "Open the canvas in a tab" }).click();
    const tab = await opened;
    model.script({ kind: "text", text: "From the tab." });
    await tab.getByRole("button", { name: "Apply" }).click();
    await chat.shows("From the tab.");
    await tab.getByRole("status").getByText("Sent", { exact: true }).waitFor();

    assert.equal(await tab.evaluate("opener"), null);
  });

  test("a page that an agent wrote is shown like a screen, and what it says is a press", async () => {
    const { chat, sessionKey } = await signedIn("desktop");
    await using _ = chat;
    const { path } = (await agent.call("canvas.status", {})) as { path: string };
    mkdirSync(path, { recursive: true });
    writeFileSync(
      `${path}/hello.html`,
      `<h1>Hello</h1><button onclick="Moltbot.sendUserAction({ name: 'greet' })">Greet</button>`,
    );
    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();

    model.script({ kind: "tool-call", name: "canvas", arguments: { action: "present", url: "hello.html" } });
    model.script({ kind: "text", text: "Look." });
    await chat.say("Show me the page");
    await frameOf(chat).getByRole("heading", { name: "Hello" }).waitFor();
    await chat.shows("Look.");
    model.script({ kind: "text", text: "Greetings." });
    await frameOf(chat).getByRole("button", { name: "Greet" }).click();
    await chat.shows("Greetings.");
    await chat.shows("Pressed “greet”");
    await chat.page.getByLabel("What is shown").selectOption("Screen");
    await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();

    assert.deepEqual((await chat.said()).map(squeezed).at(-2), "Pressed “greet” on the canvas");
  });
});

describe("on a phone", () => {
  test(`the canvas waits behind its button and then fills the screen, light and dark`, async () => {
    const { chat, sessionKey } = await signedIn("phone");
    await using _ = chat;
    const button = chat.page.getByRole("button", { name: "Canvas", exact: true });

    await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });
    await agent.call("canvas.push", { sessionKey, jsonl: heading("Lights") });
    await button.waitFor();
    const before = await chat.page.locator("moltbot-canvas").count();
    await button.click();
    await frameOf(chat).getByRole("heading", { name: "Lights" }).waitFor();
    await inspect(chat, `canvas-phone`);
    const box = await chat.page.locator("moltbot-canvas").boundingBox();
    await chat.page.keyboard.press("Escape");
    await chat.page.locator("moltbot-canvas").waitFor({ state: "detached" });

    assert.equal(before, 0);
    assert.deepEqual(box, { x: 0, y: 0, width: 390, height: 844 });
    assert.deepEqual(chat.problems, []);
  });
});

test("on a window that has no room for both, the canvas covers the conversation and not the list", async () => {
  const { chat, sessionKey } = await signedIn("desktop");
  await using _ = chat;
  await chat.page.setViewportSize({ width: 1000, height: 700 });
  await agent.call("canvas.push", { sessionKey, jsonl: LAMPS });

  await chat.page.getByRole("button", { name: "Canvas", exact: true }).click();
  await frameOf(chat).getByRole("heading", { name: "Lamps" }).waitFor();
  await inspect(chat, "canvas-window");

  assert.deepEqual(await chat.page.locator("moltbot-canvas").boundingBox(), { x: 292, y: 0, width: 708, height: 700 });
});

function squeezed(text: string): string {
  return text.replace(/\s+/g, " ");
}

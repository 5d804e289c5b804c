// WebChat as an installed app: what the last visit has seen is there without the gateway, with its age; nothing stays after
// signing out, and what an older gateway has left is forgotten.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import { untilTrue } from "../support/in-page.ts";
import { gatewayWith, openWebChat, tryNow } from "../support/webchat.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
after(async () => {
  await browser.close();
  await model[Symbol.asyncDispose]();
});

test("without its gateway the page shows the last conversation and the overview, says from when they are, and goes on by itself", async () => {
  const overrides: { port?: number } = {};
  await using gateway = await gatewayWith(model, overrides);
  overrides.port = gateway.port;
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  await page.reload();
  await page.locator(".link.connected").waitFor();
  model.script({ kind: "text", text: "At **half past seven**." });
  await chat.say("When does the train leave?");
  await page.locator("strong").getByText("half past seven").waitFor();
  await page.evaluate("location.hash = 'overview'");
  await page.getByText("All is well. Nothing waits for you.").waitFor();

  await gateway.stop();
  await page.getByText(/What you see is from/).waitFor();
  await page.reload();
  await page.getByText(/What you see is from \d/).waitFor();
  await page.getByText("All is well. Nothing waits for you.").waitFor();
  await page.getByRole("button", { name: /^Main/ }).click();
  await page.locator("strong").getByText("half past seven").waitFor();
  await chat.say("Thank you");
  await page.getByText("Waiting to be sent").waitFor();
  model.script({ kind: "text", text: "You are welcome." });
  await gateway.start();
  await tryNow(page);
  await chat.shows("You are welcome.");

  assert.equal(await page.getByText(/What you see is from/).count(), 0);
});

test("signing out leaves nothing of what was said in the browser", async () => {
  await using gateway = await gatewayWith(model);
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  model.script({ kind: "text", text: "A secret answer." });
  await chat.say("Tell me");
  await chat.shows("A secret answer.");
  await page.reload();
  await chat.shows("A secret answer.");
  // What was seen is kept a moment after it was shown.
  await untilTrue(page, 'JSON.stringify({ ...localStorage }).includes("A secret answer")');

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token or password").waitFor();
  const atOnce = String(await page.evaluate("JSON.stringify({ ...localStorage })"));
  await page.reload();
  await page.getByLabel("Token or password").waitFor();

  assert.doesNotMatch(atOnce, /A secret answer/);
  assert.doesNotMatch(String(await page.evaluate("JSON.stringify({ ...localStorage })")), /A secret answer/);
});

test("after signing out neither storage nor memory has what was said, in any window, also while the gateway is away", async () => {
  await using gateway = await gatewayWith(model);
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  model.script({ kind: "text", text: "Only for the owner." });
  await chat.say("Tell me");
  await chat.shows("Only for the owner.");
  const other = await page.context().newPage();
  await other.goto(gateway.httpUrl);
  await other.getByRole("article").filter({ hasText: "Only for the owner." }).waitFor();

  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token or password").waitFor();
  await other.getByLabel("Token or password").waitFor();
  for (const each of [page, other]) await each.evaluate(`dispatchEvent(new Event("pagehide"))`);
  await gateway.stop();
  await page.getByLabel("Token or password").fill("a guess");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator(".link:not(.connected)").first().waitFor();

  assert.doesNotMatch(
    String(await page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })")),
    /Only for/,
  );
  assert.equal(await page.getByText("Only for the owner.").count(), 0);
});

test("what a tool was given and answered is not kept for a visit without the gateway, and nothing for longer than two weeks", async () => {
  await using gateway = await gatewayWith(model);
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  model.script({ kind: "tool-call", name: "write", arguments: { path: "key.txt", content: "sk-secret-4711" } });
  model.script({ kind: "text", text: "It is written." });
  await chat.say("Write it");
  await chat.shows("It is written.");
  await page.reload();
  await chat.shows("It is written.");
  await page.evaluate(`dispatchEvent(new Event("pagehide"))`);
  const kept = String(await page.evaluate(`localStorage.getItem("moltbot.last")`));
  await gateway.stop();
  await page.getByText(/What you see is from/).waitFor();
  await page.addInitScript(`{
    const last = JSON.parse(localStorage.getItem("moltbot.last"));
    localStorage.setItem("moltbot.last", JSON.stringify({ ...last, asOf: last.asOf - 15 * 86_400_000 }));
  }`);
  await page.reload();
  await page.locator(".link:not(.connected)").first().waitFor();

  assert.match(kept, /It is written/);
  assert.doesNotMatch(kept, /sk-secret-4711/);
  assert.equal(await page.evaluate(`localStorage.getItem("moltbot.last")`), null);
});

test("the app has icons of its own for each system, and scripts of an older gateway are forgotten", async () => {
  await using gateway = await gatewayWith(model);
  await using chat = await openWebChat(browser, gateway);
  const { page } = chat;
  await chat.signIn();
  await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
  const old = "/overview-0LDHA5H0.js";
  await page.evaluate(`caches.open("moltbot-page").then((cache) => cache.put("${old}", new Response("")))`);

  await page.reload();
  await page.locator(".link.connected").waitFor();
  const manifest = await (await page.request.get(`${gateway.httpUrl}/app.webmanifest`)).json();
  const sizes = await page.evaluate(
    async (sources: string[]) =>
      await Promise.all(
        sources.map(async (source) => {
          const image = Object.assign(new Image(), { src: source });
          await image.decode();
          return `${image.naturalWidth}`;
        }),
      ),
    ["/icon-192.png", "/icon-512.png"],
  );
  const isForgotten = () => page.evaluate(`caches.match("${old}").then((found) => found === undefined)`);
  while (!(await isForgotten())) await page.evaluate("new Promise((resolve) => setTimeout(resolve, 20))");

  assert.deepEqual(sizes, ["192", "512"]);
  assert.deepEqual(
    manifest.icons.map(({ src, purpose = "any" }: { src: string; purpose?: string }) => [src, purpose]),
    [
      ["/favicon.svg", "any"],
      ["/icon-192.png", "any maskable"],
      ["/icon-512.png", "any maskable"],
    ],
  );
  assert.equal(await page.locator('link[rel="apple-touch-icon"]').count(), 1);
});

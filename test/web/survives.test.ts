import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { startBrowser } from "../support/browser.ts";
import type { TestGateway } from "../support/gateway.ts";
import { dropping, gatewayWith, openWebChat, tryNow } from "../support/webchat.ts";

const browser = await startBrowser();
const model = await fakeOpenAI();
after(async () => {
  await browser.close();
  await model[Symbol.asyncDispose]();
});

test("text that was not sent survives a reload, for each conversation", async () => {
  await using gateway = await gatewayWith();
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.field.fill("half a thought");
  await chat.page.getByRole("button", { name: "New conversation" }).click();
  await chat.field.fill("another");

  await chat.page.reload();
  await chat.field.waitFor();
  const here = await chat.field.inputValue();
  await chat.page.getByRole("list", { name: "Conversations" }).getByRole("button", { name: /^Main/ }).click();
  await chat.page.getByRole("heading", { name: "Main" }).waitFor();

  assert.equal(here, "another");
  assert.equal(await chat.field.inputValue(), "half a thought");
});

test("a message written while the gateway is away is shown, kept, and delivered once when it is back", async () => {
  const overrides: { port?: number } = {};
  await using gateway = await gatewayWith(undefined, overrides);
  overrides.port = gateway.port;
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();

  await gateway.stop();
  await chat.page.getByText(/Your messages are kept/).waitFor();
  await chat.say("/version");
  await chat.page.getByText("Waiting to be sent").waitFor();
  await tryNow(chat.page);
  await gateway.start();
  await chat.page.evaluate("dispatchEvent(new Event('online'))"); // ends the pause before the next attempt
  await chat.shows(/^\s*moltbot \d/);

  const said = await chat.said();
  assert.equal(said.filter((text) => text === "/version").length, 1);
  assert.deepEqual(await questions(gateway), ["/version"]);
});

test("a message whose sending was interrupted is there after a reload, and delivered once", async () => {
  await using gateway = await gatewayWith();
  let isBlocked = true;
  const route = dropping((frame, from) => isBlocked && from === "page" && frame.method === "chat.send");
  await using chat = await openWebChat(browser, gateway, { route });
  await chat.signIn();

  await chat.say("/version");
  await chat.page.getByText("Sending…").waitFor();
  isBlocked = false;
  await chat.page.reload();
  await chat.shows(/^\s*moltbot \d/);

  assert.deepEqual((await chat.said()).filter((text) => text === "/version").length, 1);
  assert.deepEqual(await questions(gateway), ["/version"]);
});

test("a message whose acceptance was not heard is not sent twice", async () => {
  await using gateway = await gatewayWith();
  const sent: string[] = [];
  let hides = true;
  const route = dropping((frame, from) => {
    if (frame.method === "chat.send") sent.push(frame.id ?? "");
    return hides && from === "gateway" && (frame.event === "chat" || sent.includes(frame.id ?? "-"));
  });
  await using chat = await openWebChat(browser, gateway, { route });
  await chat.signIn();

  await chat.say("/version");
  await chat.page.getByText("Sending…").waitFor();
  hides = false;
  await chat.page.reload();
  await chat.shows(/^\s*moltbot \d/);

  assert.equal((await chat.said()).filter((text) => text === "/version").length, 1);
  assert.deepEqual(await questions(gateway), ["/version"]);
});

test("a refused message stays, says why, and can be taken back for editing", async () => {
  await using gateway = await gatewayWith();
  await using chat = await openWebChat(browser, gateway, {
    route: (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((text) => {
        const { id, method } = JSON.parse(String(text));
        const error = { code: "UNAVAILABLE", message: "the disk is full; free some space and try again" };
        if (method === "chat.send") socket.send(JSON.stringify({ type: "res", id, ok: false, error }));
        else server.send(text);
      });
    },
  });
  await chat.signIn();

  await chat.say("precious words");
  await chat.page.getByText("Not sent. The disk is full; free some space and try again.").waitFor();
  await chat.page.reload();
  await chat.page.getByText("Not sent. The disk is full; free some space and try again.").waitFor();
  await chat.page.getByRole("button", { name: "Edit" }).click();

  assert.equal(await chat.field.inputValue(), "precious words");
  assert.deepEqual(await chat.said(), []);
});

test("lost events are noticed and what they said is fetched", async () => {
  await using gateway = await gatewayWith();
  let hides = true;
  const route = dropping((frame, from) => hides && from === "gateway" && frame.event === "chat");
  await using chat = await openWebChat(browser, gateway, { route });
  await chat.signIn();
  const other = await gateway.connect();
  const send = (message: string) =>
    other.call("chat.send", { sessionKey: "main", message, idempotencyKey: crypto.randomUUID() });

  await send("/version");
  await other.nextOf("chat");
  hides = false;
  await send("/time");

  await chat.shows(/^\s*moltbot \d/);
  await chat.shows(/^\s*It is/);
});

test("a reply that is being written goes on after a reload", async () => {
  const rest = Promise.withResolvers<void>();
  model.script({ kind: "text", text: ["The beginning ", "and the end."], hold: rest.promise });
  await using gateway = await gatewayWith(model);
  await using chat = await openWebChat(browser, gateway);
  await chat.signIn();
  await chat.say("Tell me");
  await chat.shows("The beginning");

  await chat.page.reload();
  await chat.page.getByRole("button", { name: "Stop the reply" }).waitFor();
  rest.resolve();
  await chat.shows("The beginning and the end.");

  assert.deepEqual(await chat.said(), ["Tell me", "The beginning and the end."]);
});

test("a browser that must be approved says how, and goes on by itself", async () => {
  await using gateway = await gatewayWith();
  let connects = 0;
  await using chat = await openWebChat(browser, gateway, {
    route: (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((text) => {
        const { id, method } = JSON.parse(String(text));
        const error = { code: "NOT_PAIRED", message: "pairing required", details: { requestId: "request-7" } };
        if (method === "connect" && ++connects === 1)
          socket.send(JSON.stringify({ type: "res", id, ok: false, error }));
        else server.send(text);
      });
    },
  });
  await chat.page.goto(`${gateway.httpUrl}/#token=secret-token`);

  await chat.page.getByText("moltbot devices approve request-7").waitFor();
  await chat.page.getByRole("button", { name: "Check now" }).click();

  await chat.field.waitFor();
});

/** What people said in the main conversation, as the gateway remembers it. */
async function questions(gateway: TestGateway): Promise<string[]> {
  const client = await gateway.connect();
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  return messages
    .filter(({ role }: { role: string }) => role === "user")
    .map(({ content }: { content: { text: string }[] }) => content.map(({ text }) => text).join());
}

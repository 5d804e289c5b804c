// Telegram against a Bot API that others wrote: what it knows must work as it does with our fake.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { telegram } from "../../packages/gateway/src/channels/telegram/channel.ts";
import type { InboundMessage, Outbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";

// It is CommonJS and exports the class itself, which its types do not say.
const TelegramServer = createRequire(import.meta.url)(
  "telegram-test-api",
) as typeof import("telegram-test-api").default;

const never = new AbortController().signal;
const TOKEN = "1:emulated";

/** The emulator takes no port 0, so a free one is asked for first. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function emulator() {
  const server = new TelegramServer({ port: await freePort(), host: "127.0.0.1", storage: "RAM" });
  await server.start();
  const bench = new AccountBench(telegram, { botToken: TOKEN, apiRoot: server.config.apiURL });
  return {
    server,
    bench,
    user: server.getClient(TOKEN, { userId: 42, chatId: 42, firstName: "Alice", userName: "alice", type: "private" }),
    async [Symbol.asyncDispose]() {
      await bench[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

function outbound(text: string, rest: Partial<Outbound> = {}): Outbound {
  return { clientId: "0", chat: { id: "42" }, text: plainText(text), queuedAt: 0, ...rest };
}

test("a conversation: told, answered, edited and taken back", async () => {
  await using at = await emulator();
  const connection = await at.bench.open();

  await at.user.sendMessage(at.user.makeMessage("hello there"));
  const told = await at.bench.received("the message", (each): each is InboundMessage => each.kind === "message");
  const sent = await connection.send(outbound("hi", { replyTo: { chat: told.chat, id: told.messageId } }), never);
  await connection.edit!({ chat: told.chat, id: sent.id }, plainText("hi Alice"), never);
  const [shown] = at.server.storage.botMessages.map(({ message }) => message.text);
  await connection.unsend!({ chat: told.chat, id: sent.id }, never);

  assert.deepEqual(
    [told.text, told.chat.id, told.sender.username, connection.self.username],
    ["hello there", "42", "alice", "TestNameBot"],
  );
  assert.equal(shown, "hi Alice");
  assert.deepEqual(at.server.storage.botMessages, []);
});

test("a command and a pressed button are told", async () => {
  await using at = await emulator();
  const connection = await at.bench.open();
  await connection.send(outbound("Allow?", { buttons: [[{ label: "Yes", data: "yes:1" }]] }), never);
  const [asked] = at.server.storage.botMessages;

  await at.user.sendCommand(at.user.makeCommand("/help me"));
  await at.user.sendCallback(
    at.user.makeCallbackQuery("yes:1", { message: { message_id: asked!.messageId } } as never),
  );

  const command = await at.bench.received("the command", (each): each is InboundMessage => each.kind === "message");
  const press = await at.bench.received("the press", (each) => each.kind === "button");
  assert.deepEqual([command.text, command.isCommand], ["/help me", true]);
  assert.deepEqual([press.kind === "button" && press.data, press.messageId], ["yes:1", String(asked!.messageId)]);
});

test("what the emulator does not know fails in a sentence", async () => {
  await using at = await emulator();
  const connection = await at.bench.open();
  const poll = { clientId: "0", chat: { id: "42" }, question: "Tea?", options: ["yes", "no"], maxSelections: 1 };

  await assert.rejects(connection.poll!(poll, never), { name: "ChannelError", message: /^Telegram / });
});

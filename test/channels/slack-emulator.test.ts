// Slack against a Web API that others wrote. It has no Socket Mode, so the socket is our fake's.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createListener } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { createEmulator } from "emulate";
import { fakeSlack } from "../../packages/fakes/src/index.ts";
import { slack } from "../../packages/gateway/src/channels/slack/channel.ts";
import type { InboundMessage, Outbound } from "../../packages/gateway/src/kit/channel-message.ts";
import { AccountBench, plainText } from "../support/channel-context.ts";

const never = new AbortController().signal;
const BOT = "xoxb-emulated-bot";
const ALICE = "xoxp-emulated-alice";
const CLIENT_ID = "0123456789abcdef0123";

/** The emulator takes no port 0, so a free one is asked for first. */
async function freePort(): Promise<number> {
  const listener = createListener();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** One address for both: the socket's is asked of the fake, everything else of the emulator. */
async function frontOf(emulator: string, fake: { readonly url: string; readonly token: string }) {
  const forward = async (request: IncomingMessage, response: ServerResponse) => {
    const isSocket = request.url?.endsWith("apps.connections.open") === true;
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    const answer = await fetch(`${isSocket ? fake.url : emulator}${request.url}`, {
      method: request.method ?? "POST",
      headers: {
        "content-type": request.headers["content-type"] ?? "text/plain",
        authorization: isSocket ? `Bearer ${fake.token}` : (request.headers.authorization ?? ""),
      },
      body,
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  const server = createServer((request, response) => void forward(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The parts of the emulator's answers that are looked at. */
interface Answer {
  readonly channels?: readonly { id: string; name: string }[];
  readonly channel?: { readonly id: string };
  readonly messages?: readonly {
    readonly ts: string;
    readonly text: string;
    readonly reactions?: readonly { readonly name: string }[];
    readonly files?: readonly { readonly name: string }[];
  }[];
}

/** The emulator with our app and Alice in it, and an account of the app. */
async function workspace() {
  const stack = new AsyncDisposableStack();
  const fake = stack.use(await fakeSlack());
  const emulator = await createEmulator({
    service: "slack",
    port: await freePort(),
    seed: {
      tokens: { [BOT]: { login: "moltbot" }, [ALICE]: { login: "alice" } },
      slack: {
        team: { name: "Emulated", domain: "emulated" },
        users: [
          { name: "alice", real_name: "Alice", email: "alice@example.com" },
          { name: "moltbot", real_name: "Moltbot", email: "moltbot@example.com", is_bot: true },
        ],
        channels: [{ name: "general", topic: "General" }],
      },
    },
  });
  stack.defer(() => emulator.close());
  const { apiUrl, appToken } = fake.settings as { apiUrl: string; appToken: string };
  const front = stack.use(await frontOf(emulator.url, { url: new URL(apiUrl).origin, token: appToken }));
  const bench = stack.use(new AccountBench(slack, { botToken: BOT, appToken, apiUrl: `${front.url}/api/` }));
  const alice = async (method: string, args: Readonly<Record<string, string>> = {}) => {
    const headers = { authorization: `Bearer ${ALICE}` };
    const body = new URLSearchParams(args);
    const answer = await fetch(`${emulator.url}/api/${method}`, { method: "POST", headers, body });
    return (await answer.json()) as Answer;
  };
  const { channels = [] } = await alice("conversations.list");
  return {
    bench,
    alice,
    general: channels.find(({ name }) => name === "general")!.id,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function outbound(chatId: string, text: string, rest: Partial<Outbound> = {}): Outbound {
  return { clientId: CLIENT_ID, chat: { id: chatId }, text: plainText(text), queuedAt: Date.now(), ...rest };
}

test("messages, threads, edits, reactions and deletions are as the emulator has them", async () => {
  await using at = await workspace();
  const connection = await at.bench.open();
  const chat = { id: at.general };

  const root = await connection.send(outbound(at.general, "a < b"), never);
  const reply = await connection.send(
    outbound(at.general, "in the thread", { chat: { ...chat, threadId: root.id } }),
    never,
  );
  await connection.edit!({ chat, id: root.id }, { text: "*a &lt; c*", plain: "a < c" }, never);
  await connection.react!({ chat, id: root.id }, "👍", { remove: false }, never);
  const { messages = [] } = await at.alice("conversations.replies", { channel: at.general, ts: root.id });
  await connection.unsend!({ chat, id: reply.id }, never);
  const after = await at.alice("conversations.replies", { channel: at.general, ts: root.id });

  assert.deepEqual(
    messages.map(({ ts, text, reactions }) => [ts, text, reactions?.map(({ name }) => name)]),
    [
      [root.id, "*a &lt; c*", ["+1"]],
      [reply.id, "in the thread", undefined],
    ],
  );
  assert.equal(after.messages?.length, 1);
});

test("a message is found by the id in its metadata", async () => {
  await using at = await workspace();
  const connection = await at.bench.open();
  const sent = await connection.send(outbound(at.general, "once"), never);

  const found = await connection.findSent!(outbound(at.general, "once"), never);
  const other = await connection.findSent!(outbound(at.general, "once", { clientId: "ffffffffffffffffffff" }), never);

  assert.deepEqual([found, other], [{ id: sent.id }, "absent"]);
});

test("a file goes through the three steps of an upload, and comes back", async () => {
  await using at = await workspace();
  const connection = await at.bench.open();
  const path = join(at.bench.folder, "out.txt");
  writeFileSync(path, "the bytes");
  const media = { path, kind: "document", mimeType: "text/plain", fileName: "out.txt", sizeBytes: 9 } as const;

  const sent = await connection.send(outbound(at.general, "look", { media }), never);
  const { messages = [] } = await at.alice("conversations.history", { channel: at.general, limit: "1" });

  assert.deepEqual([messages[0]?.ts, messages[0]?.text], [sent.id, "look"]);
  assert.equal(messages[0]?.files?.[0]?.name, "out.txt");
});

test("what a person wrote while we were away is read from the history", async () => {
  await using at = await workspace();
  const first = await at.bench.open();
  await first[Symbol.asyncDispose]();
  const { channel } = await at.alice("conversations.open", { users: first.self.id });
  await at.alice("chat.postMessage", { channel: channel!.id, text: "are you there?" });

  await at.bench.open();

  const told = await at.bench.received("the message", (each): each is InboundMessage => each.kind === "message");
  assert.deepEqual([told.text, told.chat.id, told.chat.kind], ["are you there?", channel!.id, "direct"]);
});

test("a wrong conversation is refused in a sentence", async () => {
  await using at = await workspace();
  const connection = await at.bench.open();

  await assert.rejects(connection.send(outbound("C0NOWHERE", "x"), never), {
    kind: "rejected",
    message: /^Slack knows no conversation C0NOWHERE/,
  });
});

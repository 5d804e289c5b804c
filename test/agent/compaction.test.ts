// Compaction: a summary stands for the older part of a conversation, nothing is lost, and it can be taken back.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenRequest } from "../fakes/model-server.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { markless, unframed } from "../support/frames.ts";
import { testGateway } from "../support/gateway.ts";
import { admin, endOf, saidOf, say } from "./support.ts";
import { pricedConfig } from "./usage-support.ts";

/** The texts that a model was shown, the system prompt left out. */
function shownTo(request: SeenRequest | undefined): string[] {
  const messages = request?.body.messages as { role: string; content: string | { text?: string }[] }[];
  return messages
    .filter(({ role }) => role !== "system")
    .map(
      ({ role, content }) =>
        `${role}: ${typeof content === "string" ? content : content.map((part) => part.text).join("|")}`,
    );
}

const text = (said: string) => ({ kind: "text", text: said }) as const;

test("/compact puts a summary in the place of all but the last turn, for the model alone", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  server.script(text("Nice to meet you."), text("Blue it is."), text("Ada likes blue."), text("Blue."));
  await say(client, "I am Ada.");
  await say(client, "I like blue.");

  const reply = await say(client, "/compact the colour");
  await say(client, "What do I like?");

  assert.match(reply, /^The model sees a summary of 2 older messages now: about \d+ tokens became \d+\./);
  const [, , summarising, after] = server.requests;
  assert.match(
    shownTo(summarising)[0] ?? "",
    /message from .*\(your owner\)\]\n\| I am Ada\.\n\n\[\w{16} what you answered\]\n\| Nice to meet you\.\n\nAbove all keep in mind: the colour/,
  );
  assert.deepEqual(shownTo(after).map(markless), [
    "user: [MARK summary of what was said before]\n| Ada likes blue.|I like blue.",
    "assistant: Blue it is.",
    "user: What do I like?",
  ]);
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  const entry = messages.find(({ role }: { role: string }) => role === "system");
  assert.equal(
    messages.filter(({ role }: { role: string }) => role === "user").length,
    4,
    "the transcript keeps everything",
  );
  assert.equal(entry.content[0].text, "Ada likes blue.");
  assert.deepEqual(
    [entry.details.kind, entry.details.from, entry.details.to, entry.details.messages],
    ["compaction", messages[0].id, messages[1].id, 2],
  );
});

test("/compact undo shows the model again what the summary stood for", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  for (const message of ["one", "two"]) await say(client, message);
  await say(client, "/compact");

  const undone = await say(client, "/compact undo");
  await say(client, "three");
  const again = await say(client, "/compact undo");

  assert.equal(undone, "Taken back: the model sees again what the summary stood for.");
  assert.deepEqual(
    shownTo(server.requests.at(-1)).filter((line) => line.startsWith("user")),
    ["user: one", "user: two", "user: three"],
  );
  assert.equal(again, "There is no summary here to take back.");
});

test("summaries chain: the second is made of the first and of what came after it", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  for (const message of ["one", "two"]) await say(client, message);
  server.script(text("First summary."));
  await say(client, "/compact");
  await say(client, "three");
  server.script(text("Second summary."));

  await say(client, "/compact");
  const summarising = server.requests.at(-1);
  await say(client, "four");
  const second = shownTo(server.requests.at(-1))[0];
  await say(client, "/compact undo");
  await say(client, "five");

  assert.match(
    shownTo(summarising)[0] ?? "",
    /summary of what was said before\]\n\| First summary\.\n\n\[\w{16} message from .*\]\n\| two/,
  );
  assert.match(second ?? "", /Second summary\./);
  assert.match(shownTo(server.requests.at(-1))[0] ?? "", /First summary\..*two/s);
});

test("when the window fills, the older part is summed up before the next question, and watchers are told", async () => {
  await using server = await fakeOpenAI();
  const config = pricedConfig(server, { contextWindow: 4_000 });
  await using gateway = await testGateway({ config });
  const client = await admin(gateway);
  const long = (n: number) => `${n} ${"word ".repeat(300)}`;
  for (const n of [1, 2, 3, 4]) await say(client, long(n));
  server.script(text("They say."), text("They say words."), text("Go on."));

  await client.call("chat.send", { sessionKey: "main", message: long(5), idempotencyKey: "k5" });
  const { message } = await endOf(client, "k5");

  assert.equal(message.content[0].text, "Go on.");
  const stream = saidOf(client, "agent", "k5").filter((each) => each.stream === "compaction");
  assert.deepEqual(
    stream.map(({ data }) => data),
    [{ phase: "start" }, { phase: "end", willRetry: false }],
  );
  const shown = shownTo(server.requests.at(-1));
  assert.match(shown[0] ?? "", /They say words\./);
  assert.match(shown.at(-1) ?? "", /5 word/);
});

test("a window fills sooner where a character is a token", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { contextWindow: 4_000 }) });
  const client = await admin(gateway);
  for (const n of [1, 2]) await say(client, `${n} ${"你好世界".repeat(200)}`);
  server.script(text("他们打招呼。"), text("好。"));

  await client.call("chat.send", { sessionKey: "main", message: "你好世界".repeat(200), idempotencyKey: "k3" });
  await endOf(client, "k3");

  const compactions = saidOf(client, "agent", "k3").filter(({ stream }) => stream === "compaction");
  assert.equal(compactions.length, 2);
  assert.match(shownTo(server.requests.at(-1))[0] ?? "", /他们打招呼。/);
});

test("a model that finds the conversation too long is asked again with less of it", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { contextWindow: 100_000 }) });
  const client = await admin(gateway);
  for (const message of ["one", "two", "three"]) await say(client, `${message} ${"word ".repeat(2_000)}`);
  server.script({ kind: "too-long" }, text("Three words."), text("Here I am."));

  await client.call("chat.send", { sessionKey: "main", message: "four", idempotencyKey: "k4" });
  const { message } = await endOf(client, "k4");

  assert.equal(message.content[0].text, "Here I am.");
  const ends = saidOf(client, "agent", "k4").filter(
    ({ stream, data }) => stream === "compaction" && data.phase === "end",
  );
  assert.deepEqual(ends[0]?.data, { phase: "end", willRetry: true });
  const shown = shownTo(server.requests.at(-1)).map((line) => line.slice(0, 140).replaceAll("\n", " "));
  assert.match(shown[0] ?? "", /Three words\..*three word word/);
  assert.equal(shown.length, 3, "the summary with the last turn, its answer, and the question");
});

test("when the summary fails, the answer comes all the same and says what is missing; nothing is lost", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { contextWindow: 4_000 }) });
  const client = await admin(gateway);
  const long = (n: number) => `${n} ${"word ".repeat(300)}`;
  for (const n of [1, 2, 3, 4]) await say(client, long(n));
  server.script({ kind: "status", status: 400, message: "no" }, text("Go on."), text("Again."));

  const first = await say(client, long(5));
  const second = await say(client, long(6));

  assert.match(
    first,
    /^_The older part of this conversation could not be summarised .*\/compact tries again\._\n\nGo on\.$/,
  );
  assert.equal(second, "Again.", "it is not tried again at once");
  const { messages } = await client.call("chat.history", { sessionKey: "main" });
  assert.equal(messages.length, 12);
});

test("with compaction off, what does not fit is left out and no model is asked for a summary", async () => {
  await using server = await fakeOpenAI();
  const config = pricedConfig(server, { contextWindow: 4_000, defaults: { compaction: { mode: "off" } } });
  await using gateway = await testGateway({ config });
  const client = await admin(gateway);

  for (const n of [1, 2, 3, 4, 5, 6]) await say(client, `${n} ${"word ".repeat(300)}`);

  assert.equal(server.requests.length, 6);
});

test("there is nothing to sum up in a short conversation, and no summary without a model", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  await say(client, "one");

  const short = await say(client, "/compact");

  assert.equal(short, "Nothing was summarised: there is nothing older than the last messages.");
  assert.equal(server.requests.length, 1);
});

test("apps sum up and take back with methods of their own", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server) });
  const client = await admin(gateway);
  for (const message of ["one", "two"]) await say(client, message);
  server.script(text("In short."));

  const done = await client.call("sessions.compaction.run", { key: "main", instructions: "numbers" });
  const nothing = await client.call("sessions.compaction.run", { key: "main" });
  const undone = await client.call("sessions.compaction.undo", { key: "main" });
  const again = await client.call("sessions.compaction.undo", { key: "main" });

  assert.deepEqual([done.compacted, done.messages, done.key], [true, 2, "agent:main:main"]);
  assert.deepEqual([nothing.compacted, nothing.reason], [false, "there is nothing older than the last messages"]);
  assert.deepEqual([undone.undone, again.undone], [true, false]);
});

test("a summary counts for the budgets like any other call", async () => {
  await using server = await fakeOpenAI();
  await using gateway = await testGateway({ config: pricedConfig(server, { budgets: { daily: { tokens: 20 } } }) });
  const client = await admin(gateway);
  for (const message of ["one", "two"]) {
    server.script({ kind: "turn", text: "Yes.", usage: { input: 9, output: 1 } });
    await say(client, message);
  }

  const reply = await say(client, "/compact");

  assert.match(reply, /^Today's budget is used up: 20 of 20 tokens/);
});

test("what is not shown again is left out of the model's view only: old results become a line", async () => {
  await using server = await fakeOpenAI();
  const config = pricedConfig(server, {
    contextWindow: 6_000,
    defaults: { contextPruning: { keepLastTurns: 1, maxChars: 100 }, compaction: { mode: "off" } },
  });
  await using gateway = await testGateway({ config });
  const client = await admin(gateway);
  await say(client, `a ${"long title ".repeat(60)}`, "other");
  for (const message of ["one", "two", "three"]) {
    server.script(
      { kind: "tool-call", name: "sessions_list", arguments: {} },
      text(`${message} ${"word ".repeat(500)}`),
    );
    await say(client, message);
  }

  const shown = server.requests.at(-1)?.body.messages as { role: string; content: string }[];
  const tools = shown.filter(({ role }) => role === "tool");

  assert.match(
    unframed(tools[0]?.content ?? ""),
    /^\[Left out to save room: \d+ characters that sessions_list answered\./,
  );
  assert.match(unframed(tools.at(-1)?.content ?? ""), /^agent:main:/);
});

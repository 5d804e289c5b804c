import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakePlatform, fakeTelegram, until } from "@moltbot/fakes";
import { ChannelBench } from "../channels/bench.ts";
import { admin, gatewayWithoutModel, say } from "./support.ts";

interface Entry {
  readonly name: string;
  readonly choices: readonly string[];
}

test("commands are listed with their aliases, usage and the words that may follow", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { commands } = await client.call("commands.list", { sessionKey: "main" });

  assert.deepEqual(
    commands.find(({ name }: Entry) => name === "new"),
    {
      name: "new",
      aliases: ["reset"],
      usage: "[MESSAGE]",
      summary: "begins this conversation anew; the old one stays searchable",
      choices: [],
    },
  );
});

test("a caller is shown only the commands that it may use", async () => {
  await using gateway = await gatewayWithoutModel();
  const reader = await gateway.connect({ scopes: ["operator.read"] });

  const { commands } = await reader.call("commands.list", {});

  const names = commands.map(({ name }: Entry) => name);
  assert.ok(names.includes("help"));
  assert.ok(!names.includes("stop"));
  assert.ok(!names.includes("approve"));
});

test("words that may follow a command are listed with it", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { commands } = await client.call("commands.list", {});

  const choices = Object.fromEntries(commands.map(({ name, choices: words }: Entry) => [name, words]));
  assert.deepEqual(choices.queue, ["collect", "followup", "steer", "steer-backlog", "interrupt", "default"]);
  assert.deepEqual(choices.verbose, ["on", "full", "off"]);
  assert.deepEqual(choices.think, ["off", "minimal", "low", "medium", "high", "xhigh"]);
});

test("no two commands have the same name", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const { commands } = await client.call("commands.list", {});

  const names = commands.flatMap(({ name, aliases }: { name: string; aliases: string[] }) => [name, ...aliases]);
  assert.equal(new Set(names).size, names.length, names.sort().join(" "));
});

test("/queue shows, sets and clears what becomes of messages meanwhile", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const replies = [];
  for (const text of ["/queue", "/queue steer", "/queue", "/queue default", "/queue nonsense"])
    replies.push(await say(client, text));

  assert.match(replies[0]!, /^\*\*collect\*\* \(as the settings say\): .* are answered together afterwards\.$/);
  assert.match(replies[1]!, /^\*\*steer\*\* \(set for this conversation\)/);
  assert.equal(replies[2], replies[1]);
  assert.equal(replies[3], replies[0]);
  assert.match(replies[4]!, /invalid queueMode \(use "collect"/);
});

test("/verbose and /think show and set a level, and say which there are", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  const replies = [];
  for (const text of ["/verbose", "/verbose on", "/verbose", "/think high", "/think much"])
    replies.push(await say(client, text));

  assert.deepEqual(replies.slice(0, 4), [
    "Tools are shown here: off.",
    "Tools are shown here from now on: on.",
    "Tools are shown here: on.",
    "Thinking level set to high.",
  ]);
  assert.match(replies[4]!, /^invalid thinkingLevel/);
});

test("/help explains one command, with its other names and the words that may follow", async () => {
  await using gateway = await gatewayWithoutModel();
  const client = await admin(gateway);

  assert.equal(
    await say(client, "/help activation"),
    "`/activation [mention|always]` — whether every message of this group is answered, or only those that address the " +
      "agent  \nWords that may follow: `mention`, `always`",
  );
  assert.match(await say(client, "/help /new"), /Also: `\/reset`/);
  assert.equal(
    await say(client, "/help nonsense"),
    "There is no command “nonsense” here; `/help` lists those there are.",
  );
});

test("/agents lists the agents and says which one answers here", async () => {
  const config = { models: { detectLocal: false }, agents: { list: [{ id: "main" }, { id: "work", name: "Archie" }] } };
  await using gateway = await gatewayWithoutModel({ config: JSON.stringify(config) });
  const client = await admin(gateway);

  assert.equal(await say(client, "/agents", "agent:work:main"), "- `main` Assistant (default)\n- `work` Archie ← here");
});

test("/why tells people on a channel of the last message of their chat, and of no other", async () => {
  const settings = (fake: FakePlatform) => ({
    allowFrom: ["*", fake.idOf("alice"), fake.idOf("bob")],
    groupPolicy: "open",
    groups: { "*": { requireMention: true } },
  });
  await using bench = await ChannelBench.start(fakeTelegram, { settings });
  await bench.fake.says("/echo secret", { from: "bob" });
  await bench.delivered("secret");
  await bench.fake.says("talk", { from: "alice", in: { group: "club" } });
  await bench.decided("talk");

  await bench.fake.says("/why 1", { from: "alice", in: { group: "club" }, mentionsBot: true });
  const isReply = ({ text }: { text: string }) => text.includes("Rule");
  const reply = await until(bench.fake, "the reply", () => bench.fake.delivered.find(isReply)?.text);

  assert.match(reply, /“talk” from .*suppressed.*not-addressed.*groups\..*requireMention/s);
  assert.doesNotMatch(reply, /secret/);
});

// message.action, as the command line of protocol 4 sends it: what it does on a platform, and that it does it once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fakeSignal, fakeTelegram, until } from "@moltbot/fakes";
import type { Connected } from "../support/gateway.ts";
import { ChannelBench } from "./bench.ts";

let keys = 0;

/** What the command line wraps its flags in. */
const wrapped = (channel: string, action: string, params: object, extra: object = {}) => ({
  ...{ channel, action, params: { channel, action, json: true, dryRun: false, verbose: false, ...params } },
  ...{ senderIsOwner: true, agentId: "main", conversationReadOrigin: "direct-operator" },
  idempotencyKey: `action-${++keys}`,
  ...extra,
});

describe("over Telegram", () => {
  let bench: ChannelBench;
  let cli: Connected;
  let chatId: string;
  let target: object;
  before(async () => {
    bench = await ChannelBench.start(fakeTelegram);
    cli = await bench.gateway.connect({ protocol: 4, scopes: ["operator.write"] });
    chatId = (await bench.asks("begin")).said.chatId;
    target = { target: chatId, to: `telegram:${chatId}` };
  });
  after(async () => await bench?.[Symbol.asyncDispose]());

  const act = (action: string, params: object, extra?: object) =>
    cli.call("message.action", wrapped("telegram", action, { ...target, ...params }, extra));
  const refused = async (action: string, params: object, extra?: object) =>
    (await cli.request("message.action", wrapped("telegram", action, { ...target, ...params }, extra))).error;

  test("send sends, and a repeat under the same key sends nothing more", async () => {
    const request = wrapped("telegram", "send", { ...target, message: "by action", silent: false, pin: false });

    const first = await cli.call("message.action", request);
    const again = await cli.call("message.action", request);
    const delivered = await bench.delivered("by action");

    assert.deepEqual([first.ok, first.messageId, first.chatId], [true, delivered.id, chatId]);
    assert.deepEqual(again, first);
    assert.equal(bench.fake.delivered.filter(({ text }) => text === "by action").length, 1);
  });

  test("edit, react and delete act on a message of ours", async () => {
    const { messageId } = await act("send", { message: "to be changed" });

    const edited = await act("edit", { messageId, message: "has been changed" });
    await bench.delivered("has been changed");
    const reacted = await act("react", { messageId, emoji: "👍", remove: false, fromMe: false });
    const deleted = await act("delete", { messageId: Number(messageId) });
    const gone = () => bench.fake.delivered.find(({ id, isUnsent }) => id === messageId && isUnsent);
    await until(bench.fake, "the message to go", gone);

    for (const answer of [edited, reacted, deleted]) assert.deepEqual(answer, { ok: true, messageId });
  });

  test("poll asks", async () => {
    const answer = await act("poll", { pollQuestion: "Tea?", pollOption: ["yes", "no"], pollMulti: false });

    assert.equal(answer.ok, true);
    assert.ok(answer.messageId && answer.pollId);
  });

  test("read shows what was heard and said, the newest first", async () => {
    await bench.asks("read me");

    const { ok, messages } = await act("read", { limit: 2 });

    assert.equal(ok, true);
    assert.deepEqual(
      messages.map(({ text, fromMe }: { text: string; fromMe: boolean }) => [text, fromMe]),
      [
        ["read me", true],
        ["/echo read me", false],
      ],
    );
  });

  test("a dry run does nothing", async () => {
    const answer = await act("send", { message: "only tried", dryRun: true });
    await act("send", { message: "really" });
    await bench.delivered("really");

    assert.deepEqual([answer.ok, answer.dryRun, answer.chatId], [true, true, chatId]);
    assert.equal(bench.fake.delivered.filter(({ text }) => text === "only tried").length, 0);
  });

  const WRONG: readonly (readonly [action: string, params: object, extra: object, message: string])[] = [
    ["fly", {}, {}, "Channel telegram does not support action fly."],
    ["send", { message: "x" }, { channel: "carrier-pigeon" }, "unsupported channel: carrier-pigeon"],
    ["edit", { message: "x" }, {}, "invalid message.action params: messageId is missing"],
    ["send", { message: { not: "text" } }, {}, "invalid message.action params: at /params/message: must be string"],
    [
      "poll",
      { pollQuestion: "Tea?", pollOption: "yes" },
      {},
      "invalid message.action params: pollOption must be given 2 to 12 times",
    ],
    ["send", { message: "x", pin: true }, {}, "Channel telegram does not support action pin."],
  ];
  for (const [action, params, extra, message] of WRONG) {
    test(`${message}`, async () => {
      const error = await refused(action, params, extra);

      assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", message]);
    });
  }

  test("without a target it says what a target is", async () => {
    const { error } = await cli.request("message.action", wrapped("telegram", "send", { message: "x" }));

    assert.match(error?.message ?? "", /target is missing/);
  });

  test("read scope may not act", async () => {
    const reader = await bench.gateway.connect({ protocol: 4, scopes: ["operator.read"] });

    const { error } = await reader.request("message.action", wrapped("telegram", "send", { ...target, message: "x" }));

    assert.equal(error?.message, "missing scope: operator.write");
  });
});

test("what a channel cannot do is said in one sentence", async () => {
  await using bench = await ChannelBench.start(() => fakeSignal());
  const cli = await bench.gateway.connect({ protocol: 4, scopes: ["operator.write"] });
  const params = { target: "+15550100", pollQuestion: "Tea?", pollOption: ["yes", "no"] };

  const { error } = await cli.request("message.action", wrapped("signal", "poll", params));

  assert.deepEqual([error?.code, error?.message], ["INVALID_REQUEST", "Channel signal does not support action poll."]);
});

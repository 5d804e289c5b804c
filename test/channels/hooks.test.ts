// Where the answers to hooks go: the channel that was used last, the one that is named, or none; each once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fakeTelegram } from "@moltbot/fakes";
import { configFor } from "../agent/support.ts";
import { fakeOpenAI } from "../fakes/openai.ts";
import { callHook, HOOK_TOKEN, withToken } from "../wire/hooks-stage.ts";
import { ChannelBench } from "./bench.ts";

describe("the answer to a hook", () => {
  let model: Awaited<ReturnType<typeof fakeOpenAI>>;
  let bench: ChannelBench;
  let chatId: string;
  before(async () => {
    model = await fakeOpenAI();
    const config = { ...JSON.parse(configFor(model)), hooks: { enabled: true, token: HOOK_TOKEN } };
    bench = await ChannelBench.start(fakeTelegram, { config });
    chatId = (await bench.asks("begin")).said.chatId;
  });
  after(async () => {
    await bench?.[Symbol.asyncDispose]();
    await model?.[Symbol.asyncDispose]();
  });

  /** Calls a hook whose run answers with `text`. No look at the news follows at once, which would take the next text. */
  async function answered(text: string, body: object, headers = {}) {
    model.script({ kind: "text", text });
    const answer = await callHook(bench.gateway.httpUrl, "/hooks/agent", {
      body: { message: "Look", wakeMode: "next-heartbeat", ...body },
      headers: withToken(headers),
    });
    await bench.operator.call("agent.wait", { runId: answer.body.runId, timeoutMs: 60_000 });
    return answer;
  }

  test("goes where the agent was last spoken to, once, however often the hook is called", async () => {
    const headers = { "idempotency-key": "once" };
    await answered("to the last place", {}, headers);
    const reply = await bench.delivered("to the last place");
    await callHook(bench.gateway.httpUrl, "/hooks/agent", { body: { message: "Look" }, headers: withToken(headers) });

    assert.equal(reply.chatId, chatId);
    assert.equal(bench.times("to the last place"), 1);
  });

  test("goes to the channel and chat that are named", async () => {
    await answered("to the named place", { channel: "telegram", to: chatId });

    assert.equal((await bench.delivered("to the named place")).chatId, chatId);
  });

  test("goes nowhere when it is not to be delivered", async () => {
    await answered("to nobody", { deliver: false });
    await answered("after it", {});
    await bench.delivered("after it");

    assert.equal(bench.times("to nobody"), 0);
  });

  test("a chat that the channel cannot have is refused with the forms that it can", async () => {
    const { status, body } = await callHook(bench.gateway.httpUrl, "/hooks/agent", {
      body: { message: "Look", channel: "telegram", to: "Bob the builder" },
    });

    assert.equal(status, 400);
    assert.match(body.error, /^Telegram has no target/);
  });
});

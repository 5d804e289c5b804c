// A run for a session id that nobody knows opens a conversation under it (protocol: agent, sessionId).
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway({
  config: JSON.stringify({ models: { detectLocal: false }, agents: { list: [{ id: "main" }, { id: "work" }] } }),
});
after(() => gateway[Symbol.asyncDispose]());

const CLIENTS = [
  ["January's", await gateway.connect({ scopes: ["operator.write"] }), undefined],
  ["today's", await gateway.connect({ protocol: 4, scopes: ["operator.write"] }), "main"],
] as const;

let runs = 0;
for (const [whose, client, answering] of CLIENTS) {
  const run = async (params: object) => {
    const idempotencyKey = `session-id-${++runs}`;
    const request = { deliver: false, timeout: 60, idempotencyKey, ...params };
    const ack = await client.request("agent", request);
    if (ack.ok && ack.payload.status === "accepted") return [ack, await client.answerTo(ack.id)] as const;
    return [ack, ack] as const;
  };

  test(`${whose} command line opens a conversation under an id of its own, and finds it again`, async () => {
    const sessionId = `MyNew-${runs}.id_1`;

    const [ack, first] = await run({ message: "/echo one", sessionId });
    const [, second] = await run({ message: "/echo two", sessionId });
    const key = `agent:main:explicit:${sessionId.toLowerCase()}`;
    const { messages, sessionId: found } = await client.call("chat.history", { sessionKey: key });

    assert.deepEqual([ack.payload.agentId, ack.payload.sessionKey], [answering, undefined]);
    assert.deepEqual(
      [first, second].map(({ payload }) => [payload.status, payload.result.payloads[0].text]),
      [
        ["ok", "one"],
        ["ok", "two"],
      ],
    );
    assert.equal(found, sessionId);
    assert.equal(messages.length, 4);
  });

  test(`${whose} command line opens it for the agent that it names`, async () => {
    const sessionId = `of-work-${runs}`;

    await run({ message: "/echo hi", sessionId, agentId: "work" });
    const { messages } = await client.call("chat.history", { sessionKey: `agent:work:explicit:${sessionId}` });

    assert.equal(messages.length, 2);
  });

  for (const sessionId of ["../../etc/passwd", "a b", "x".repeat(200), "new\u0007line"]) {
    test(`${whose} command line is told that ${JSON.stringify(sessionId.slice(0, 20))} is no id`, async () => {
      const [{ error }] = await run({ message: "/echo x", sessionId });

      assert.equal(error?.code, "INVALID_REQUEST");
      assert.match(error?.message ?? "", /^invalid session id /);
    });
  }
}

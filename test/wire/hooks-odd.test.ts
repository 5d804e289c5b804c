// Odd calls of hooks: other encodings, names that come twice, ids that come again, floods of headers; each is read right or refused.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, describe, test } from "node:test";
import { fakeOpenAI } from "../fakes/openai.ts";
import { within } from "../support/time-limit.ts";
import { askedBy, callHook, HOOK_TOKEN, hooksGateway, withToken } from "./hooks-stage.ts";

const model = await fakeOpenAI();
after(() => model[Symbol.asyncDispose]());
const gateway = await hooksGateway(model, {
  mappings: [{ match: { path: "named" }, eventId: "payload.id", messageTemplate: "event {{id}} {{text}}" }],
});
after(() => gateway[Symbol.asyncDispose]());
const client = await gateway.connect({ scopes: ["operator.admin"] });

const call = (body: unknown, headers: Record<string, string> = {}, path = "/hooks/agent") =>
  callHook(gateway.httpUrl, path, { body, headers: withToken(headers) });
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");

describe("a body is read in its encoding:", () => {
  const cases: readonly [what: string, type: string, body: Uint8Array][] = [
    ["UTF-8 that nobody names", "application/json", Buffer.from('{"message":"Grüße"}')],
    ["UTF-8 with a mark in front", "application/json", Buffer.from('\ufeff{"message":"Grüße"}')],
    ["Latin-1", "application/json; charset=ISO-8859-1", Buffer.from('{"message":"Grüße"}', "latin1")],
    ["quoted", 'application/json; charset="windows-1252"', Buffer.from('{"message":"Grüße"}', "latin1")],
    ["UTF-16", "application/json;charset=utf-16le", utf16('{"message":"Grüße"}')],
  ];
  for (const [what, type, body] of cases)
    test(what, async () => {
      const { status, body: answer } = await call(body, { "content-type": type });

      assert.equal(status, 202);
      assert.match((await askedBy(answer.runId, { client, model })).told, /Grüße/);
    });
});

describe("a body is refused that would be read maimed:", () => {
  const cases: readonly [what: string, type: string, body: Uint8Array, error: RegExp][] = [
    [
      "Latin-1 as UTF-8",
      "application/json",
      Buffer.from('{"message":"Grüße"}', "latin1"),
      /not text in utf-8; send UTF-8/,
    ],
    ["an unknown charset", "application/json; charset=klingon", Buffer.from('{"message":"x"}'), /not text in klingon/],
    ["a hostile charset", "application/json; charset=<b>\u00ff", Buffer.from('{"message":"x"}'), /not text in \?b\?\?/],
    ["half a character", "application/json", Buffer.from([0x7b, 0x22, 0xc3]), /not text in utf-8/],
    ["UTF-16 that nobody names", "application/json", utf16('{"message":"x"}'), /not text in utf-8|not JSON/],
  ];
  for (const [what, type, body, error] of cases)
    test(what, async () => {
      const { status, body: answer } = await call(body, { "content-type": type });

      assert.equal(status, 400);
      assert.match(answer.error, error);
    });
});

describe("a body is refused that is no object:", () => {
  for (const body of [
    "null",
    "[]",
    '"text"',
    "1e999",
    "{",
    '{"message":"x"}}',
    "NaN",
    "{'message':'x'}",
    '{"message":"x",}',
  ])
    test(body, async () => {
      const { status, body: answer } = await call(body);

      assert.deepEqual([status, /^the body (?:must be a JSON object|is not JSON)$/.test(answer.error)], [400, true]);
    });
});

test("of two fields of one name the last counts, and one called __proto__ does nothing", async () => {
  const { body } = await call('{"message":"first","message":"last","__proto__":{"sessionKey":"main"}}');

  const { delivery, told } = await askedBy(body.runId, { client, model });
  assert.deepEqual([told.includes("last"), told.includes("first")], [true, false]);
  assert.match(delivery.sessionKey, /^agent:main:hook:/);
});

test("halves of characters are made whole, and control characters break nothing", async () => {
  const { status, body } = await call('{"message":"a\\ud800b\\u0000c\\u001b[31m","name":"n\\udc00"}');

  const { told, delivery } = await askedBy(body.runId, { client, model });
  const { messages } = await client.call("chat.history", { sessionKey: delivery.sessionKey });
  assert.equal(status, 202);
  assert.match(told, /a\ufffdb/);
  // JSON escapes control characters, and of characters the halves alone.
  assert.doesNotMatch(JSON.stringify(messages), /\\u(?:0000|001b|d[89a-f]..)/i);
});

test("an event whose sender names it again is the first one, whatever it says; another kind of id is its JSON", async () => {
  const first = await call({ id: 7, text: "one" }, {}, "/hooks/named");
  const again = await call({ id: "7", text: "two" }, {}, "/hooks/named");
  const other = await call({ id: { a: [7] }, text: "three" }, {}, "/hooks/named");
  const long = await call({ id: "7".repeat(200_000), text: "four" }, {}, "/hooks/named");

  assert.deepEqual([first.status, again.status, other.status, long.status], [202, 202, 202, 202]);
  assert.equal(again.body.runId, first.body.runId);
  assert.equal(new Set([first, other, long].map(({ body }) => body.runId)).size, 3);
  const { deliveries } = await client.call("hooks.deliveries", { hook: "named" });
  assert.ok(deliveries.every(({ eventId }: { eventId: string }) => eventId.length <= 256));
});

test("a flood of headers is refused, and the next call is answered", async () => {
  const headers = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x-flood-${index}`, "y".repeat(20)]));
  const flood = request(`${gateway.httpUrl}/hooks/agent`, {
    method: "POST",
    headers: { authorization: `Bearer ${HOOK_TOKEN}`, ...headers },
  });
  const status = await within(
    new Promise<number | string>((resolve) => {
      flood.on("response", (response) => resolve(response.resume().statusCode ?? 0));
      flood.on("error", () => resolve("cut"));
      flood.end("{}");
    }),
    "an answer",
  );

  const next = await call({ message: "Are you there?" });

  assert.deepEqual([[431, "cut"].includes(status), next.status], [true, 202]);
});

test("numbers without measure are refused or bounded", async () => {
  const statuses: number[] = [];
  for (const timeoutSeconds of [1e308, -1, 0.5, "10", null, 2 ** 53])
    statuses.push((await call({ message: "x", timeoutSeconds })).status);

  assert.ok(
    statuses.every((status) => status === 202 || status === 400),
    statuses.join(" "),
  );
});

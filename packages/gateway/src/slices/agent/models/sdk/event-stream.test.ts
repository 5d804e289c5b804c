import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { systemClock } from "../../../../base/time/clock.ts";
import { coalesceEvents } from "./event-stream.ts";

/** Time stands still: everything that arrives at once is merged as far as it can be. */
const clock = { ...systemClock, monotonic: () => 0 };

async function thin(chunks: readonly Uint8Array[]): Promise<string> {
  const left = [...chunks];
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of coalesceEvents(async () => left.shift(), clock))
    text += decoder.decode(chunk, { stream: true });
  return text;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const chat = (content: string) =>
  `data: ${JSON.stringify({ id: "x", choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

function contentOf(stream: string): string {
  const events = stream.split("\n\n").filter((event) => event.startsWith("data: {"));
  return events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta?.content ?? "").join("");
}

test("neighbouring text deltas become one", async () => {
  const stream = await thin([bytes(chat("Hel") + chat("lo ") + chat("you"))]);

  assert.equal(stream, chat("Hello you"));
});

test("whatever the texts and wherever the bytes are cut, no text is lost, added or moved", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat({ max: 400 })), async (texts, cuts) => {
      const whole = bytes(`${texts.map(chat).join("")}data: [DONE]\n\n`);
      const at = [...new Set(cuts.filter((cut) => cut < whole.length))].sort((a, b) => a - b);
      const chunks = [0, ...at].map((start, index) => whole.slice(start, at[index] ?? whole.length));

      const stream = await thin(chunks);

      assert.equal(contentOf(stream), texts.join(""));
      assert.ok(stream.endsWith("data: [DONE]\n\n"));
    }),
  );
});

test("events that are more than a text delta pass unchanged, in their place", async () => {
  const finish = 'data: {"choices":[{"index":0,"delta":{"content":"!"},"finish_reason":"stop"}]}\n\n';
  const stream = `${chat("a")}${chat("b")}: a comment\n\n${finish}${chat("c")}data: [DONE]\n\n`;

  assert.equal(await thin([bytes(stream)]), `${chat("ab")}: a comment\n\n${finish}${chat("c")}data: [DONE]\n\n`);
});

test("a first event that names the role is merged with those that do not", async () => {
  const first =
    'data: {"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n';

  assert.equal(await thin([bytes(first + chat("a") + chat('"b"\\'))]), chat('a"b"\\'));
});

test("Anthropic's text deltas are merged, block by block", async () => {
  const delta = (index: number, text: string) =>
    `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index, delta: { type: "text_delta", text } })}\n\n`;

  assert.equal(await thin([bytes(delta(0, "a") + delta(0, "b") + delta(1, "c"))]), delta(0, "ab") + delta(1, "c"));
});

test("the deltas of OpenAI's responses are merged although each has its own number", async () => {
  const delta = (sequence_number: number, text: string) =>
    `event: response.output_text.delta\ndata: ${JSON.stringify({ type: "response.output_text.delta", item_id: "m", content_index: 0, delta: text, sequence_number })}\n\n`;

  assert.equal(await thin([bytes(delta(1, "a") + delta(2, "b") + delta(3, "c"))]), delta(3, "abc"));
});

test("carriage returns before line feeds are read as line ends", async () => {
  const stream = (chat("a") + chat("b")).replaceAll("\n", "\r\n");

  assert.equal(await thin([bytes(stream)]), chat("ab"));
});

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { FakeClock } from "../../../../../../test/fakes/clock.ts";
import { recordingFetch } from "./exchange-recorder.ts";
import type { Exchange } from "./recording.ts";

const URL = "https://user:password@a.example/v1/messages?key=secret#part";

/** Asks through a recorder for what `answer` gives; `room` is how many characters may be kept. */
function recorder(answer: () => Promise<Response>, room = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const kept: Exchange[] = [];
  let left = room;
  const sink = {
    elapsedMs: 5,
    add: (exchange: Exchange) => void kept.push(exchange),
    take: (chars: number) => {
      left -= chars;
      return left >= 0;
    },
  };
  return { clock, kept, fetch: recordingFetch(answer, sink, clock) };
}

/** The body of an answer that comes in these pieces. */
function bodyOf(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(pieces)) as ReadableStream<Uint8Array>;
}

/** The exchange of a request with nothing but its address, with what is different in it. */
const exchange = (more: Partial<Exchange> = {}): Exchange => ({
  at: 5,
  method: "GET",
  url: "https://a.example/v1/messages",
  requestHeaders: {},
  requestBody: "",
  responseBody: "",
  ...more,
});

test("a request and its answer are kept without a credential", async () => {
  const headers = { "content-type": "text/plain", "set-cookie": "secret", "x-request-id": "q1" };
  const { fetch, kept, clock } = recorder(async () => {
    clock.advance(7);
    return new Response("Grüße", { status: 201, headers });
  });

  const answer = await fetch(URL, {
    method: "POST",
    body: '{"a":1}',
    headers: { Authorization: "Bearer secret", "x-api-key": "secret", "Content-Type": "application/json" },
  });

  assert.deepEqual([answer.status, await answer.text()], [201, "Grüße"]);
  assert.deepEqual(kept, [
    exchange({
      method: "POST",
      requestHeaders: { "content-type": "application/json" },
      requestBody: '{"a":1}',
      status: 201,
      responseHeaders: { "content-type": "text/plain", "x-request-id": "q1" },
      responseBody: "Grüße",
      durationMs: 7,
    }),
  ]);
});

test("an answer in pieces is passed on and kept whole, even where a piece ends within a letter", async () => {
  const bytes = new TextEncoder().encode("aüb");
  const pieces = bodyOf([bytes.slice(0, 2), bytes.slice(2)]);
  const { fetch, kept } = recorder(async () => new Response(pieces));

  const answer = await fetch(URL);

  assert.equal(await answer.text(), "aüb");
  assert.equal(kept[0]?.responseBody, "aüb");
});

test("a request that fails is kept with why, and fails all the same", async () => {
  const cause = Object.assign(new Error("no"), { code: "ECONNREFUSED" });
  const failure = new TypeError("fetch failed", { cause });
  const { fetch, kept } = recorder(() => Promise.reject(failure));

  await assert.rejects(fetch(URL), failure);

  assert.deepEqual(
    kept.map(({ error, durationMs, status }) => [error?.code, durationMs, status]),
    [["ECONNREFUSED", 0, undefined]],
  );
});

test("an answer that breaks off is kept as far as it came, with why", async () => {
  async function* broken() {
    yield new TextEncoder().encode("half");
    throw Object.assign(new Error("broken"), { code: "ECONNRESET" });
  }
  const { fetch, kept } = recorder(async () => new Response(bodyOf(broken())));

  const answer = await fetch(URL);
  await assert.rejects(answer.text());

  assert.deepEqual([kept[0]?.responseBody, kept[0]?.error?.code, kept[0]?.durationMs], ["half", "ECONNRESET", 0]);
});

test("an answer without a body is passed on as it is", async () => {
  const empty = new Response(null, { status: 204 });
  const { fetch, kept } = recorder(async () => empty);

  assert.equal(await fetch(URL), empty);
  assert.deepEqual(kept, [exchange({ status: 204, responseHeaders: {} })]);
});

test("where there is no room the answer is passed on and not kept", async () => {
  const { fetch, kept } = recorder(async () => new Response("Hello"), 4);

  const answer = await fetch(URL);

  assert.equal(await answer.text(), "Hello");
  assert.equal(kept[0]?.responseBody, "");
});

test("a reader that goes away at once, with a piece on its way, is named as that", async () => {
  const { fetch, kept } = recorder(async () => new Response("Hello"));

  const answer = await fetch(URL);
  await answer.body?.cancel();
  await new Promise(setImmediate);

  assert.deepEqual(kept[0]?.error, { message: "the reader went away" });
});

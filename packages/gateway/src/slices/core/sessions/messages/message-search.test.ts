import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openStore } from "../../../../base/store/store.ts";
import { tables } from "../tables.ts";
import { MessageSearch } from "./message-search.ts";

/** A store in which each text is a message; its place is its index, from 1 on. */
function open(texts: readonly string[]) {
  const store = openStore(":memory:", [tables]);
  const insert =
    "insert into messages (id, session_key, session_id, role, at, text, body) values (?, 'k', 's', 'user', 0, ?, '{}')";
  store.transaction(() => {
    for (const [index, text] of texts.entries()) store.run(insert, `m${index + 1}`, text);
  });
  return { store, search: new MessageSearch(store), [Symbol.dispose]: () => store[Symbol.dispose]() };
}

const idsOf = (matches: readonly { readonly messageId: string }[]) => matches.map(({ messageId }) => messageId);

const WORDS = [
  "garden",
  "Gärtner",
  "gardens",
  "гарный",
  "Йогурт",
  "йога",
  "ελλάδα",
  "한국어",
  "がくせい",
  "日本語",
  "x100",
  "x1000",
];

test("the beginning of a word finds what the index finds by it, in every script", async () => {
  const text = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
  const beginning = fc
    .tuple(fc.constantFrom(...WORDS), fc.integer({ min: 3, max: 6 }))
    .map(([word, length]) => word.slice(0, length));

  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 12 }), beginning, async (texts, word) => {
      using opened = open(texts);
      const byIndex = opened.store
        .all<{ id: string }>(
          "select id from messages where seq in (select rowid from messages_search where messages_search match ?)",
          `"${word}"*`,
        )
        .map(({ id }) => id);

      const found = idsOf(await opened.search.find(word, 50));

      assert.deepEqual(found.toSorted(), byIndex.toSorted());
    }),
    { numRuns: 150 },
  );
});

test("a beginning that more words have than can be named finds all of them", async () => {
  using opened = open(Array.from({ length: 400 }, (_, index) => `number${index}`));

  assert.equal((await opened.search.find("numb", 300)).length, 300);
});

test("a word that stands in very many messages finds the newest of them", async () => {
  using opened = open(Array.from({ length: 20_000 }, (_, index) => `the common word ${index + 1}`));

  assert.deepEqual(idsOf(await opened.search.find("the common", 3)), ["m20000", "m19999", "m19998"]);
  assert.deepEqual(await opened.search.find("w", 3), []);
});

test("others get their turn while long texts are looked at", async () => {
  const filler = "lorem ipsum ".repeat(8_000);
  using opened = open(Array.from({ length: 10 }, () => `teapot ${filler}`));
  let turns = 0;
  const count = () => {
    turns++;
    waiting = setImmediate(count);
  };
  let waiting = setImmediate(count);

  const found = await opened.search.find("teapot", 10);
  clearImmediate(waiting);

  assert.equal(found.length, 10);
  assert.ok(turns >= 10, `${turns} turns`);
});

test("a text that is too long to be read as a whole is shown by its beginning", async () => {
  using opened = open([`teapot ${"x".repeat(200_000)}`]);

  const [match] = await opened.search.find("teapot", 1);

  assert.equal(match?.snippet, `teapot ${"x".repeat(193)}…`);
});

test("what is no word is not looked for", async () => {
  using opened = open(["hello _ there", "bye"]);

  assert.deepEqual(idsOf(await opened.search.find("hello _ *", 5)), ["m1"]);
  assert.deepEqual(await opened.search.find("__ - *", 5), []);
});

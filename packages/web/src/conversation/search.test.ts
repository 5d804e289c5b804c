import assert from "node:assert/strict";
import { test } from "node:test";
import { type Match, marked, Search } from "./search.ts";

/** A search whose answers the test gives, and what was asked. */
function searching() {
  const asked: { query: string; answer: (matches: readonly Match[] | undefined) => void }[] = [];
  let changed = Promise.withResolvers<void>();
  const search = new Search({
    find: (query) => new Promise((answer) => asked.push({ query, answer })),
    onChange: () => {
      changed.resolve();
      changed = Promise.withResolvers();
    },
  });
  /** Waits until the gateway has been asked so often. */
  const askedTimes = async (times: number) => {
    while (asked.length < times) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const next = () => changed.promise;
  return { search, asked, askedTimes, next };
}

const match = (id: string) => ({ messageId: id }) as unknown as Match;

test("typing asks when it pauses, for the last words only, without the space around them", async () => {
  const { search, asked, askedTimes, next } = searching();

  search.type("pi");
  search.type(" pizza ");
  const typing = { ...search.state };
  await askedTimes(1);
  asked[0]?.answer([match("m1")]);
  await next();

  assert.deepEqual(typing, { query: "pizza", matches: [], isBusy: true });
  assert.deepEqual(
    asked.map(({ query }) => query),
    ["pizza"],
  );
  assert.deepEqual(search.state, { query: "pizza", matches: [match("m1")], isBusy: false });
});

test("what is typed while an answer is on its way is asked after it, and the late answer is not shown", async () => {
  const { search, asked, askedTimes } = searching();
  search.type("pizza");
  await askedTimes(1);

  search.type("pasta");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const meanwhile = asked.length;
  asked[0]?.answer([match("pizza")]);
  await askedTimes(2);

  assert.equal(meanwhile, 1);
  assert.deepEqual([asked[1]?.query, search.state], ["pasta", { query: "pasta", matches: [], isBusy: true }]);
});

test("one letter stands for too much: nothing is asked, and what was found goes", async () => {
  const { search, asked, askedTimes, next } = searching();
  search.type("pizza");
  await askedTimes(1);
  asked[0]?.answer([match("m1")]);
  await next();

  search.type("p");
  await new Promise((resolve) => setTimeout(resolve, 300));

  assert.deepEqual(search.state, { query: "p", matches: [], isBusy: false });
  assert.equal(asked.length, 1);
});

test("a gateway that cannot be asked leaves the list empty, not busy", async () => {
  const { search, asked, askedTimes, next } = searching();
  search.type("pizza");
  await askedTimes(1);

  asked[0]?.answer(undefined);
  await next();

  assert.deepEqual(search.state, { query: "pizza", matches: [], isBusy: false });
});

/** A text with what was found in brackets. */
const inBrackets = (text: string, query: string) =>
  marked(text, query)
    .map((piece) => (piece.isHit ? `[${piece.text}]` : piece.text))
    .join("");

for (const [text, query, expected] of [
  ["Pizza and pizzas", "pizza", "[Pizza] and [pizzas]"],
  ["ein Café", "cafe", "ein [Café]"],
  ["cafe", "CAFÉ", "[cafe]"],
  ["depizza", "pizza", "depizza"],
  ["one two", "two one", "[one] [two]"],
  ["a+b", "+", "a+b"],
  ["İstanbul trip", "trip", "İstanbul [trip]"],
  ["nothing", "", "nothing"],
] as const)
  test(`“${query}” in “${text}” is ${expected}`, () => assert.equal(inBrackets(text, query), expected));

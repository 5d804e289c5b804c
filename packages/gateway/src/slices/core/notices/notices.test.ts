import assert from "node:assert/strict";
import { test } from "node:test";
import { Notices } from "./notices.ts";

const MAIN = "agent:main:main";
const event = (text: string) => ({ text, from: { kind: "event" as const, id: "a test" } });

test("what waits is taken once, and each session has its own", () => {
  const notices = new Notices();
  notices.add(MAIN, event("The kettle is on"));
  notices.add("agent:main:other", event("Elsewhere"));

  const taken = [notices.take(MAIN), notices.take(MAIN)];

  assert.deepEqual(taken, [[event("The kettle is on")], []]);
  assert.deepEqual(notices.waiting("agent:main:other").length, 1);
});

test("of more than twenty the newest wait, and none twice in a row", () => {
  const notices = new Notices();
  const lines = Array.from({ length: 25 }, (_, index) => event(`line ${index}`));

  for (const line of lines.flatMap((line) => [line, line])) notices.add(MAIN, line);

  assert.deepEqual(notices.take(MAIN), lines.slice(5));
});

test("the revision changes with what waits, and not with what is dropped", () => {
  const notices = new Notices();
  notices.add(MAIN, event("once"));
  const before = notices.revision;

  notices.add(MAIN, event("once"));
  const afterDropped = notices.revision;
  notices.take(MAIN);

  assert.equal(afterDropped, before);
  assert.notEqual(notices.revision, before);
});

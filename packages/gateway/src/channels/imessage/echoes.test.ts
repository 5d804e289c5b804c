import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../../../test/fakes/clock.ts";
import { balloonIn } from "./balloons.ts";
import { type Echo, Echoes, readClaimed, withoutFileMarks } from "./echoes.ts";

function stage(claimed: readonly string[] = []) {
  const clock = new FakeClock();
  let kept: readonly string[] = [];
  const echoes = new Echoes(clock, claimed, (ids) => {
    kept = [...ids];
  });
  return { clock, echoes, kept: () => kept };
}

const echo = (guid: string, more: Partial<Echo> = {}): Echo => ({
  ...{ guid, chatIds: ["+1"], text: "hi", hasFiles: false, at: 0 },
  ...more,
});
const HI = { chatId: "+1", text: " hi ", hasFile: false };

test("a send without an id learns it from its echo, once, and the id is kept", async () => {
  const { echoes, kept } = stage();
  using first = echoes.expect(HI);
  using second = echoes.expect(HI);

  echoes.sent(echo("other chat", { chatIds: ["+2"] }));
  echoes.sent(echo("other words", { text: "ho" }));
  echoes.sent(echo("a file", { hasFiles: true }));
  echoes.sent(echo("G1"));
  echoes.sent(echo("G1"));
  echoes.sent(echo("G2"));

  assert.deepEqual([await first.found(1), await second.found(1), kept()], ["G1", "G2", ["G1", "G2"]]);
  assert.deepEqual([echoes.isOwn("G1"), echoes.isOwn("a file")], [true, false]);
});

test("a file is known by being one, whatever stands beside it", async () => {
  const { echoes } = stage();
  using expected = echoes.expect({ chatId: "+1", text: "see", hasFile: true });

  echoes.sent(echo("words", { text: "see" }));
  echoes.sent(echo("file", { text: "", hasFiles: true }));

  assert.equal(await expected.found(1), "file");
});

test("an echo that does not come in time is none, and one that nobody expects any more is not claimed", async () => {
  const { echoes, clock, kept } = stage();
  const expected = echoes.expect(HI);

  const found = expected.found(1_000);
  clock.advance(1_000);
  const inTime = await found;
  expected[Symbol.dispose]();
  echoes.sent(echo("late"));

  assert.deepEqual([inTime, kept()], [undefined, []]);
});

test("among messages that were sent the expected one is found once; what is ours already is passed over", () => {
  const { echoes } = stage(["G1"]);
  const among = [echo("G1"), echo("G2", { chatIds: ["guid", "+1"] }), echo("G3")];

  assert.deepEqual(
    [1, 2, 3].map(() => echoes.find(HI, among)),
    ["G2", "G3", undefined],
  );
});

test("of our messages the newest hundred are remembered", () => {
  const { echoes, kept } = stage();

  for (let index = 0; index <= 100; index++) echoes.claim(`G${index}`);
  echoes.claim("G100");

  assert.deepEqual([kept().length, kept()[0], echoes.isOwn("G0"), echoes.isOwn("G100")], [100, "G1", false, true]);
  assert.deepEqual([readClaimed(undefined), readClaimed('["a"]')], [[], ["a"]]);
});

test("what comes back with the same words within five seconds is a copy; later, elsewhere or without words it is not", () => {
  const { echoes } = stage();
  echoes.sent(echo("G1", { at: 10_000 }));
  const isCopy = (more: Partial<Echo>) => echoes.isCopy(echo("C", { at: 10_000, ...more }));

  assert.deepEqual([isCopy({}), isCopy({ at: 14_999 }), isCopy({ at: 5_001 })], [true, true, true]);
  assert.deepEqual(
    [isCopy({ at: 15_000 }), isCopy({ text: "ho" }), isCopy({ chatIds: ["+2"] }), isCopy({ text: "" })],
    [false, false, false, false],
  );
  echoes.sent(echo("G2", { at: 15_000, text: "ho" }));
  assert.equal(isCopy({}), false);
});

test("marks of files are no words", () => {
  assert.equal(withoutFileMarks("\uFFFC see \uFFFD"), "see");
});

test("what an app has put into a conversation is named; a link only where its address does not stand in the text", () => {
  const what = (bundle: unknown, text = "") =>
    balloonIn(bundle, text).map((item) => item.kind === "withheld" && item.what);
  const link = "com.apple.messages.URLBalloonProvider";

  assert.deepEqual(what("com.apple.Handwriting.HandwritingProvider"), ["Handwriting"]);
  assert.deepEqual(what("com.apple.messages.MSMessageExtensionBalloonPlugin:0:org.example.chess"), [
    "App org.example.chess",
  ]);
  assert.deepEqual([what(link), what(link, "https://example.org")], [["Link"], []]);
  assert.deepEqual([what(undefined), what("")], [[], []]);
});

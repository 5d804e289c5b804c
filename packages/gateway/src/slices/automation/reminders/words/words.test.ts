// Reminders as people say them: what is read, when that is, and what is refused (automation: reminders and natural times).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { nextSlots } from "../../../../base/schedule/schedule.ts";
import { parseReminder, startsLikeReminder } from "./reminder-request.ts";
import { plan } from "./schedule-of.ts";
import { whenOf } from "./when.ts";

const NOW = Date.parse("2026-11-29T16:00Z");
const BERLIN = "Europe/Berlin";

/** The first firings of a sentence in UTC, or why there are none. */
function firings(words: string, { now = NOW, tz = BERLIN, count = 1 } = {}): string[] {
  const request = parseReminder(words);
  if (request.kind === "unclear") return [request.why];
  try {
    const { schedule } = plan(request.when, { now, tz });
    return nextSlots(schedule, now, count).map((at) => new Date(at).toISOString().replace(":00.000Z", "Z"));
  } catch (error) {
    return [(error as Error).message];
  }
}

describe("the vectors of the reference", () => {
  for (const [words, first] of [
    ["in 20 min", "2026-11-29T16:20Z"],
    ["at 18:30", "2026-11-29T17:30Z"],
    ["at 8", "2026-11-30T07:00Z"],
    ["tomorrow 9am", "2026-11-30T08:00Z"],
  ] as const)
    test(`${words} is ${first}`, () => {
      assert.deepEqual(firings(`${words} to stretch`), [first]);
    });

  test("every weekday at 8 is 0 8 * * 1-5", () => {
    const request = parseReminder("every weekday at 8 stand up");

    assert.deepEqual(request.kind === "request" && plan(request.when, { now: NOW, tz: BERLIN }).schedule, {
      ...{ kind: "cron", expr: "0 8 * * 1-5", tz: BERLIN },
    });
  });

  for (const [words, why] of [
    ["in 0 min", /is now/],
    ["at 25:00", /25:00 is not a time of day/],
    ["on 30 Feb", /February has no day 30/],
  ] as const)
    test(`${words} is refused with the reason`, () => {
      assert.match(firings(`${words} to stretch`)[0] ?? "", why);
    });
});

describe("times", () => {
  for (const [words, first] of [
    ["in an hour", "2026-11-29T17:00Z"],
    ["in half an hour", "2026-11-29T16:30Z"],
    ["in 1h30m", "2026-11-29T17:30Z"],
    ["in an hour and a half", "2026-11-29T17:30Z"],
    ["in two and a half hours", "2026-11-29T18:30Z"],
    ["in 2 hours and 5 minutes", "2026-11-29T18:05Z"],
    ["in 3 days at 9:15", "2026-12-02T08:15Z"],
    ["in a week", "2026-12-06T16:00Z"],
    ["at noon", "2026-11-30T11:00Z"],
    ["at 6pm", "2026-11-29T17:00Z"],
    ["at 12am", "2026-11-29T23:00Z"],
    ["at 5 p.m.", "2026-11-30T16:00Z"],
    ["@ 18:30", "2026-11-29T17:30Z"],
    ["today at 20:00", "2026-11-29T19:00Z"],
    ["tonight at 8", "2026-11-29T19:00Z"],
    ["tonight", "2026-11-29T20:00Z"],
    ["tomorrow", "2026-11-30T08:00Z"],
    ["tomorrow morning", "2026-11-30T08:00Z"],
    ["tomorrow evening at 7", "2026-11-30T18:00Z"],
    ["at 7 tomorrow", "2026-11-30T06:00Z"],
    ["the day after tomorrow at 10:00", "2026-12-01T09:00Z"],
    ["on Monday at 9", "2026-11-30T08:00Z"],
    ["next Monday", "2026-11-30T08:00Z"],
    ["next Sunday", "2026-12-06T08:00Z"],
    ["on Sunday at 18:00", "2026-11-29T17:00Z"],
    ["on Sunday at 16:00", "2026-12-06T15:00Z"],
    ["on the 1st at 9", "2026-12-01T08:00Z"],
    ["on the 31st at 9", "2026-12-31T08:00Z"],
    ["on 24 December at 18:00", "2026-12-24T17:00Z"],
    ["on Dec 24th, 2027 at 6pm", "2027-12-24T17:00Z"],
    ["on 3 March", "2027-03-03T08:00Z"],
    ["on 29 Feb at 9", "2028-02-29T08:00Z"],
    ["on 2027-01-02 at 08:05", "2027-01-02T07:05Z"],
  ] as const)
    test(`${words} is ${first}`, () => {
      assert.deepEqual([firings(`${words} to stretch`), firings(`stretch ${words}`)], [[first], [first]]);
    });
});

describe("times that come again", () => {
  for (const [words, ...times] of [
    ["every 2 hours", "2026-11-29T18:00Z", "2026-11-29T20:00Z", "2026-11-29T22:00Z"],
    ["every hour", "2026-11-29T17:00Z", "2026-11-29T18:00Z", "2026-11-29T19:00Z"],
    ["every day at 8:30", "2026-11-30T07:30Z", "2026-12-01T07:30Z", "2026-12-02T07:30Z"],
    ["daily at 9pm", "2026-11-29T20:00Z", "2026-11-30T20:00Z", "2026-12-01T20:00Z"],
    ["at 8 every weekday", "2026-11-30T07:00Z", "2026-12-01T07:00Z", "2026-12-02T07:00Z"],
    ["every morning", "2026-11-30T08:00Z", "2026-12-01T08:00Z", "2026-12-02T08:00Z"],
    ["every Tuesday and Friday at 18:00", "2026-12-01T17:00Z", "2026-12-04T17:00Z", "2026-12-08T17:00Z"],
    ["every weekend at 10:00", "2026-12-05T09:00Z", "2026-12-06T09:00Z", "2026-12-12T09:00Z"],
    ["every month on the 1st at 9", "2026-12-01T08:00Z", "2027-01-01T08:00Z", "2027-02-01T08:00Z"],
    ["every 31st at 9:00", "2026-12-31T08:00Z", "2027-01-31T08:00Z", "2027-03-31T07:00Z"],
    ["every year on 24 December at 18:00", "2026-12-24T17:00Z", "2027-12-24T17:00Z", "2028-12-24T17:00Z"],
    ["every 2 days at 8:00", "2026-11-30T07:00Z", "2026-12-02T07:00Z", "2026-12-04T07:00Z"],
  ] as const)
    test(`${words} comes at ${times.join(", ")}`, () => {
      assert.deepEqual(firings(`${words} to stretch`, { count: 3 }), times);
    });
});

describe("what cannot be", () => {
  for (const [words, why] of [
    ["today at 8 to stretch", /08:00 on Sunday, 29 November 2026 is over: it is 17:00/],
    ["on 2020-01-01 to stretch", /is over/],
    ["on 03/04 to stretch", /two ways.*month as a word/],
    ["on the 32nd to stretch", /No month has a day 32/],
    ["on 29 Feb 2027 to stretch", /February 2027 has no day 29/],
    ["at 13pm to stretch", /hours go from 1 to 12/],
    ["at 12:60 to stretch", /not a time of day/],
    ["every 10 seconds to stretch", /once a minute/],
    ["every month to stretch", /Which day of the month|which day of the month/],
    ["every 2 hours at 8 to stretch", /has no time of day/],
    ["in 20 min at 8 to stretch", /not both/],
    ["in 999999999 weeks to stretch", /hundred years/],
    ["to stretch", /When\?/],
    ["remind me", /Of what, and when/],
    ["remind me in 20 min", /Of what/],
    ["", /Of what/],
  ] as const)
    test(`“${words}” is answered with a reason or a question`, () => {
      assert.match(firings(words)[0] ?? "", why);
    });

  test("a day that a zone has left out does not exist there", () => {
    const now = Date.parse("2011-12-29T12:00Z");

    assert.match(firings("on 2011-12-30 at 9:00 to stretch", { now, tz: "Pacific/Apia" })[0] ?? "", /does not exist/);
  });
});

describe("clocks that change", () => {
  test("a time that is left out comes when the change is over, one that comes twice the first time", () => {
    const spring = firings("at 2:30 to look", { now: Date.parse("2026-03-28T12:00Z") });
    const autumn = firings("at 2:30 to look", { now: Date.parse("2026-10-24T12:00Z") });

    assert.deepEqual([spring, autumn], [["2026-03-29T01:00Z"], ["2026-10-25T00:30Z"]]);
  });

  test("a zone decides which day tomorrow is", () => {
    const now = Date.parse("2026-11-29T23:30Z");

    assert.deepEqual(
      ["America/Los_Angeles", "UTC", "Asia/Tokyo"].map((tz) => firings("tomorrow at 9:00 to look", { now, tz })[0]),
      ["2026-11-30T17:00Z", "2026-11-30T09:00Z", "2026-12-01T00:00Z"],
    );
  });
});

describe("sentences", () => {
  for (const [said, text] of [
    ["remind me in 20 min to stretch", "stretch"],
    ["Remind me to call mum tomorrow at 9.", "call mum"],
    ["please remind us every weekday at 8 that the stand-up begins", "the stand-up begins"],
    ["@moltbot remind me at 18:30: tea", "tea"],
    ["can you remind me about the dentist on Monday at 9", "the dentist"],
    ["remind me tomorrow at 9 to buy 2 tickets for the 8 o'clock show", "buy 2 tickets for the 8 o'clock show"],
    ["remind me in 5 min to read\nboth lines", "read\nboth lines"],
  ] as const)
    test(`“${said}” is about “${text}”`, () => {
      const request = parseReminder(said);

      assert.deepEqual([request.kind === "request" && request.text, startsLikeReminder(said)], [text, true]);
    });

  for (const said of ["remind me what we said yesterday at 8", "remind me who she is", "I must remind myself"])
    test(`“${said}” asks for no reminder`, () => {
      assert.equal(startsLikeReminder(said), false);
    });
});

test("what the page for people says is understood", () => {
  const page = readFileSync(new URL("../../../../../../../docs/reminders.md", import.meta.url), "utf8");
  const sentences = /```\n(remind me[\s\S]*?)\n```/.exec(page)?.[1]?.split("\n") ?? [];
  const [, table = ""] = /\| say \| meaning \|\n([\s\S]*?)\n\n/.exec(page) ?? [];
  const times = [...table.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, time = ""]) => time),
  );

  assert.deepEqual([sentences.length > 2, times.length > 15], [true, true]);
  assert.deepEqual(
    sentences.filter((each) => parseReminder(each).kind !== "request"),
    [],
  );
  assert.deepEqual(
    times.filter((each) => (whenOf(each)?.kind ?? "wrong") === "wrong"),
    [],
  );
});

test("whatever is said is read or asked about at once, and what is read is in the future", () => {
  const word = fc.constantFrom(
    ...[
      "remind",
      "me",
      "in",
      "at",
      "on",
      "every",
      "next",
      "the",
      "20",
      "8",
      "31st",
      "24",
      "dec",
      "feb",
      "min",
      "hours",
    ],
    ...[
      "monday",
      "tomorrow",
      "today",
      "9am",
      "18:30",
      "25:00",
      "to",
      "and",
      "a",
      "half",
      "week",
      "month",
      "stretch",
      "0",
    ],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word, { maxLength: 14 }).map((words) => words.join(" ")),
        fc.string({ maxLength: 200 }),
      ),
      fc.integer({ min: Date.parse("2001-01-01"), max: Date.parse("2100-01-01") }),
      fc.constantFrom("UTC", BERLIN, "Australia/Lord_Howe", "America/New_York"),
      (words, now, tz) => {
        const [first = ""] = firings(words, { now, tz });

        assert.ok(/^\d{4}-/.test(first) ? Date.parse(first) >= now - 60_000 : first.length > 10, first);
      },
    ),
    { numRuns: 300 },
  );
});

test("of a very long message only the beginning is read", () => {
  const request = parseReminder(`remind me every monday to sing ${"every monday and ".repeat(20_000)}`);

  assert.ok(request.kind === "request" && request.text.length < 4_000);
});

describe("a time that is understood in part is asked about:", () => {
  for (const words of [
    "every 3 months to pay",
    "at 08:00 UTC to call",
    "at 8am EST to call",
    "at 8 GMT+2 to call",
    "at 8 and 9 to call",
    "every monday through friday at 8 to call",
    "every monday - friday at 8 to call",
    "every day until friday to call",
    "on the 1st of every second month to pay",
  ])
    test(words, () => {
      assert.equal(parseReminder(words).kind, "unclear");
    });
});

describe("what comes again without “every” in front:", () => {
  for (const [words, ...slots] of [
    ["mondays at 9 to run", "2026-11-30T08:00Z", "2026-12-07T08:00Z"],
    ["on tuesdays and fridays at 18:00 to run", "2026-12-01T17:00Z", "2026-12-04T17:00Z"],
    ["on weekends at 10 to sleep", "2026-12-05T09:00Z", "2026-12-06T09:00Z"],
    ["on weekdays at 8 to rise", "2026-11-30T07:00Z", "2026-12-01T07:00Z"],
    ["on the 1st of every month at 9 to pay", "2026-12-01T08:00Z", "2027-01-01T08:00Z"],
    ["to pay on the 1st of each month at 9", "2026-12-01T08:00Z", "2027-01-01T08:00Z"],
  ] as const)
    test(words, () => {
      assert.deepEqual(firings(words, { count: 2 }), slots);
    });

  test("a day of the week alone is one day", () => {
    assert.deepEqual(firings("friday at noon to eat", { count: 2 }), ["2026-12-04T11:00Z"]);
  });
});

describe("a second time after the first one", () => {
  for (const [words, second] of [
    ["every 2nd tuesday at 8 take the bins out", "tuesday at 8"],
    ["every weekday at 8am and 6pm stretch", "and 6pm"],
    ["on friday the 13th stay at home", "the 13th"],
    ["at 8 at 9 stretch", "at 9"],
    ["tomorrow on monday stretch", "on monday"],
    ["on the 1st and 15th pay", "and 15th"],
  ] as const)
    test(`${words} is not half understood`, () => {
      const request = parseReminder(words);

      assert.ok(
        request.kind === "unclear" && request.why.startsWith(`“${second}” is a second time.`),
        JSON.stringify(request),
      );
    });

  for (const [words, text] of [
    ["tomorrow to be there on monday", "be there on monday"],
    ["tomorrow at 9 3 apples", "3 apples"],
    ["in 20 min: at 8 the train goes", "at 8 the train goes"],
    ["at 8 the dishes", "the dishes"],
    ["at 8 and bring the bag", "and bring the bag"],
  ] as const)
    test(`${words} says what to be reminded of`, () => {
      const request = parseReminder(words);

      assert.equal(request.kind === "request" && request.text, text);
    });
});

for (const words of ["constructor", "every constructor", "toString to x", "every __proto__ to x", "in a valueOf to x"])
  test(`${words} is no time`, () => {
    assert.equal(parseReminder(words).kind, "unclear");
  });

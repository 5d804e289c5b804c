import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { expiryOf, nextHour, resetPolicy } from "./reset-policy.ts";

process.env.TZ = "Europe/Berlin";

const at = (text: string) => new Date(text).getTime();

describe("the next time that the clocks show an hour", () => {
  const cases = [
    ["later today", "2026-06-01T03:59:00+02:00", 4, "2026-06-01T04:00:00+02:00"],
    ["tomorrow, when it is just that hour", "2026-06-01T04:00:00+02:00", 4, "2026-06-02T04:00:00+02:00"],
    ["a day of 23 hours", "2026-03-28T12:00:00+01:00", 4, "2026-03-29T04:00:00+02:00"],
    ["a day of 25 hours", "2026-10-24T12:00:00+02:00", 4, "2026-10-25T04:00:00+01:00"],
    ["an hour that clocks leave out", "2026-03-29T00:30:00+01:00", 2, "2026-03-29T03:00:00+02:00"],
    ["an hour that clocks show twice, the first", "2026-10-25T00:30:00+02:00", 2, "2026-10-25T02:00:00+02:00"],
    ["midnight at the end of a year", "2026-12-31T12:00:00+01:00", 0, "2027-01-01T00:00:00+01:00"],
  ] as const;
  for (const [what, from, hour, expected] of cases)
    test(what, () => assert.equal(nextHour(at(from), hour), at(expected)));
});

describe("a conversation is over", () => {
  const daily = { mode: "daily", atHour: 4, idleMinutes: undefined } as const;
  const idle = { mode: "idle", atHour: 4, idleMinutes: 60 } as const;
  const both = { mode: "daily", atHour: 4, idleMinutes: 120 } as const;
  const last = at("2026-06-01T22:00:00+02:00");
  const cases = [
    ["not before the hour", daily, "2026-06-02T03:59:59+02:00", undefined],
    ["at the hour", daily, "2026-06-02T04:00:00+02:00", "daily"],
    ["days later too", daily, "2026-06-09T01:00:00+02:00", "daily"],
    ["not before it was idle so long", idle, "2026-06-01T22:59:00+02:00", undefined],
    ["when it was idle so long", idle, "2026-06-01T23:00:00+02:00", "idle"],
    ["by what comes first, of both", both, "2026-06-02T09:00:00+02:00", "idle"],
    ["never, when that is the policy", { ...idle, mode: "off" }, "2030-01-01T00:00:00+01:00", undefined],
  ] as const;
  for (const [what, policy, now, expected] of cases)
    test(what, () => assert.equal(expiryOf(policy, last, at(now)), expected));
});

describe("the policy of a conversation", () => {
  const settings = {
    reset: { mode: "daily", atHour: 5 },
    resetByType: { group: { mode: "idle" }, thread: { mode: "off" } },
    resetByChannel: { discord: { mode: "idle", idleMinutes: 10 } },
  } as const;
  const cases = [
    [
      "of a direct chat is that of all",
      "agent:main:main",
      "webchat",
      { mode: "daily", atHour: 5, idleMinutes: undefined },
    ],
    ["of a group is that of groups", "agent:main:slack:group:1", "slack", { mode: "idle", atHour: 5, idleMinutes: 60 }],
    [
      "of a topic is that of threads",
      "agent:main:telegram:group:1:topic:2",
      "telegram",
      { mode: "off", atHour: 5, idleMinutes: undefined },
    ],
    [
      "is its channel's above all",
      "agent:main:discord:channel:1:thread:2",
      "discord",
      { mode: "idle", atHour: 5, idleMinutes: 10 },
    ],
  ] as const;
  for (const [what, key, channel, expected] of cases)
    test(what, () => assert.deepEqual(resetPolicy(settings, { key, channel }), expected));
});

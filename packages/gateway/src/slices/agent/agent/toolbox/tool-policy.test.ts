import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Tool, ToolAudience } from "../../../../kit/tool.ts";
import type { ToolPolicy, ToolSettings } from "../settings.ts";
import { allowedTools, audienceOf, limitsOf, type PolicySubject, refusalOf } from "./tool-policy.ts";

const TOOLS = (
  [
    ["read", "owner"],
    ["exec", "owner"],
    ["web_fetch", "trusted"],
    ["web_search", "trusted"],
    ["sessions_list", "owner"],
    ["spawn", "owner"],
    ["mcp_home_light", "trusted"],
    ["clock", "anyone"],
  ] as const
).map(([name, audience]) => ({ name, audience }) as Tool);

const OWNER = starter("shared", ["operator.write"]);

function starter(principal: string, scopes: readonly string[]): PolicySubject {
  const who = { principal, scopes, name: "someone" };
  return { starter: who, audience: audienceOf(who), deliver: undefined };
}

function on(channel: string, subject: PolicySubject): PolicySubject {
  return { ...subject, deliver: { channel, account: "default", chat: { id: "1" } } };
}

function names(subject: PolicySubject, settings: ToolSettings = {}, agent?: ToolPolicy): string {
  return allowedTools(TOOLS, subject, settings, agent)
    .map(({ name }) => name)
    .join(" ");
}

describe("for whom a run works", () => {
  const cases: readonly [principal: string, scopes: string[], audience: ToolAudience][] = [
    ["shared", ["operator.write"], "owner"],
    ["device:1", ["operator.admin"], "owner"],
    ["device:1", ["operator.read"], "anyone"],
    ["device:1", [], "anyone"],
    ["channel:telegram:1", ["operator.admin"], "owner"],
    ["channel:telegram:1", ["operator.write", "operator.read"], "trusted"],
    ["channel:telegram:1", ["operator.read"], "anyone"],
    ["channel:telegram:1", [], "anyone"],
    ["channel:telegram:1", ["operator.Admin", "*"], "anyone"],
  ];

  for (const [principal, scopes, audience] of cases) {
    test(`${principal} with [${scopes}] is ${audience}`, () => {
      assert.equal(audienceOf({ principal, scopes }), audience);
    });
  }
});

describe("which tools a run may use", () => {
  const everything = "read exec web_fetch web_search sessions_list spawn mcp_home_light clock";
  const paired = starter("channel:telegram:7", ["operator.write"]);
  const stranger = starter("channel:telegram:9", []);
  const cases: readonly [
    name: string,
    subject: PolicySubject,
    settings: ToolSettings,
    agent: ToolPolicy,
    left: string,
  ][] = [
    ["the owner has all when nothing is said", OWNER, {}, {}, everything],
    ["people who were let in have no owner's tools", paired, {}, {}, "web_fetch web_search mcp_home_light clock"],
    ["strangers have what anyone may use", stranger, {}, {}, "clock"],
    ["allowing a stranger an owner's tool by name does not give it", stranger, { allow: ["exec"] }, {}, ""],
    ["nor does a rule for that sender", stranger, { bySender: { "telegram:9": { allow: ["*"] } } }, {}, "clock"],
    ["an allow list leaves what it names", OWNER, { allow: ["read", "clock"] }, {}, "read clock"],
    ["an empty allow list leaves nothing", OWNER, { allow: [] }, {}, ""],
    ["deny wins over allow", OWNER, { allow: ["read", "exec"], deny: ["exec"] }, {}, "read"],
    ["a star stands for a beginning", OWNER, { allow: ["web_*"] }, {}, "web_fetch web_search"],
    ["a star alone stands for all", OWNER, { deny: ["*"] }, {}, ""],
    ["a star within a name stands for itself", OWNER, { allow: ["w*b_fetch"] }, {}, ""],
    [
      "a group stands for its tools",
      OWNER,
      { deny: ["group:sessions", "group:mcp", "group:fs"] },
      {},
      "exec web_fetch web_search clock",
    ],
    ["an unknown group stands for nothing", OWNER, { allow: ["group:all", "toString"] }, {}, ""],
    ["an agent's list narrows that of all", OWNER, { allow: ["read", "exec"] }, { deny: ["exec"] }, "read"],
    ["an agent's list cannot widen that of all", OWNER, { allow: ["read"] }, { allow: ["*"] }, "read"],
    [
      "a channel's rule holds for runs that answer there",
      on("telegram", OWNER),
      { byChannel: { telegram: { allow: ["read"] } } },
      {},
      "read",
    ],
    [
      "and for what is started from there, wherever it answers",
      paired,
      { byChannel: { telegram: { deny: ["web_*"] } } },
      {},
      "mcp_home_light clock",
    ],
    ["and for no others", on("discord", OWNER), { byChannel: { telegram: { allow: ["read"] } } }, {}, everything],
    [
      "a sender's rule holds for what they ask",
      paired,
      { bySender: { "telegram:7": { allow: ["clock"] } } },
      {},
      "clock",
    ],
    [
      "under whichever id of theirs the platform proves, all of them together",
      {
        ...paired,
        starter: { ...paired.starter, ids: ["telegram:7", "telegram:+155507"] },
      },
      { bySender: { "telegram:+155507": { deny: ["web_*"] }, "telegram:7": { deny: ["clock"] } } },
      {},
      "mcp_home_light",
    ],
    [
      "and not for others",
      paired,
      { bySender: { "telegram:8": { allow: ["clock"] } } },
      {},
      "web_fetch web_search mcp_home_light clock",
    ],
    [
      "a run's own limits narrow it too",
      {
        ...OWNER,
        limits: [
          { because: "it … it", allow: ["read", "exec"] },
          { because: "it … it", deny: ["exec"] },
        ],
      },
      {},
      {},
      "read",
    ],
  ];

  for (const [name, subject, settings, agent, left] of cases) {
    test(name, () => {
      assert.equal(names(subject, settings, agent), left);
    });
  }

  test("a refusal names the setting that says so", () => {
    const why = (subject: PolicySubject, settings: ToolSettings, agent?: ToolPolicy) =>
      refusalOf({ name: "web_fetch", audience: "trusted" }, subject, settings, agent);

    assert.deepEqual(
      [
        why(stranger, {}),
        why(OWNER, { deny: ["web_*"] }),
        why(OWNER, {}, { allow: [] }),
        why(paired, { byChannel: { telegram: { deny: ["group:web"] } } }),
        why(paired, { bySender: { "telegram:7": { allow: [] } } }),
        why({ ...OWNER, limits: [{ because: "sub-agents do not have it", deny: ["*"] }] }, {}),
        why(OWNER, {}),
      ],
      [
        "it is for people who were let in",
        "the rules of tools deny it",
        "the rules of its agent do not allow it",
        "the rules of tools.byChannel.telegram deny it",
        'the rules of tools.bySender["telegram:7"] do not allow it',
        "sub-agents do not have it",
        undefined,
      ],
    );
  });
});

test("work that is handed on may use no tool that its giver may not, whatever agent does it and wherever", () => {
  const names = fc.subarray(TOOLS.map(({ name }) => name));
  const policy = fc.record({ allow: names, deny: names }, { requiredKeys: [] });
  const channel = fc.constantFrom("telegram", "slack", undefined);
  const settings = fc.record(
    {
      byChannel: fc.dictionary(fc.constantFrom("telegram", "slack"), policy),
      bySender: fc.dictionary(fc.constantFrom("telegram:7"), policy),
    },
    { requiredKeys: [] },
  );
  const places = fc.record({ from: channel, to: channel });

  fc.assert(
    fc.property(settings, policy, policy, places, (rules, agent, otherAgent, { from, to }) => {
      const subject = starter("channel:telegram:7", ["operator.admin"]);
      const giver = from === undefined ? subject : on(from, subject);
      const limits = limitsOf(giver, rules, agent);
      const taker = { ...(to === undefined ? subject : on(to, subject)), limits };
      const again = { ...subject, limits: limitsOf(taker, rules, otherAgent) };

      const has = (run: PolicySubject, of: ToolPolicy) => allowedTools(TOOLS, run, rules, of);
      assert.ok(has(taker, otherAgent).every((tool) => has(giver, agent).includes(tool)));
      assert.ok(
        has(again, {}).every((tool) => has(giver, agent).includes(tool) && has(taker, otherAgent).includes(tool)),
      );
    }),
  );
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { discord } from "../../../../channels/discord/channel.ts";
import { telegram } from "../../../../channels/telegram/channel.ts";
import { accountId, provenAlias } from "../../../../kit/party.ts";
import { type KeyFacts, sessionKeyOf } from "./session-key.ts";

const facts: KeyFacts = {
  channel: "telegram",
  account: "default",
  chat: { id: "77", kind: "direct" },
  sender: { id: accountId("77"), aliases: [provenAlias("@ann")] },
  agentId: "main",
  session: { scope: "per-sender", dmScope: "main" },
  mainKey: "agent:main:main",
  definition: telegram,
};

const CASES: readonly [what: string, given: Partial<KeyFacts>, expected: string][] = [
  ["a direct chat shares the main conversation", {}, "agent:main:main"],
  ["one for each person", { session: { scope: "per-sender", dmScope: "per-peer" } }, "agent:main:dm:77"],
  [
    "one for each person of a channel",
    { session: { scope: "per-sender", dmScope: "per-channel-peer" } },
    "agent:main:telegram:dm:77",
  ],
  [
    "one for each person of an account",
    { session: { scope: "per-sender", dmScope: "per-account-channel-peer" } },
    "agent:main:telegram:default:dm:77",
  ],
  [
    "a linked person has one under all ids",
    { session: { scope: "per-sender", dmScope: "per-peer", identityLinks: { Ann: ["whatsapp:+1", "telegram:@Ann"] } } },
    "agent:main:dm:ann",
  ],
  ["a group has its own", { chat: { id: "-100", kind: "group" } }, "agent:main:telegram:group:-100"],
  [
    "a topic of a group has its own",
    { chat: { id: "-100", kind: "group", threadId: "7" } },
    "agent:main:telegram:group:-100:topic:7",
  ],
  [
    "a thread elsewhere is a thread",
    { channel: "discord", chat: { id: "C1", kind: "channel", threadId: "T9" }, definition: discord },
    "agent:main:discord:channel:c1:thread:t9",
  ],
  [
    "one for everything",
    { session: { scope: "global", dmScope: "main" }, chat: { id: "-100", kind: "group" } },
    "global",
  ],
  ["another agent's", { agentId: "work", chat: { id: "-100", kind: "group" } }, "agent:work:telegram:group:-100"],
];

describe("session keys", () => {
  for (const [what, given, expected] of CASES) {
    test(`${what}: ${expected}`, () => {
      assert.equal(sessionKeyOf({ ...facts, ...given }), expected);
    });
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { plainPeer } from "../../../../kit/channel.ts";
import type { InboundMessage } from "../../../../kit/channel-message.ts";
import { accountId, type ChosenName, chosenName, provenAlias } from "../../../../kit/party.ts";
import type { AccountSettings } from "../accounts/account-settings.ts";
import { PeerList } from "../peer-list.ts";
import { type Decision, decide, type Facts, isOwner } from "./inbound.ts";

const NOW = 1_800_000_000_000;
const definition = {
  label: "Telegram",
  normalPeer: (text: string) => plainPeer("telegram", text),
  ids: { peer: /^\d+$/, chat: /^-?\d+$/, looks: "a number" },
};

function people(...entries: string[]): PeerList {
  return new PeerList(entries, definition);
}

const settings: AccountSettings = {
  enabled: true,
  name: undefined,
  dmPolicy: "pairing",
  allowFrom: people(),
  owners: people(),
  groupPolicy: "allowlist",
  groupAllowFrom: undefined,
  groups: {},
  mentionPatterns: [],
  historyLimit: 30,
  streaming: true,
  ackReaction: undefined,
  replyToMode: undefined,
  readReceipts: true,
  allowBots: false,
  mediaMaxBytes: 1,
  textChunkLimit: undefined,
  own: {},
  unsound: undefined,
};

const direct: InboundMessage = {
  kind: "message",
  keys: ["k"],
  at: NOW,
  chat: { id: "77", kind: "direct" },
  sender: { id: accountId("77"), name: chosenName("Ann"), username: chosenName("ann") },
  messageId: "1",
  fromSelf: false,
  text: "hello",
  media: [],
  mentionsSelf: false,
};
const inGroup: InboundMessage = { ...direct, chat: { id: "-100", kind: "group", title: chosenName("Family") } };

/** Somebody who has chosen this as their user name and their display name. */
function named(name: string): InboundMessage["sender"] {
  return { id: accountId("666"), name: chosenName(name), username: chosenName(name) };
}

interface Case {
  readonly message?: Partial<InboundMessage>;
  readonly group?: boolean;
  readonly settings?: Partial<AccountSettings>;
  readonly facts?: Partial<Facts>;
}

function decideOn({ message, group = false, settings: own, facts }: Case): Decision {
  return decide({
    message: { ...(group ? inGroup : direct), ...message },
    definition,
    settings: { ...settings, ...own },
    now: NOW,
    maxAgeMs: 3_600_000,
    isEcho: false,
    isPaired: () => false,
    ownNames: [],
    activation: undefined,
    botAnswers: () => 0,
    ...facts,
  });
}

/** A decision in a word: "answer RULE", "pair", or "KIND RULE (SETTING)". */
function inWords(decision: Decision): string {
  if (decision.kind === "pair") return "pair";
  if (decision.kind === "answer") return `answer ${decision.rule}${decision.isTrusted ? ", trusted" : ""}`;
  const { kind, rule, setting } = decision.outcome;
  return `${kind} ${rule}${setting === undefined ? "" : ` (${setting})`}`;
}

const group = (entry: object) => ({
  groups: {
    "-100": {
      enabled: undefined,
      requireMention: undefined,
      allowFrom: undefined,
      agentId: undefined,
      systemPrompt: undefined,
      ...entry,
    },
  },
});

const CASES: readonly [what: string, given: Case, expected: string][] = [
  ["a stranger", {}, "pair"],
  ["the owner", { settings: { owners: people("77") } }, "answer owner, trusted"],
  [
    "the owner, under the id that /whoami shows",
    { settings: { owners: people("telegram:77") } },
    "answer owner, trusted",
  ],
  ["somebody who has taken the owner's name", { settings: { owners: people("@ann") } }, "pair"],
  ["anybody, where the owner is said to be everybody", { settings: { owners: people("*") } }, "pair"],
  ["a paired sender", { facts: { isPaired: () => true } }, "answer paired, trusted"],
  ["a sender in allowFrom", { settings: { allowFrom: people("77") } }, "answer allow-from, trusted"],
  [
    "a sender in allowFrom, under the id that /whoami shows",
    { settings: { allowFrom: people("telegram:77") } },
    "answer allow-from, trusted",
  ],
  ["a sender whose user name stands in allowFrom", { settings: { allowFrom: people("telegram:@Ann") } }, "pair"],
  [
    "a sender whose user name is the owner's number",
    { settings: { owners: people("4242"), allowFrom: people("4242") }, message: { sender: named("4242") } },
    "pair",
  ],
  [
    "the owner, under an id that the platform proves to be theirs",
    {
      settings: { owners: people("4242") },
      message: { sender: { id: accountId("9"), aliases: [provenAlias("4242")] } },
    },
    "answer owner, trusted",
  ],
  [
    "somebody under the owner's number, over a transport that proves nothing",
    { settings: { owners: people("77") }, message: { sender: { ...direct.sender, isUnproven: true } } },
    "pair",
  ],
  [
    "somebody in allowFrom, over a transport that proves nothing",
    { settings: { allowFrom: people("77") }, message: { sender: { ...direct.sender, isUnproven: true } } },
    "answer allow-from",
  ],
  [
    "somebody paired, over a transport that proves nothing",
    { message: { sender: { ...direct.sender, isUnproven: true } }, facts: { isPaired: () => true } },
    "answer paired",
  ],
  ["a stranger under allowlist", { settings: { dmPolicy: "allowlist" } }, "suppressed not-in-allow-from (allowFrom)"],
  [
    "a star under allowlist",
    { settings: { dmPolicy: "allowlist", allowFrom: people("*") } },
    "suppressed not-in-allow-from (allowFrom)",
  ],
  ["anyone under open with a star", { settings: { dmPolicy: "open", allowFrom: people("*") } }, "answer open"],
  ["anyone under open without a star", { settings: { dmPolicy: "open" } }, "suppressed open-without-star (allowFrom)"],
  [
    "anyone when direct messages are off",
    { settings: { dmPolicy: "disabled", allowFrom: people("77") } },
    "suppressed direct-disabled (dmPolicy)",
  ],
  ["our own echo", { message: { fromSelf: true }, facts: { isEcho: true } }, "suppressed own-echo"],
  ["the owner writing to somebody", { message: { fromSelf: true } }, "suppressed own-message"],
  [
    "the owner writing to themselves",
    { message: { fromSelf: true, chat: { id: "77", kind: "direct", isSelf: true } } },
    "answer self-chat, trusted",
  ],
  [
    "somebody in what claims to be the chat with oneself",
    { message: { chat: { id: "77", kind: "direct", isSelf: true }, sender: { id: accountId("666") } } },
    "pair",
  ],
  ["nothing at all", { message: { text: " " } }, "suppressed empty"],
  [
    "a message from before the outage",
    { message: { at: NOW - 3_600_001 } },
    "expired too-old (messages.inboundMaxAgeHours)",
  ],
  ["a message of just the age that is still answered", { message: { at: NOW - 3_600_000 } }, "pair"],
  ["a bot", { message: { sender: { id: accountId("9"), isBot: true } } }, "suppressed bot (allowBots)"],
  [
    "a bot that is welcome",
    {
      message: { sender: { id: accountId("9"), isBot: true } },
      settings: { allowBots: true, dmPolicy: "open", allowFrom: people("*") },
    },
    "answer open",
  ],
  [
    "a bot that goes on and on",
    {
      message: { sender: { id: accountId("9"), isBot: true } },
      settings: { allowBots: true },
      facts: { botAnswers: () => 5 },
    },
    "suppressed bot-loop",
  ],
  [
    "a group that is not listed",
    { group: true, message: { mentionsSelf: true } },
    "suppressed group-not-listed (groups)",
  ],
  [
    "a group when groups are off",
    { group: true, settings: { groupPolicy: "disabled" } },
    "suppressed groups-disabled (groupPolicy)",
  ],
  [
    "a group that is switched off",
    { group: true, settings: group({ enabled: false }) },
    "suppressed group-disabled (groups.-100.enabled)",
  ],
  [
    "a listed group, not addressed",
    { group: true, settings: group({}) },
    "suppressed not-addressed (groups.-100.requireMention)",
  ],
  [
    "a listed group, mentioned",
    { group: true, settings: group({}), message: { mentionsSelf: true } },
    "answer addressed",
  ],
  [
    "a listed group, a reply to us",
    { group: true, settings: group({}), message: { replyTo: { messageId: "5", fromSelf: true } } },
    "answer addressed",
  ],
  [
    "a listed group without mention gating",
    { group: true, settings: group({ requireMention: false }) },
    "answer group-open",
  ],
  [
    "an open group, our name",
    {
      group: true,
      settings: { groupPolicy: "open" },
      message: { text: "hey Molty, tea?" },
      facts: { ownNames: ["Molty"] },
    },
    "answer addressed",
  ],
  [
    "an open group, our name of two letters",
    { group: true, settings: { groupPolicy: "open" }, message: { text: "Bo, tea?" }, facts: { ownNames: ["Bo"] } },
    "answer addressed",
  ],
  [
    "an open group, our name of one letter, which stands in many messages",
    { group: true, settings: { groupPolicy: "open" }, message: { text: "I, too" }, facts: { ownNames: ["I"] } },
    "suppressed not-addressed (groups.*.requireMention)",
  ],
  [
    "an open group, a word that holds our name",
    { group: true, settings: { groupPolicy: "open" }, message: { text: "moltyness" }, facts: { ownNames: ["Molty"] } },
    "suppressed not-addressed (groups.*.requireMention)",
  ],
  [
    "an open group, a pattern",
    {
      group: true,
      settings: { groupPolicy: "open", mentionPatterns: ["\\bbot\\b"] },
      message: { text: "the bot should know" },
    },
    "answer addressed",
  ],
  [
    "an open group, a pattern that is no pattern",
    { group: true, settings: { groupPolicy: "open", mentionPatterns: ["(bot"] }, message: { text: "hey (bot" } },
    "answer addressed",
  ],
  [
    "a group, /activation always",
    { group: true, settings: group({}), facts: { activation: "always" } },
    "answer group-open",
  ],
  [
    "a group, /activation mention over the settings",
    { group: true, settings: group({ requireMention: false }), facts: { activation: "mention" } },
    "suppressed not-addressed (groups.-100.requireMention)",
  ],
  [
    "a sender who may not speak in the group",
    { group: true, settings: group({ allowFrom: people("1") }), message: { mentionsSelf: true } },
    "suppressed group-sender-not-allowed (groups.-100.allowFrom)",
  ],
  [
    "a sender whom groupAllowFrom holds",
    { group: true, settings: { groupAllowFrom: people("77") }, message: { mentionsSelf: true } },
    "answer addressed, trusted",
  ],
  [
    "a sender whom groupAllowFrom does not hold",
    { group: true, settings: { groupAllowFrom: people("1") }, message: { mentionsSelf: true } },
    "suppressed group-sender-not-allowed (groupAllowFrom)",
  ],
  [
    "a command of a stranger in a group",
    { group: true, settings: group({}), message: { text: "/stop" } },
    "suppressed not-addressed (groups.-100.requireMention)",
  ],
  [
    "a command of somebody paired in a group",
    { group: true, settings: group({}), message: { text: "/stop" }, facts: { isPaired: () => true } },
    "answer addressed, trusted",
  ],
  [
    "a native command in a group",
    { group: true, settings: group({}), message: { text: "/help", isCommand: true } },
    "answer addressed",
  ],
  [
    "a group whose title is listed",
    { group: true, settings: { groups: { family: group({}).groups["-100"] } }, message: { mentionsSelf: true } },
    "suppressed group-not-listed (groups)",
  ],
  [
    "a group whose title is the id of a listed one",
    {
      group: true,
      settings: group({ requireMention: false }),
      message: { chat: { id: "-666", kind: "group", title: chosenName("-100") } },
    },
    "suppressed group-not-listed (groups)",
  ],
  [
    "a group in a listed server",
    {
      group: true,
      settings: group({ requireMention: false }),
      message: { chat: { id: "-666", kind: "group", spaceId: "-100" } },
    },
    "answer group-open",
  ],
  [
    "somebody trusted in a group, over a transport that proves nothing",
    {
      group: true,
      settings: { groupPolicy: "open", allowFrom: people("77") },
      message: { mentionsSelf: true, sender: { ...direct.sender, isUnproven: true } },
    },
    "answer addressed",
  ],
];

describe("the inbound policy", () => {
  for (const [what, given, expected] of CASES) {
    test(`${what}: ${expected}`, () => {
      assert.equal(inWords(decideOn(given)), expected);
    });
  }

  test("a sender is told of by name and id, or by the id alone", () => {
    const toldOf = (sender: InboundMessage["sender"]) => {
      const decision = decideOn({ message: { sender }, settings: { dmPolicy: "allowlist" } });
      return decision.kind === "leave" ? decision.outcome.detail : inWords(decision);
    };

    assert.deepEqual(
      [toldOf(named("Ann")), toldOf({ id: accountId("666") })],
      ["Ann (666) is not in allowFrom.", "666 is not in allowFrom."],
    );
  });

  test("what came too late is told with the age that is allowed", () => {
    const decision = decideOn({ message: { at: NOW - 8_000_000 }, facts: { maxAgeMs: 7_200_000 } });

    assert.equal(decision.kind === "leave" && decision.outcome.detail, "It was more than 2 h old when it arrived.");
  });

  test("every decision to leave a message alone says why in a sentence", () => {
    const left = CASES.map(([, given]) => decideOn(given)).filter((decision) => decision.kind === "leave");

    assert.deepEqual(
      left.filter(({ outcome }) => !/^\S.{9,}\.$/.test(outcome.detail ?? "")).map(({ outcome }) => outcome),
      [],
    );
  });
});

test("the owner is who writes to themselves, whoever is listed; in a chat of somebody else it takes the list", () => {
  const noted: InboundMessage = { ...direct, fromSelf: true, chat: { id: "77", kind: "direct", isSelf: true } };

  assert.deepEqual(
    [
      isOwner({ message: noted, settings }),
      isOwner({ message: direct, settings }),
      isOwner({ message: direct, settings: { ...settings, owners: people("77") } }),
    ],
    [true, false, true],
  );
});

test("a list knows a person by id and by proven alias, in any spelling, and never by a name", () => {
  const peer = {
    id: accountId("42"),
    aliases: [provenAlias("155501")],
    username: chosenName("43"),
    name: chosenName("44"),
  };
  const entries = ["42", "telegram:42", " 42 ", "155501", "43", "44", "@bob", "*"];

  assert.deepEqual(
    entries.map((entry) => people(entry).holds(peer)),
    [true, true, true, true, false, false, false, false],
  );
  assert.deepEqual(people(...entries).names, [{ index: 6, entry: "@bob" }]);
  assert.equal(people(...entries).isEveryone, true);
});

test("names and ids are different types", () => {
  const name: ChosenName = chosenName("42");

  // @ts-expect-error a chosen name is no id
  const peer: { id: InboundMessage["sender"]["id"] } = { id: name };

  assert.equal(peer.id, "42");
});

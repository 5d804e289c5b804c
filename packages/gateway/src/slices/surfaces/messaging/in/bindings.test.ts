// Which agent answers where (protocol: routing): a table of places and the binding that decides for each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { plainPeer } from "../../../../kit/channel.ts";
import { accountId, type Chat, chosenName, type Peer, provenAlias } from "../../../../kit/party.ts";
import type { Binding } from "../settings.ts";
import { findBinding, type Place } from "./bindings.ts";

const BINDINGS: readonly Binding[] = [
  { agentId: "everywhere", match: { channel: "discord", accountId: "*" } },
  { agentId: "account", match: { channel: "discord", accountId: "work" } },
  { agentId: "unnamed", match: { channel: "discord" } },
  { agentId: "team", match: { channel: "discord", accountId: "*", teamId: "T1" } },
  { agentId: "guild", match: { channel: "discord", accountId: "*", guildId: "G1" } },
  { agentId: "room", match: { channel: "discord", accountId: "*", peer: { kind: "channel", id: "C1" } } },
  { agentId: "ada", match: { channel: "discord", accountId: "*", peer: { kind: "dm", id: "@ada" } } },
  { agentId: "later", match: { channel: "discord", accountId: "*", peer: { kind: "dm", id: "1" } } },
  { agentId: "work-only", match: { channel: "discord", accountId: "work", peer: { kind: "group", id: "*" } } },
  { agentId: "other", match: { channel: "slack", accountId: "*" } },
];

function peer(id: string, username?: string): Peer {
  return { id: accountId(id), aliases: id === "7" ? [provenAlias("ada")] : [], username: chosenName(username) };
}

const direct: Chat = { id: "d", kind: "direct" };
const CASES: readonly (readonly [string, Partial<Place>, string | undefined])[] = [
  ["any account of the channel", { account: "home" }, "everywhere"],
  ["one account by name", { account: "work" }, "account"],
  ["the default account, when none is named", {}, "unnamed"],
  ["a team before its account", { chat: { ...direct, kind: "channel", spaceId: "T1" }, account: "work" }, "team"],
  ["a guild before a team", { chat: { ...direct, kind: "channel", spaceId: "g1" } }, "guild"],
  ["a room before its guild", { chat: { id: "c1", kind: "channel", spaceId: "G1" } }, "room"],
  ["a person by id, not by the name that they chose", { sender: peer("1", "Ada") }, "later"],
  ["a person by an id that their platform proves", { sender: peer("7", "lovelace") }, "ada"],
  ["not the same person in a group", { sender: peer("1"), chat: { id: "x", kind: "group" } }, "unnamed"],
  ["every group of one account", { chat: { id: "x", kind: "group" }, account: "work" }, "work-only"],
  ["no binding of another channel", { channel: "telegram" }, undefined],
];

for (const [what, more, expected] of CASES)
  test(`bindings: ${what}: ${expected ?? "the default agent"}`, () => {
    const place: Place = {
      ...{ channel: "discord", account: "default", chat: direct, sender: peer("9") },
      definition: { normalPeer: (text) => plainPeer("discord", text).replace(/^@/, "").toLowerCase() },
      ...more,
    };

    assert.equal(findBinding(BINDINGS, place)?.agentId, expected);
  });

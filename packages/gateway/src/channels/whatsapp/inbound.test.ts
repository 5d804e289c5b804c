import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as library from "@whiskeysockets/baileys";
import fc from "fast-check";
import type { ChannelState, Inbound } from "../../kit/channel.ts";
import { shown } from "../../kit/text/said.ts";
import { readMessage } from "./inbound.ts";
import { People } from "./people.ts";

const NOTHING_KEPT: ChannelState = { get: () => undefined, entries: () => [], write: () => {} };
const OWN = ["15550000@s.whatsapp.net", "900000@lid"];
const people = new People(NOTHING_KEPT, OWN, async (lid) =>
  lid === "900001@lid" ? "15550001:0@s.whatsapp.net" : undefined,
);

function read(message: library.proto.IMessage, key: library.WAMessageKey = {}): Promise<Inbound | undefined> {
  const named = { remoteJid: "15550001@s.whatsapp.net", id: "ID", fromMe: false, ...key };
  return readMessage(library, people, { key: named, message, messageTimestamp: 5 } as library.WAMessage, 1);
}

async function textOf(message: library.proto.IMessage): Promise<string | undefined> {
  const inbound = await read(message);
  return inbound?.kind === "message" ? shown(inbound, "whatsapp") : undefined;
}

describe("a message's text", () => {
  const CASES: readonly (readonly [string, library.proto.IMessage, string | undefined])[] = [
    ["of a plain one", { conversation: "hi" }, "hi"],
    ["of one that disappears", { ephemeralMessage: { message: { conversation: "hi" } } }, "hi"],
    ["of a pressed button", { templateButtonReplyMessage: { selectedDisplayText: "Yes" } }, "Yes"],
    [
      "of a poll",
      { pollCreationMessageV3: { name: "Lunch?", options: [{ optionName: "soup" }] } },
      "Poll: Lunch?\n- soup",
    ],
    [
      "of a place",
      { locationMessage: { degreesLatitude: 1.5, degreesLongitude: 2, name: "Inn" } },
      "Location: 1.5, 2 (“Inn”)",
    ],
    ["of a contact", { contactMessage: { displayName: "Bob", vcard: "BEGIN:VCARD" } }, "Contact: Bob\nBEGIN:VCARD"],
    ["of a group's key is none", { senderKeyDistributionMessage: { groupId: "1@g.us" } }, undefined],
    ["of a vote is none", { pollUpdateMessage: {} }, undefined],
    ["of a setting is none", { protocolMessage: { type: 3, ephemeralExpiration: 5 } }, undefined],
  ];
  for (const [name, message, expected] of CASES) {
    test(`${name}: ${JSON.stringify(expected)}`, async () => {
      assert.equal(await textOf(message), expected);
    });
  }
});

test("a person is the same by LID and by number", async () => {
  const byNumber = await read({ conversation: "hi" });
  const byLid = await read({ conversation: "hi" }, { remoteJid: "900001@lid" });

  assert.equal(byLid?.sender.id, "+15550001");
  assert.deepEqual(byLid?.keys, byNumber?.keys);
});

test("a mention counts by number, by LID and by device, and of nobody else", async () => {
  const mentions = ["15550000:4@s.whatsapp.net", "900000@lid", "900001@lid"].map(async (address) => {
    const inbound = await read({ extendedTextMessage: { text: "you", contextInfo: { mentionedJid: [address] } } });
    return inbound?.kind === "message" && inbound.mentionsSelf;
  });

  assert.deepEqual(await Promise.all(mentions), [true, true, false]);
});

test("the parts of an album share its id", async () => {
  const parentMessageKey = { id: "ALBUM" };
  const inbound = await read({
    imageMessage: { directPath: "/v/1", mediaKey: new Uint8Array(32), mimetype: "image/jpeg", fileLength: 9 },
    messageContextInfo: { messageAssociation: { associationType: 1, parentMessageKey } },
  });

  assert.equal(inbound?.kind === "message" && inbound.albumId, "ALBUM");
});

test("status posts, newsletters and messages without an id are not for us", async () => {
  const elsewhere = ["status@broadcast", "1@newsletter", "1@broadcast", ""].map((remoteJid) =>
    read({ conversation: "hi" }, { remoteJid }),
  );

  assert.deepEqual(
    await Promise.all([...elsewhere, read({ conversation: "hi" }, { id: "" })]),
    Array(5).fill(undefined),
  );
});

test("whatever bytes a sender encrypts, reading them ends in a message or in nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      let message: library.proto.IMessage;
      try {
        message = library.proto.Message.decode(bytes);
      } catch {
        return;
      }
      const inbound = await read(message);
      assert.deepEqual(inbound === undefined || typeof inbound.kind === "string", true);
    }),
  );
});

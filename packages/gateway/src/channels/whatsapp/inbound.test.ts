import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as library from "@whiskeysockets/baileys";
import fc from "fast-check";
import type { ChannelState } from "../../kit/channel.ts";
import type { Inbound } from "../../kit/channel-message.ts";
import { describeContent } from "../../kit/content/content.ts";
import { inboundIn } from "../../kit/rules.ts";
import { readMessage } from "./inbound.ts";
import { People } from "./people.ts";

const NOTHING_KEPT: ChannelState = { get: () => undefined, entries: () => [], write: () => {} };
const OWN = ["15550000@s.whatsapp.net", "900000@lid"];
const people = new People(NOTHING_KEPT, OWN, async (lid) =>
  lid === "900001@lid" ? "15550001:0@s.whatsapp.net" : undefined,
);

async function read(message: library.proto.IMessage, key: library.WAMessageKey = {}): Promise<Inbound | undefined> {
  const named = { remoteJid: "15550001@s.whatsapp.net", id: "ID", fromMe: false, ...key };
  const whole = { key: named, message, messageTimestamp: 5 } as library.WAMessage;
  return inboundIn(await readMessage(library, people, whole, 1))[0];
}

async function textOf(message: library.proto.IMessage): Promise<string | undefined> {
  const inbound = await read(message);
  if (inbound?.kind === "unread") return `unread: ${inbound.what}`;
  return inbound?.kind === "message" ? describeContent(inbound, "whatsapp") : undefined;
}

describe("a message's text", () => {
  const CASES: readonly (readonly [string, library.proto.IMessage, string | undefined])[] = [
    ["of a plain one", { conversation: "hi" }, "hi"],
    ["of one that disappears", { ephemeralMessage: { message: { conversation: "hi" } } }, "hi"],
    ["of a pressed button", { templateButtonReplyMessage: { selectedDisplayText: "Yes" } }, "Chosen: Yes"],
    [
      "of a poll",
      { pollCreationMessageV3: { name: "Lunch?", options: [{ optionName: "soup" }] } },
      "Poll (several answers): Lunch?\n- soup",
    ],
    [
      "of a place",
      { locationMessage: { degreesLatitude: 1.5, degreesLongitude: 2, name: "Inn" } },
      "Place: Inn (1.5, 2)",
    ],
    ["of a contact", { contactMessage: { displayName: "Bob", vcard: "TEL:+1" } }, "Contact: Bob, +1"],
    [
      "of a card that is known by its name",
      { highlyStructuredMessage: { elementName: "order", params: ["7"] } },
      "Card: order\n7",
    ],
    [
      "of a card in a template",
      { templateMessage: { hydratedTemplate: { hydratedContentText: "Sent", hydratedFooterText: "The shop" } } },
      "Card\nSent\nThe shop",
    ],
    [
      "of a tap in a flow",
      {
        interactiveResponseMessage: {
          nativeFlowResponseMessage: { name: "menu", paramsJson: '{"id":"t1","title":"Tea"}' },
        },
      },
      "Chosen: Tea (t1)",
    ],
    [
      "of a tap in a flow that says nothing but its name",
      { interactiveResponseMessage: { nativeFlowResponseMessage: { name: "menu", paramsJson: "{" } } },
      "Chosen: menu",
    ],
    [
      "of a form that was filled in",
      {
        interactiveResponseMessage: {
          body: { text: "Sent" },
          nativeFlowResponseMessage: { name: "flow", paramsJson: '{"flow_token":"x","name":"Ann","guests":2}' },
        },
      },
      "Chosen: Sent\nForm\nname: Ann\nguests: 2",
    ],
    [
      "of a card with buttons",
      {
        interactiveMessage: {
          header: { title: "Shop", subtitle: "Today" },
          body: { text: "Tea?" },
          nativeFlowMessage: {
            buttons: [
              { name: "cta_url", buttonParamsJson: '{"display_text":"Look","url":"https://shop.example"}' },
              {
                name: "single_select",
                buttonParamsJson: '{"title":"Choose","sections":[{"rows":[{"title":"Green"}]}]}',
              },
              { name: "quick_reply", buttonParamsJson: "{" },
            ],
          },
        },
      },
      "Card: Shop — Today\nTea?\n[Look https://shop.example]\n[Choose]\n[Green]\n[quick_reply]",
    ],
    ["of a group's key is none", { senderKeyDistributionMessage: { groupId: "1@g.us" } }, undefined],
    ["of a vote in an unknown poll", { pollUpdateMessage: {} }, "unread: pollUpdateMessage"],
    ["of a setting", { protocolMessage: { type: 3, ephemeralExpiration: 5 } }, "unread: protocol 3"],
    ["of a kind that nobody knows", {}, "unread: unknown kind"],
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

test("a status post is recorded and not shown; what WhatsApp itself sends is dropped", async () => {
  const status = await read({ conversation: "hi" }, { remoteJid: "status@broadcast", participant: OWN[0]! });
  const others = ["1@newsletter", ""].map((remoteJid) => read({ conversation: "hi" }, { remoteJid }));

  assert.deepEqual(status?.kind === "unread" && status.what, "status post");
  assert.deepEqual(await Promise.all([...others, read({ conversation: "hi" }, { id: "" })]), Array(3).fill(undefined));
});

test("what somebody sends to a list of theirs is a direct message of theirs", async () => {
  const inbound = await read(
    { conversation: "hi" },
    { remoteJid: "1@broadcast", participant: "900001@lid", participantAlt: "15550001@s.whatsapp.net" },
  );

  assert.deepEqual(
    [inbound?.chat, inbound?.sender.id],
    [{ id: "15550001@s.whatsapp.net", kind: "direct" }, "+15550001"],
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

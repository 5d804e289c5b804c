import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeContent } from "../../kit/content/content.ts";
import { inboundIn } from "../../kit/rules.ts";
import type { DataMessage, Envelope, Received } from "./envelope.ts";
import { parseReceived } from "./envelope.ts";
import { Mapper } from "./inbound.ts";

const SELF = { number: "+15550000", uuid: "uuid-self" };
const ANN = { sourceNumber: "+15550001", sourceUuid: "uuid-ann", sourceName: "Ann" };
const mapper = new Mapper(SELF, new Map([["G1", "Family"]]));

function read(envelope: Partial<Envelope>, more: Partial<Received> = {}) {
  return mapper.inbound({ envelope: { ...ANN, timestamp: 7, ...envelope }, ...more });
}

function said(data: Partial<DataMessage>, envelope: Partial<Envelope> = {}) {
  const [inbound] = inboundIn(read({ ...envelope, dataMessage: { timestamp: 7, ...data } }));
  return inbound;
}

/** What the agent sees of a message, or its kind with what is known of it. */
function inWords(data: Partial<DataMessage>): string {
  const inbound = said(data);
  if (inbound?.kind === "message") return describeContent(inbound, "signal");
  return inbound?.kind === "unread" ? `unread: ${inbound.what}` : String(inbound?.kind);
}

describe("who wrote, and where", () => {
  test("a person is known by the number, else by the id; a hidden number has no alias", () => {
    assert.deepEqual(said({ message: "hi" })?.sender, { id: "+15550001", name: "Ann", aliases: ["uuid-ann"] });
    assert.deepEqual(said({ message: "hi" }, { sourceNumber: null, sourceName: "" })?.sender, {
      id: "uuid-ann",
      name: undefined,
    });
  });

  test("a direct message is in the chat of its sender, a group's in the group, whose name is told or known", () => {
    const known = said({ message: "hi", groupInfo: { groupId: "G1" } });
    const told = said({ message: "hi", groupInfo: { groupId: "G2", groupName: "Work" } });

    assert.deepEqual(said({ message: "hi" })?.chat, { id: "+15550001", kind: "direct" });
    assert.deepEqual(known?.chat, { id: "group:G1", kind: "group", title: "Family" });
    assert.deepEqual(told?.chat, { id: "group:G2", kind: "group", title: "Work" });
  });

  test("one message has one key in one place, and its time is the server's", () => {
    const inbound = said({ message: "hi" }, { serverReceivedTimestamp: 9 });

    assert.deepEqual([inbound?.keys, inbound?.messageId, inbound?.at], [["uuid-ann:7"], "7", 9]);
    assert.deepEqual(said({ message: "hi", groupInfo: { groupId: "G1" } })?.keys, ["uuid-ann:7:G1"]);
  });

  test("what the owner writes elsewhere is the account's own; to themselves it is a note", () => {
    const own = { sourceNumber: SELF.number, sourceUuid: SELF.uuid };
    const sent = (more: object) =>
      inboundIn(read({ ...own, syncMessage: { sentMessage: { timestamp: 7, message: "hi", ...more } } }))[0];

    assert.deepEqual(
      [sent({ destinationNumber: "+15550001" })?.chat, sent({ destinationUuid: "uuid-ann" })?.chat],
      [
        { id: "+15550001", kind: "direct" },
        { id: "uuid-ann", kind: "direct" },
      ],
    );
    assert.deepEqual(sent({ destinationUuid: SELF.uuid })?.chat, { id: SELF.number, kind: "direct", isSelf: true });
    assert.equal(sent({ groupInfo: { groupId: "G1" } })?.chat.id, "group:G1");
    assert.equal(sent({ destinationNumber: "+15550001" })?.fromSelf, true);
    assert.equal(sent({}), undefined);
  });

  test("somebody else's device tells nothing of what the account has sent", () => {
    const sentMessage = { timestamp: 7, message: "hi", destinationNumber: "+15550002" };

    assert.deepEqual(inboundIn(read({ syncMessage: { sentMessage } })), []);
  });
});

describe("what is said", () => {
  const CASES: readonly (readonly [what: string, data: Partial<DataMessage>, expected: string])[] = [
    ["words", { message: "  hi " }, "hi"],
    ["a payment with a note", { payment: { note: "for tea" } }, "Payment\nfor tea"],
    ["a payment alone", { payment: {} }, "unread: payment"],
    ["a change of how long messages stay", { isExpirationUpdate: true }, "unread: isExpirationUpdate"],
    ["a pin", { pinMessage: { targetSentTimestamp: 5 } }, "unread: pinMessage"],
    ["a group that was changed", { groupInfo: { groupId: "G1", type: "UPDATE" } }, "unread: groupInfo"],
    ["what this version does not know", { later: {} } as object, "unread: unknown kind"],
    ["an admin's removal", { adminDelete: { targetSentTimestamp: 5 } }, "unread: adminDelete"],
    [
      "a poll",
      { pollCreate: { question: "Tea?", options: ["yes", "no"], allowMultiple: false } },
      "Poll: Tea?\n- yes\n- no",
    ],
    [
      "words under a file",
      { attachments: [{ contentType: "image/png", filename: "a.png", caption: "Our garden" }] },
      "About the file: a.png\nOur garden",
    ],
    ["a removal", { remoteDelete: { timestamp: 5 } }, "unsend"],
    ["nothing at all", {}, "undefined"],
  ];
  for (const [what, data, expected] of CASES) test(`${what}: ${expected}`, () => assert.equal(inWords(data), expected));

  test("a picture that can be opened once is told as withheld, unless it came along", () => {
    const withFile = said({ viewOnce: true, attachments: [{ id: "a1", contentType: "image/png" }] });

    assert.match(inWords({ viewOnce: true }), /opened once/);
    assert.deepEqual(withFile?.kind === "message" && [withFile.items, withFile.media.map(({ kind }) => kind)], [
      undefined,
      ["image"],
    ]);
  });

  test("what a link leads to is somebody else's, as the sender's app shows it; a link that shows nothing adds nothing", () => {
    const page = { url: "https://example.org", title: "Garden", description: "Roses" };
    const shown = said({ message: "see", previews: [page, { url: "https://example.org/2" }, { title: "Bare" }] });

    assert.deepEqual(shown?.kind === "message" && [shown.text, shown.forwarded], [
      "see",
      [
        { text: "Garden\nRoses", origin: { where: "https://example.org" } },
        { text: "Bare", origin: { where: "a page" } },
      ],
    ]);
  });

  test("only what Signal marks is a voice message; a file without an id is none", () => {
    const inbound = said({
      attachments: [
        { id: "1", contentType: "audio/aac", voiceNote: true },
        { id: "2", contentType: "audio/aac" },
        { id: "3", contentType: "video/mp4" },
        { id: "4", contentType: "application/pdf", filename: "a.pdf", size: 9 },
        { contentType: "image/png" },
      ],
    });

    assert.deepEqual(inbound?.kind === "message" && inbound.media.map(({ kind }) => kind), [
      "voice",
      "audio",
      "video",
      "document",
    ]);
    assert.deepEqual(inbound?.kind === "message" && inbound.media[3], {
      ...{ ref: '{"id":"4","chatId":"+15550001"}', kind: "document", mimeType: "application/pdf" },
      ...{ fileName: "a.pdf", sizeBytes: 9 },
    });
  });

  test("a contact has the name that is shown, else first and last name, else the nickname", () => {
    const named = (name: object) => inWords({ contacts: [{ name, phone: [{ value: "+1" }, {}] }] });

    assert.deepEqual(
      [named({ display: "Bob B" }), named({ given: "Bob", family: "B" }), named({ nickname: "Bobby" })],
      ["Contact: Bob B, +1", "Contact: Bob B, +1", "Contact: Bobby, +1"],
    );
  });

  test("a reaction, a vote and an edit name their message", () => {
    const reaction = said({ reaction: { emoji: "👍", targetSentTimestamp: 5, isRemove: true } });
    const vote = said({ pollVote: { targetSentTimestamp: 5, optionIndexes: [1] } });
    const [edit] = inboundIn(
      read({ editMessage: { targetSentTimestamp: 5, dataMessage: { timestamp: 8, message: "new" } } }),
    );

    assert.deepEqual(reaction?.kind === "reaction" && [reaction.messageId, reaction.emoji, reaction.isRemoved], [
      "5",
      "👍",
      true,
    ]);
    assert.deepEqual(vote?.kind === "vote" && [vote.messageId, vote.answers], ["5", [1]]);
    assert.deepEqual(edit?.kind === "edit" && [edit.messageId, edit.messageKeys, edit.keys, edit.text], [
      "5",
      ["uuid-ann:5"],
      ["uuid-ann:8"],
      "new",
    ]);
  });
});

describe("to whom it is said", () => {
  const mention = (start: number, more: object) => ({ start, length: 1, ...more });

  test("a mention at the beginning is an address and left out; one of somebody else stays with the name", () => {
    const own = said({ message: "\uFFFC, what?", mentions: [mention(0, { uuid: SELF.uuid })] });
    const other = said({ message: "\uFFFC what?", mentions: [mention(0, { name: "Bob", number: "+2" })] });
    const within = said({ message: "so \uFFFC?", mentions: [mention(3, { number: SELF.number, name: "Molty" })] });

    assert.deepEqual(own?.kind === "message" && [own.text, own.mentionsSelf], ["what?", true]);
    assert.deepEqual(other?.kind === "message" && [other.mentionsSelf, other.others?.length], [false, 1]);
    assert.deepEqual(within?.kind === "message" && [within.mentionsSelf, within.text.startsWith("so")], [true, true]);
  });

  test("an answer to the account is meant for it; what is quoted is only claimed", () => {
    const quote = { id: 5, text: "before", authorNumber: SELF.number, attachments: [{ contentType: "image/png" }] };
    const own = said({ message: "yes", quote });
    const others = said({ message: "yes", quote: { id: 5, authorUuid: "uuid-bob" } });
    const story = said({ message: "nice", storyContext: { sentTimestamp: 4 } });

    assert.deepEqual(
      own?.kind === "message" && [own.mentionsSelf, own.replyTo?.messageId, own.replyTo?.text, own.replyTo?.isClaimed],
      [true, "5", "before", true],
    );
    assert.equal(own?.kind === "message" && own.replyTo?.items?.length, 1);
    assert.deepEqual(others?.kind === "message" && [others.mentionsSelf, others.replyTo], [
      false,
      { messageId: "5", fromSelf: false, senderId: "uuid-bob", isClaimed: true },
    ]);
    assert.deepEqual(story?.kind === "message" && [story.replyTo?.messageId, story.mentionsSelf], ["4", false]);
  });
});

describe("what is no message", () => {
  test("a call and a story are recorded; receipts and typing are nobody's words", () => {
    const kinds = [{ callMessage: { offerMessage: {} } }, { storyMessage: {} }].map((each) => inboundIn(read(each))[0]);

    assert.deepEqual(
      kinds.map((inbound) => inbound?.kind === "unread" && inbound.what),
      ["call", "story"],
    );
    for (const each of [{ receiptMessage: {} }, { typingMessage: {} }, { callMessage: {} }, {}])
      assert.deepEqual(inboundIn(read(each)), []);
  });

  test("what could not be opened is recorded with the reason, but not a copy of our own", () => {
    const [broken] = inboundIn(read({}, { exception: { type: "InvalidMessageException" } }));

    assert.match(broken?.kind === "unreadable" ? broken.why : "", /\(InvalidMessageException\); ask for it again/);
    assert.deepEqual(inboundIn(read({}, { exception: { type: "SelfSendException" } })), []);
  });

  test("a message that is not as signal-cli describes messages is recorded with who sent it and when", () => {
    const [broken] = inboundIn(mapper.broken({ envelope: { ...ANN, timestamp: 7 } }));

    assert.deepEqual([broken?.kind, broken?.sender.id, broken?.messageId], ["unreadable", "+15550001", "7"]);
  });

  test("an event is read with and without a subscription around it, and is none without a sender and a time", () => {
    const envelope = { ...ANN, timestamp: 7 };

    assert.deepEqual(parseReceived(JSON.stringify({ envelope }))?.envelope, envelope);
    assert.deepEqual(parseReceived(JSON.stringify({ result: { envelope } }))?.envelope, envelope);
    for (const odd of ["", "{", "7", "{}", '{"envelope":{"timestamp":7}}', '{"envelope":{"source":"+1"}}'])
      assert.equal(parseReceived(odd), undefined);
  });
});

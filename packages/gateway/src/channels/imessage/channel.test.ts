import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../kit/channel.ts";
import { asTyped } from "../../kit/text/sender-text.ts";
import { readMessage as readBlue } from "./bluebubbles/inbound.ts";
import { emojiOf, tapbackOf } from "./bluebubbles/tapbacks.ts";
import { imessage } from "./channel.ts";
import { commandLine } from "./imsg/program.ts";
import { readMentions, readNamed } from "./mentions.ts";

describe("a target", () => {
  const cases: readonly [text: string, id: string][] = [
    ["+1 (555) 01-00", "+15550100"],
    ["imessage:+15550100", "+15550100"],
    ["sms:+1 555 0100", "sms:+15550100"],
    ["tel:+15550100", "+15550100"],
    ["55501", "55501"],
    ["Ann@Example.com", "ann@example.com"],
    ["chat_id:7", "chat_id:7"],
    ["iMessage;-;+15550100", "+15550100"],
    ["chat_guid:SMS;-;+15550100", "sms:+15550100"],
    ["any;-;ann@example.com", "ann@example.com"],
    ["iMessage;+;chat4000001", "iMessage;+;chat4000001"],
    ["imessage:chat_guid:iMessage;+;chat4000001", "iMessage;+;chat4000001"],
  ];

  for (const [text, id] of cases) {
    test(`${text} is ${id}`, () => {
      assert.deepEqual(imessage.target(text), { id });
    });
  }

  test("is refused with what is accepted", () => {
    for (const text of ["", "Ann", "chat_id:x", "12", "a b@c.d"]) {
      assert.throws(
        () => imessage.target(text),
        (error) => error instanceof ChannelError && error.kind === "rejected" && /phone number/.test(error.message),
      );
    }
  });
});

test("peers are spelled in one form", () => {
  assert.deepEqual(
    ["+1 (555) 01", "imessage:+155501", "SMS:+1 (555) 01", "tel:+155501", "Ann@Example.COM", "*"].map((text) =>
      imessage.normalPeer(text),
    ),
    ["+155501", "+155501", "sms:+155501", "+155501", "ann@example.com", "*"],
  );
});

test("what is missing is said", () => {
  const state = { get: () => undefined, entries: () => [], write: () => {} };

  assert.equal(imessage.missing({}, state), undefined);
  assert.match(imessage.missing({ backend: "bluebubbles" }, state) ?? "", /serverUrl/);
  assert.match(imessage.missing({ backend: "bluebubbles", serverUrl: "http://mac:1234" }, state) ?? "", /password/);
});

describe("a name in a group", () => {
  const cases: readonly [text: string, rest: string, mentionsSelf: boolean][] = [
    ["@moltbot, what?", "what?", true],
    ["@Moltbot: /help", "/help", true],
    ["what, @moltbot?", "what, @moltbot?", true],
    ["me@moltbot.com", "me@moltbot.com", false],
    ["@moltbots unite", "@moltbots unite", false],
  ];

  for (const [text, rest, mentionsSelf] of cases) {
    test(`in ${JSON.stringify(text)} is ${mentionsSelf ? "" : "not "}ours`, () => {
      assert.deepEqual(readNamed(asTyped(text)), { text: rest, mentionsSelf });
    });
  }

  test("that Messages marks is ours by its handle", () => {
    const mentions = [{ start: 0, length: 3, handle: "me@x.y" }];

    assert.deepEqual(
      readMentions("Bot what?", mentions, (handle) => handle === "me@x.y"),
      {
        text: "what?",
        mentionsSelf: true,
      },
    );
    assert.deepEqual(
      readMentions("Bot what?", mentions, () => false),
      { text: "\uFFFC what?", others: [{ sign: "@", name: "Bot", id: "me@x.y" }], mentionsSelf: false },
    );
  });
});

describe("tapbacks", () => {
  test("are known by name, by number and by emoji", () => {
    assert.deepEqual(
      ["love", "-like", 2003, "3005"].map((type) => emojiOf(type, undefined)),
      [
        { emoji: "❤️", isRemoved: false },
        { emoji: "👍", isRemoved: true },
        { emoji: "😂", isRemoved: false },
        { emoji: "❓", isRemoved: true },
      ],
    );
    assert.deepEqual(emojiOf("emoji", "🦄"), { emoji: "🦄", isRemoved: false });
    assert.equal(emojiOf("sticker", undefined), undefined);
    assert.deepEqual(["❤️", "👍🏽", "🎉", "😂"].map(tapbackOf), ["love", "like", "like", "laugh"]);
  });
});

describe("a message of BlueBubbles", () => {
  const message = { guid: "G", chats: [{ guid: "iMessage;-;+1555" }], handle: { address: "+1555" }, dateCreated: 1 };

  test("that says nothing is recorded as what it is, and one without identity is none", () => {
    const [change] = readBlue({ ...message, itemType: 1, groupActionType: 1 }, { now: 2 })?.inbound ?? [];

    assert.equal(change?.kind === "unread" && change.what, "group change");
    assert.equal(readBlue({ ...message, chats: [] }, { now: 2 }), undefined);
    assert.equal(readBlue("nonsense", { now: 2 }), undefined);
  });

  test("that was changed and taken back while nobody listened is told as taken back", () => {
    const kinds = readBlue({ ...message, text: "", dateEdited: 3, dateRetracted: 4 }, { now: 5 })?.inbound;

    assert.deepEqual(
      kinds?.map(({ kind, keys }) => [kind, ...keys]),
      [["unsend", "unsend:G"]],
    );
  });
});

test("a command for another machine survives its shell", () => {
  const { command, args } = commandLine({ cliPath: "/opt/it's/imsg", remoteHost: "me@mac" }, ["rpc"]);

  assert.equal(command, "ssh");
  assert.deepEqual(args.slice(-3), ["--", "me@mac", "'/opt/it'\\''s/imsg' rpc"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inbound } from "../../../../kit/channel-message.ts";
import { accountId, provenAlias } from "../../../../kit/party.ts";
import { boundedInbound } from "./sanitize.ts";

test("an id without a sign names nobody: rows of the inbox and lists of people have none", () => {
  const odd: Inbound = {
    ...{ kind: "unsend", keys: ["1"], at: 1, messageId: "1", fromSelf: false },
    chat: { id: "", kind: "direct" },
    sender: { id: accountId(""), aliases: [provenAlias(""), provenAlias("a")] },
  };

  const { chat, sender } = boundedInbound(odd, 2);

  assert.deepEqual(chat, { id: "unknown", kind: "direct" });
  assert.deepEqual(sender, { id: "unknown", aliases: ["a"] });
});

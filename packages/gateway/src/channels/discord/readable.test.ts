import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../../kit/text/sender-text.ts";
import { readableText } from "./readable.ts";

const options = { selfId: "9", channelName: (id: string) => (id === "7" ? "tea" : undefined) };
const ann = { id: "5", username: "ann", global_name: "Ann", discriminator: "0", avatar: null };

function read(message: object): string {
  return shown(readableText({ content: "", ...message } as never, options), "discord");
}

test("people, channels, emoji and times are read as words", () => {
  const content = "<@5> and <@!6> in <#7> or <#8>, <:wave:1> <a:dance:2> <@&3> <t:0:R> </help:4>";

  assert.equal(
    read({ content, mentions: [ann] }),
    "@“Ann” (discord:5) and @discord:6 in #“tea” (discord:7) or #discord:8, :wave: :dance: @“role” (discord:3) " +
      "1970-01-01T00:00:00.000Z “/help”",
  );
});

test("a mention of the account at the beginning is an address, later it is a word", () => {
  const self = { ...ann, id: "9", global_name: "Molty" };

  assert.equal(read({ content: "<@9>, help", mentions: [self] }), "help");
  assert.equal(read({ content: "ask <@9>", mentions: [self] }), "ask @“Molty” (discord:9)");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textOf } from "../sessions.ts";
import { bodyOf, messageIn } from "./message-body.ts";
import type { StoredPart } from "./stored-message.ts";

const SAID = "Shall we meet at the station at nine?";

function kept(content: readonly StoredPart[], text = textOf(content)) {
  const body = bodyOf({ content }, text);
  return { body, read: messageIn(body, text) };
}

test("a text is kept once", () => {
  const { body, read } = kept([{ type: "text", text: SAID }]);

  assert.equal(body, '{"content":[{"type":"text","at":[0,37]}]}');
  assert.deepEqual(read, { content: [{ type: "text", text: SAID }] });
});

test("texts that people read with a name before them, or twice, are found where they stand", () => {
  const from = { kind: "message", id: "telegram:1", name: "Ada", isGroup: true } as const;
  const content: StoredPart[] = [
    { type: "text", text: SAID, from },
    { type: "text", text: SAID, from },
  ];

  const { body, read } = kept(content);

  assert.ok(!body.includes("station"));
  assert.deepEqual(read, { content });
});

test("what a version before has kept in both places is read as it is", () => {
  const body = JSON.stringify({ content: [{ type: "text", text: SAID }], provider: "p" });

  assert.deepEqual(messageIn(body, SAID), { content: [{ type: "text", text: SAID }], provider: "p" });
});

test("whatever is said is read as it was, also half characters, zeros, and texts that the column does not hold", () => {
  const texts = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.string({ minLength: 16 })), { maxLength: 4 });
  fc.assert(
    fc.property(texts, fc.boolean(), (said, isInColumn) => {
      const content = said.map((text) => ({ type: "text" as const, text }));
      const { read } = kept(content, isInColumn ? textOf(content) : "");
      assert.deepEqual(read, { content });
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Item, itemText } from "./item.ts";
import { contactIn } from "./vcard.ts";

const FORMS: readonly (readonly [Item, string])[] = [
  [
    { kind: "contact", name: "Bob", organization: "Bee Ltd", numbers: ["+1"], mails: ["b@x.y"] },
    "Contact: Bob, Bee Ltd, +1, b@x.y",
  ],
  [{ kind: "contact" }, "Contact: without a name"],
  [{ kind: "place", latitude: 1.5, longitude: 2, name: "Inn", address: "Road 1" }, "Place: Inn, Road 1 (1.5, 2)"],
  [{ kind: "place", latitude: 0, longitude: 0, isLive: true }, "Place, live: 0, 0"],
  [{ kind: "place" }, "Place: not told"],
  [{ kind: "poll", question: "Tea?", answers: ["yes", "no"] }, "Poll: Tea?\n- yes\n- no"],
  [{ kind: "poll", question: "Tea?", answers: [], isQuiz: true, isClosed: true }, "Poll (quiz, closed): Tea?"],
  [{ kind: "sticker", emoji: "🦞", set: "Sea" }, "Sticker 🦞 of the set “Sea”"],
  [{ kind: "tap", label: "Yes", id: "yes_1" }, "Chosen: Yes (yes_1)"],
  [{ kind: "withheld", what: "a photo", why: "it is shown once" }, "Not shown: a photo; it is shown once"],
  [
    {
      ...{ kind: "card", name: "Order", title: "Two teas", text: "soon", url: "https://x.y" },
      ...{
        facts: [["total", "3"]],
        tables: [
          [
            ["a", "b"],
            ["1", "22"],
          ],
        ],
        buttons: ["Pay"],
      },
    },
    "Order: Two teas\nsoon\ntotal: 3\na | b\n--+---\n1 | 22\n[Pay]\nhttps://x.y",
  ],
];
for (const [item, text] of FORMS)
  test(`${item.kind} reads as ${JSON.stringify(text.slice(0, 50))}`, () => {
    assert.equal(itemText(item), text);
  });

test("what others wrote stays on the line of its label, and is bounded", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 900 }), (text) => {
      const poll = itemText({ kind: "poll", question: text, answers: [text] });
      const tap = itemText({ kind: "tap", label: text });

      assert.equal(poll.split(/[\n\r\v\f\u0085\u2028\u2029]/).length, 2);
      assert.equal(tap.split(/[\n\r\v\f\u0085\u2028\u2029]/).length, 1);
      assert.ok(poll.length <= 700);
    }),
  );
});

test("a table of many rows says how many are left out", () => {
  const table = Array.from({ length: 130 }, (_, row) => [String(row)]);

  assert.match(itemText({ kind: "card", name: "Card", tables: [table] }), /\n… 30 more rows$/);
});

test("a vCard gives its name, organization, numbers and mails, also where lines are folded and grouped", () => {
  const vcard =
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob B\r\n ee\r\nORG:Bee\\, Sons;\r\nitem1.TEL;waid=1555:+1 555\r\nEMAIL;TYPE=home:b@x.y\r\nEND:VCARD";

  assert.deepEqual(contactIn(vcard), {
    ...{ kind: "contact", name: "Bob Bee", organization: "Bee, Sons", numbers: ["+1 555"], mails: ["b@x.y"] },
  });
});

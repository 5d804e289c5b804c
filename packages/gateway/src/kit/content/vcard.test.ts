import assert from "node:assert/strict";
import { test } from "node:test";
import { contactIn } from "./vcard.ts";

const card = (...lines: string[]) => ["BEGIN:VCARD", ...lines, "END:VCARD"].join("\r\n");

test("the name that a platform gives goes before that of the card, and the parts of a name stand in for a missing one", () => {
  const names = [
    contactIn(card("FN:Bob Bee"), "Bobby"),
    contactIn(card("FN:Bob Bee")),
    contactIn(card("N:Bee;Bob;;Dr;")),
    contactIn(card("FN:")),
  ].map(({ name }) => name);

  assert.deepEqual(names, ["Bobby", "Bob Bee", "Bob Bee", undefined]);
});

test("letters in pieces are read in the charset that their line names, over lines that go on", () => {
  const utf8 = card("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen=20=", "M=C3=BCller");
  const latin = card("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:J=FCrgen");
  const odd = card("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=klingon:J=C3=BCrgen");
  const plain = card("FN:50=25");

  assert.deepEqual(
    [utf8, latin, odd, plain].map((each) => contactIn(each).name),
    ["Jürgen Müller", "Jürgen", "Jürgen", "50=25"],
  );
});

test("addresses, pages and notes are kept with their names; a card with none has no more", () => {
  const full = contactIn(
    card(
      "ADR;TYPE=home:;;Road 1;Town;;12345;Land",
      'TEL;TYPE="x:y":tel:+1',
      "URL:https://x.example:1/a",
      "NOTE:a\\nb\\, c",
    ),
  );

  assert.deepEqual(full, {
    ...{ kind: "contact", name: undefined, organization: undefined, numbers: ["+1"], mails: [] },
    more: [
      ["address", "Road 1, Town, 12345, Land"],
      ["page", "https://x.example:1/a"],
      ["note", "a b, c"],
    ],
  });
  assert.equal("more" in contactIn(card("FN:Bob")), false);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChannelError } from "../../kit/channel.ts";
import { addressOf, peerId, whatsappPeer, whatsappTarget, withoutDevice } from "./addresses.ts";

describe("a target", () => {
  const FORMS = [
    ["+1 (555) 123-4567", "15551234567@s.whatsapp.net"],
    ["whatsapp:+15551234567", "15551234567@s.whatsapp.net"],
    ["0015551234567", "15551234567@s.whatsapp.net"],
    ["15551234567:3@s.whatsapp.net", "15551234567@s.whatsapp.net"],
    ["15551234567@c.us", "15551234567@s.whatsapp.net"],
    ["900001@lid", "900001@lid"],
    ["120363000000000001@g.us", "120363000000000001@g.us"],
    ["15551234567-1600000000@g.us", "15551234567-1600000000@g.us"],
    ["120363000000000001", "120363000000000001@g.us"],
  ] as const;
  for (const [text, id] of FORMS) {
    test(`is read from ${text}`, () => {
      assert.deepEqual(whatsappTarget(text), { id });
    });
  }

  for (const text of ["", "Alice", "12", "@s.whatsapp.net", "status@broadcast"]) {
    test(`is not read from ${JSON.stringify(text)}, and the answer shows the forms`, () => {
      assert.throws(
        () => whatsappTarget(text),
        (error: unknown) => error instanceof ChannelError && error.kind === "rejected" && /\+1555/.test(error.message),
      );
    });
  }
});

describe("a peer", () => {
  const SPELLINGS = [
    ["+1 (555) 123-4567", "+15551234567"],
    ["15551234567", "+15551234567"],
    ["whatsapp:15551234567@s.whatsapp.net", "+15551234567"],
    ["900001@lid", "900001@lid"],
    ["*", "*"],
  ] as const;
  for (const [text, id] of SPELLINGS) {
    test(`${text} is ${id}`, () => {
      assert.equal(whatsappPeer(text), id);
    });
  }

  test("has an address, and an address has a peer", () => {
    assert.equal(addressOf(peerId("15551234567@s.whatsapp.net")), "15551234567@s.whatsapp.net");
    assert.equal(addressOf(peerId("900001@lid")), "900001@lid");
  });
});

test("a device is left out of an address, in a group's nothing is", () => {
  assert.equal(withoutDevice("15551234567:12@s.whatsapp.net"), "15551234567@s.whatsapp.net");
  assert.equal(withoutDevice("900001:12@lid"), "900001@lid");
  assert.equal(withoutDevice("15551234567-1600000000@g.us"), "15551234567-1600000000@g.us");
});

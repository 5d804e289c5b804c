import assert from "node:assert/strict";
import { test } from "node:test";
import { encrypted, MAX_TEXT_BYTES } from "./encrypt.ts";

const bytes = (text: string) => Buffer.from(text, "base64url");

/** RFC 8291 section 5 and appendix A. */
const BROWSER = {
  p256dh: bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
  auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
};

test("the message of RFC 8291 comes out byte by byte", () => {
  const fresh = {
    salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"),
    privateKey: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
  };

  const body = encrypted("When I grow up, I want to be a watermelon", BROWSER, fresh);

  assert.equal(
    body.toString("base64url"),
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A" +
      "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
  );
});

test("the longest text fills what push services take, and a longer one is refused", () => {
  assert.equal(encrypted("x".repeat(MAX_TEXT_BYTES), BROWSER).byteLength, 4_096);
  assert.throws(() => encrypted("x".repeat(MAX_TEXT_BYTES + 1), BROWSER), RangeError);
});

test("no two messages of the same text are alike", () => {
  assert.notDeepEqual(encrypted("hello", BROWSER), encrypted("hello", BROWSER));
});

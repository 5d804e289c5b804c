import assert from "node:assert/strict";
import { test } from "node:test";
import { newId, newSecret, secretsEqual, sha256Hex } from "./ids.ts";

test("ids are UUIDs of version 4, each another", () => {
  assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(newId(), newId());
});

test("secrets have 32 random bytes in base64url, or as many as asked for", () => {
  assert.match(newSecret(), /^[\w-]{43}$/);
  assert.match(newSecret(12), /^[\w-]{16}$/);
  assert.notEqual(newSecret(), newSecret());
});

test("no part of a secret is given twice, whatever their sizes", () => {
  const sizes = Array.from({ length: 400 }, (_, at) => 8 + (at % 40));
  const secrets = [...sizes, 5_000, 1_024, 1_000].map((bytes) => newSecret(bytes));

  const pieces = secrets.flatMap((secret) => secret.match(/.{8}/g) ?? []);

  assert.deepEqual(
    secrets.slice(0, 400).map(({ length }) => length),
    sizes.map((bytes) => Math.ceil((bytes * 4) / 3)),
  );
  assert.equal(new Set(pieces).size, pieces.length);
  assert.ok(secrets.every((secret) => !secret.includes("AAAAAAAA")));
});

test("secrets are equal only when every byte is, whatever their lengths", () => {
  assert.deepEqual(
    [secretsEqual("abc", "abc"), secretsEqual("abc", "abd"), secretsEqual("abc", "abcd"), secretsEqual("", "a")],
    [true, false, false, false],
  );
});

test("a fingerprint is SHA-256 in lower-case hexadecimal", () => {
  assert.equal(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

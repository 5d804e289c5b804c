// The guard itself: a test that leaves this machine fails at once.
import assert from "node:assert/strict";
import { test } from "node:test";

const cases = ["http://192.0.2.1/", "http://[2001:db8::1]/", "https://api.telegram.org/"];

for (const url of cases) {
  test(`a request to ${url} is refused`, async () => {
    await assert.rejects(fetch(url), (error: Error) => /only use loopback/.test(String(error.cause)));
  });
}

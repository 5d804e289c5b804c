// The guard itself: a test that leaves this machine fails at once.
import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";

const cases = ["http://192.0.2.1/", "http://[2001:db8::1]/", "https://api.telegram.org/"];

for (const url of cases) {
  test(`a request to ${url} is refused`, async () => {
    await assert.rejects(fetch(url), (error: Error) => /only use loopback/.test(String(error.cause)));
  });
}

const outside = [{ address: "192.0.2.1", family: 4 }];
for (const [what, leave] of [
  ["an address", () => get("http://192.0.2.1/")],
  ["a name that the program looks up by itself", () => get("http://far.example/", { lookup: found })],
  ["a socket to such a name", () => connect({ host: "far.example", port: 80, lookup: found })],
] as const)
  test(`the HTTP client and sockets are held, too: ${what}`, async () => {
    const [error] = await once(leave(), "error");

    assert.match(String(error), /only use loopback/);
  });

function found(_host: string, _options: object, done: (error: null, addresses: typeof outside) => void): void {
  done(null, outside);
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isKnownHost, judgeOrigin, type OwnOrigins } from "./origin.ts";

const ownOrigins: OwnOrigins = {
  scheme: "http",
  port: 18789,
  hosts: ["192.168.1.2", "gw.example.com"],
  allowedOrigins: ["https://ui.example.com"],
};
const LOCAL = "127.0.0.1:18789";

describe("names that are ours", () => {
  const HOSTS: readonly [host: string | undefined, known: boolean][] = [
    ["127.0.0.1:18789", true],
    ["localhost:18789", true],
    ["localhost:8080", true],
    ["[::1]:18789", true],
    ["192.168.1.2:18789", true],
    ["GW.example.com", true],
    ["evil.example.com:18789", false],
    ["gw.example.com.evil.com", false],
    ["192.168.1.3", false],
    [undefined, false],
    ["", false],
    ["127.0.0.1:18789@evil.com", false],
  ];
  for (const [host, known] of HOSTS)
    test(`${host} is ${known ? "known" : "unknown"}`, () => assert.equal(isKnownHost(host, ownOrigins), known));
});

describe("origins", () => {
  const ORIGINS: readonly [origin: string | undefined, host: string, kind: string][] = [
    [undefined, LOCAL, "none"],
    ["http://127.0.0.1:18789", LOCAL, "own"],
    ["http://localhost:18789", LOCAL, "own"],
    ["http://[::1]:18789", LOCAL, "own"],
    ["http://192.168.1.2:18789", "192.168.1.2:18789", "own"],
    ["http://gw.example.com:18789", "gw.example.com:18789", "own"],
    ["https://ui.example.com", LOCAL, "own"],
    ["http://127.0.0.1:5173", LOCAL, "loopback"],
    ["http://localhost", LOCAL, "loopback"],
    ["https://127.0.0.1:18789", LOCAL, "loopback"],
    // A page of this machine says nothing about a gateway elsewhere.
    ["http://127.0.0.1:5173", "gw.example.com:18789", "refused"],
    ["http://gw.example.com", "gw.example.com:18789", "refused"],
    ["http://evil.example.com:18789", LOCAL, "refused"],
    ["http://127.0.0.1.evil.com:18789", LOCAL, "refused"],
    ["http://localhost.evil.com:18789", LOCAL, "refused"],
    ["http://ui.example.com", LOCAL, "refused"],
    ["https://ui.example.com:8443", LOCAL, "refused"],
    ["https://ui.example.com.evil.com", LOCAL, "refused"],
    ["null", LOCAL, "refused"],
    ["", LOCAL, "refused"],
    ["file://", LOCAL, "refused"],
    ["chrome-extension://abcdefghijklmnop", LOCAL, "refused"],
    ["moz-extension://1b2c", LOCAL, "refused"],
    ["vscode-webview://x", LOCAL, "refused"],
    ["http://127.0.0.1:18789/path", LOCAL, "refused"],
    ["http://user@127.0.0.1:18789", LOCAL, "refused"],
    ["127.0.0.1:18789", LOCAL, "refused"],
    ["http://127.0.0.1:18789, http://evil.com", LOCAL, "refused"],
  ];
  for (const [origin, host, kind] of ORIGINS)
    test(`${origin} at ${host} is ${kind}`, () => assert.equal(judgeOrigin({ origin, host }, ownOrigins).kind, kind));

  test("with TLS only https pages are ours", () => {
    const secure: OwnOrigins = { ...ownOrigins, scheme: "https" };
    assert.equal(judgeOrigin({ origin: "https://127.0.0.1:18789", host: LOCAL }, secure).kind, "own");
    assert.equal(judgeOrigin({ origin: "http://127.0.0.1:18789", host: LOCAL }, secure).kind, "loopback");
  });

  test("a star allows nobody", () => {
    const starred: OwnOrigins = { ...ownOrigins, allowedOrigins: ["*"] };
    assert.equal(judgeOrigin({ origin: "http://evil.example.com", host: LOCAL }, starred).kind, "refused");
  });
});

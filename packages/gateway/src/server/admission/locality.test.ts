import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, test } from "node:test";
import { isLoopbackAddress, isTailnetAddress, normalizeAddress } from "../../base/net/address.ts";
import { clientAddress, hasProxyHeader, hostName, isLocal, isLoopbackHost } from "./locality.ts";

/** One test for each row: the function's answer to each argument. */
function table<In, Out>(fn: (value: In) => Out, rows: readonly (readonly [value: In, expected: Out])[]): void {
  for (const [value, expected] of rows)
    test(`${JSON.stringify(value)} → ${JSON.stringify(expected)}`, () => assert.deepEqual(fn(value), expected));
}

describe("the form in which addresses are compared", () => {
  table(normalizeAddress, [
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::FFFF:203.0.113.9", "203.0.113.9"],
    ["[::1]", "::1"],
    ["FE80::1%eth0", "fe80::1"],
    [" 203.0.113.9 ", "203.0.113.9"],
  ]);
});

describe("loopback addresses", () => {
  table(isLoopbackAddress, [
    ["127.0.0.1", true],
    ["127.255.255.254", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["128.0.0.1", false],
    ["0.0.0.0", false],
    ["127.0.0.1.example.com", false],
    ["127.1", false],
    ["::2", false],
    ["", false],
  ]);
});

describe("tailnet addresses", () => {
  table(isTailnetAddress, [
    ["100.64.0.0", true],
    ["100.127.255.255", true],
    ["100.63.255.255", false],
    ["100.128.0.0", false],
    ["fd7a:115c:a1e0::1", true],
    ["FD7A:115C:A1E0:ab12::1", true],
    ["fd7a:115c:a1e1::1", false],
    ["10.0.0.1", false],
    ["100.64.0.1.example.com", false],
  ]);
});

describe("the name in a Host header", () => {
  table(hostName, [
    ["localhost", "localhost"],
    ["LocalHost:18789", "localhost"],
    ["127.0.0.1:18789", "127.0.0.1"],
    ["[::1]:18789", "::1"],
    ["[::1]", "::1"],
    ["gw.example.com", "gw.example.com"],
    [undefined, undefined],
    ["", undefined],
    ["localhost:", undefined],
    ["localhost:x", undefined],
    ["localhost:1:2", undefined],
    ["user@localhost", undefined],
    ["localhost/path", undefined],
    ["localhost evil", undefined],
    ["::1", undefined],
  ]);
});

describe("loopback hosts", () => {
  table(isLoopbackHost, [
    ["localhost:1", true],
    ["127.0.0.1", true],
    ["127.3.2.1:80", true],
    ["[::1]:1", true],
    ["localhost.example.com", false],
    ["example.localhost", false],
    ["127.0.0.1.nip.io", false],
    ["gw.tail1234.ts.net", false],
    ["192.168.1.2", false],
    [undefined, false],
  ]);
});

describe("traces of a proxy", () => {
  table(hasProxyHeader, [
    [{}, false],
    [{ host: "localhost", origin: "http://localhost", "user-agent": "x" }, false],
    ...[
      "forwarded",
      "via",
      "x-forwarded-for",
      "x-forwarded-host",
      "x-forwarded-proto",
      "x-real-ip",
      "x-client-ip",
      "cf-connecting-ip",
      "true-client-ip",
      "tailscale-user-login",
    ].map((name) => [{ [name]: "x" }, true] as const),
    [{ "x-forwarded-for": "" }, true],
  ]);
});

describe("the client's address", () => {
  const PROXY = "10.0.0.1";
  const of = ([address, headers]: readonly [string, IncomingHttpHeaders]) =>
    clientAddress({ address, headers }, [PROXY, "10.0.0.2"]);

  table(of, [
    [["203.0.113.9", {}], "203.0.113.9"],
    [["203.0.113.9", { "x-forwarded-for": "127.0.0.1" }], "203.0.113.9"],
    [["203.0.113.9", { "x-real-ip": "127.0.0.1" }], "203.0.113.9"],
    [[PROXY, {}], PROXY],
    [[PROXY, { "x-forwarded-for": "203.0.113.9" }], "203.0.113.9"],
    [[PROXY, { "x-forwarded-for": "203.0.113.9:4711" }], "203.0.113.9"],
    [[PROXY, { "x-forwarded-for": "[2001:db8::1]:4711" }], "2001:db8::1"],
    [[PROXY, { "x-forwarded-for": "2001:DB8::1" }], "2001:db8::1"],
    // The header is read from the right: the client itself wrote what stands further left.
    [[PROXY, { "x-forwarded-for": "127.0.0.1, 203.0.113.9" }], "203.0.113.9"],
    [[PROXY, { "x-forwarded-for": "1.2.3.4, 203.0.113.9, 10.0.0.2" }], "203.0.113.9"],
    [[PROXY, { "x-real-ip": "203.0.113.9" }], "203.0.113.9"],
    [[PROXY, { "x-forwarded-for": "", "x-real-ip": "203.0.113.9" }], "203.0.113.9"],
    [[PROXY, { "x-forwarded-for": "203.0.113.9", "x-real-ip": "1.2.3.4" }], "203.0.113.9"],
  ]);
});

describe("local", () => {
  const OWN = ["100.100.1.1", "192.168.1.2"];
  const of = ([address, headers]: readonly [string, IncomingHttpHeaders]) => isLocal({ address, headers }, OWN);

  table(of, [
    [["127.0.0.1", { host: "127.0.0.1:18789" }], true],
    [["127.0.0.1", { host: "localhost" }], true],
    [["::1", { host: "[::1]:18789" }], true],
    [["127.0.0.1", { host: "gw.example.com" }], false],
    [["127.0.0.1", { host: "gw.tail1234.ts.net" }], false],
    [["127.0.0.1", {}], false],
    [["127.0.0.1", { host: "localhost", "x-forwarded-for": "127.0.0.1" }], false],
    [["127.0.0.1", { host: "localhost", "x-forwarded-host": "localhost" }], false],
    [["127.0.0.1", { host: "localhost", via: "1.1 proxy" }], false],
    [["203.0.113.9", { host: "localhost" }], false],
    // This host's own tailnet address is this host; its address on the local network may be anybody's.
    [["100.100.1.1", { host: "gw.tail1234.ts.net" }], true],
    [["100.100.1.1", { host: "gw.tail1234.ts.net", "x-forwarded-for": "100.100.1.1" }], false],
    [["100.100.1.2", { host: "gw.tail1234.ts.net" }], false],
    [["192.168.1.2", { host: "localhost" }], false],
  ]);
});

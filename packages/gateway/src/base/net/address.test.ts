import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { networkOf } from "./address.ts";

describe("a client is counted by", () => {
  const CASES: readonly [address: string, network: string][] = [
    ["203.0.113.9", "203.0.113.9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:db8:0001:0002::", "2001:db8:1:2::/64"],
    ["2001:db8::6", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["[fe80::1%eth0]", "fe80:0:0:0::/64"],
    ["", ""],
  ];
  for (const [address, network] of CASES)
    test(`${network || "nothing"} at ${address || "no address"}`, () => assert.equal(networkOf(address), network));
});

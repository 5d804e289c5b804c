import assert from "node:assert/strict";
import { test } from "node:test";
import { isPublicAddress } from "./public-address.ts";

const INSIDE = [
  ...["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"],
  ...[
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::1",
  ],
  ...["2002:7f00:1::", "2001:db8::1", "ff02::1"],
];
const OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"];

for (const address of INSIDE) {
  test(`${address} is not on the public internet`, () => {
    assert.equal(isPublicAddress(address), false);
  });
}

for (const address of OUTSIDE) {
  test(`${address} is on the public internet`, () => {
    assert.equal(isPublicAddress(address), true);
  });
}

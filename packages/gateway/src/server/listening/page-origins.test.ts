import assert from "node:assert/strict";
import { test } from "node:test";
import { pageOrigins } from "./page-origins.ts";

const OWN = ["127.0.0.1", "::1", "192.168.1.5", "100.101.1.2", "169.254.7.7", "fe80::1"];

const CASES = [
  { name: "loopback alone", bound: "127.0.0.1", hosts: [], origins: [], is: ["http://127.0.0.1:18789 here"] },
  {
    name: "every address, the tailnet's before the local network's",
    ...{ bound: "0.0.0.0", hosts: [], origins: [] },
    is: ["http://100.101.1.2:18789 tailnet", "http://192.168.1.5:18789 lan", "http://127.0.0.1:18789 here"],
  },
  {
    name: "a proxy in front of loopback that may connect and has our name",
    ...{ bound: "127.0.0.1", hosts: ["box.tail1.ts.net"], origins: ["https://box.tail1.ts.net"] },
    is: ["https://box.tail1.ts.net tailnet", "http://127.0.0.1:18789 here"],
  },
  {
    name: "a page of somebody else may connect, but does not serve ours",
    ...{ bound: "127.0.0.1", hosts: [], origins: ["https://elsewhere.example", "not an origin"] },
    is: ["http://127.0.0.1:18789 here"],
  },
  { name: "one address of IPv6", bound: "fd00::5", hosts: [], origins: [], is: ["http://[fd00::5]:18789 lan"] },
  {
    name: "a domain before all",
    ...{ bound: "0.0.0.0", hosts: ["gw.example.com"], origins: ["https://gw.example.com"] },
    is: [
      ...["https://gw.example.com anywhere", "http://100.101.1.2:18789 tailnet", "http://192.168.1.5:18789 lan"],
      "http://127.0.0.1:18789 here",
    ],
  },
];

for (const { name, bound, hosts, origins, is } of CASES) {
  test(`addresses of pages: ${name}`, () => {
    const ownOrigins = { scheme: "http", port: 18_789, hosts, allowedOrigins: origins } as const;

    const found = pageOrigins(ownOrigins, bound, OWN).map(({ origin, reach }) => `${origin} ${reach}`);

    assert.deepEqual(found, is);
  });
}

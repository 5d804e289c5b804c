import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bindHost } from "./own-addresses.ts";

const OWN = ["127.0.0.1", "192.168.1.2", "100.100.1.1"];

describe("the address to bind", () => {
  const CASES: readonly [bind: string, customBindHost: string | undefined, host: string][] = [
    ["loopback", undefined, "127.0.0.1"],
    ["auto", undefined, "127.0.0.1"],
    ["lan", undefined, "0.0.0.0"],
    ["tailnet", undefined, "100.100.1.1"],
    ["custom", "192.168.1.2", "192.168.1.2"],
    ["loopback", "192.168.1.2", "127.0.0.1"],
  ];
  for (const [bind, customBindHost, host] of CASES) {
    test(`is ${host} for ${bind}${customBindHost ? ` with ${customBindHost}` : ""}`, () =>
      assert.equal(bindHost({ bind, ...(customBindHost && { customBindHost }) }, OWN), host));
  }

  test("is never a wider one than was asked for: without a tailnet there is none", () =>
    assert.throws(() => bindHost({ bind: "tailnet" }, ["127.0.0.1", "192.168.1.2"]), {
      name: "StartError",
      message:
        "gateway.bind is tailnet but this host has no tailnet address; start Tailscale, or set gateway.bind to loopback.",
    }));

  test("must be named for custom", () =>
    assert.throws(() => bindHost({ bind: "custom" }, OWN), {
      name: "StartError",
      message: "gateway.bind is custom but gateway.customBindHost is not set; set it to the address to listen on.",
    }));
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proxyFor, useProxies } from "./proxy.ts";

const env = {
  HTTP_PROXY: "http://ada:secret@proxy.example:3128",
  HTTPS_PROXY: "secure.example:3129",
  NO_PROXY: "near.example, .inner.example,*.deep.example odd.example:8443",
};

describe("which proxy an address is asked for through", () => {
  const cases: [string, string | undefined][] = [
    ["http://far.example/x", "HTTP_PROXY http://proxy.example:3128"],
    ["https://far.example/x", "HTTPS_PROXY http://secure.example:3129"],
    ["wss://far.example/x", "HTTPS_PROXY http://secure.example:3129"],
    ["https://near.example", undefined],
    ["https://a.near.example", "HTTPS_PROXY http://secure.example:3129"],
    ["https://a.inner.example", undefined],
    ["https://a.deep.example", undefined],
    ["https://odd.example:8443", undefined],
    ["https://odd.example", "HTTPS_PROXY http://secure.example:3129"],
    ["http://127.0.0.1:11434/v1", undefined],
    ["http://localhost:11434/v1", undefined],
    ["http://[::1]:11434/v1", undefined],
  ];
  for (const [address, expected] of cases) {
    test(`${address}: ${expected ?? "none"}`, () => {
      using _proxies = useProxies(env, assert.fail);

      const proxy = proxyFor(address);

      assert.equal(proxy && `${proxy.variable} ${proxy.address}`, expected);
    });
  }
});

test("without a proxy in the environment nothing goes through one, and none outlives its gateway", () => {
  useProxies(env, assert.fail)[Symbol.dispose]();
  using _none = useProxies({}, assert.fail);

  assert.equal(proxyFor("https://far.example"), undefined);
});

test("small letters stand above capitals; what is no address is named and not used", () => {
  const told: string[] = [];
  using _proxies = useProxies(
    { http_proxy: "http://small.example:1", HTTP_PROXY: "http://large.example:1", HTTPS_PROXY: "socks5://x" },
    (sentence) => told.push(sentence),
  );

  assert.equal(proxyFor("http://far.example")?.address, "http://small.example:1");
  assert.equal(proxyFor("https://far.example"), undefined);
  assert.deepEqual(told, [
    "HTTPS_PROXY is not the address of an HTTP proxy and is not used; write it as http://host:port.",
  ]);
});

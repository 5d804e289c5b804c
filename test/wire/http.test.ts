// Plain HTTP on the gateway's port (protocol section 9, security: browser-facing surface).
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ignore } from "../../packages/gateway/src/base/errors.ts";
import { testGateway } from "../support/gateway.ts";

const gateway = await testGateway();
after(() => gateway[Symbol.asyncDispose]());

const ask = (path: string, init?: RequestInit) => fetch(`${gateway.httpUrl}${path}`, { redirect: "manual", ...init });

test("the page is served at / with the headers that keep it to itself", async () => {
  const response = await ask("/");

  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(response.headers.get("content-security-policy") ?? "", /script-src 'self'(;|$)/);
  assert.match(response.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.equal(response.headers.get("referrer-policy"), "no-referrer");
  assert.equal(response.headers.get("cache-control"), "private, no-cache");
});

test("the page has no script or style of its own in its text", async () => {
  const page = await (await ask("/")).text();

  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)[^>]*>/);
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
});

test("everything that the page names is there", async () => {
  const page = await (await ask("/")).text();
  const paths = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);

  const answers = await Promise.all(paths.map((path) => ask(path)));

  assert.ok(paths.length >= 2);
  assert.deepEqual(
    answers.map(({ status }) => status),
    paths.map(() => 200),
  );
});

test("the token is in no answer, whatever is asked for", async () => {
  const token = gateway.token!;
  const page = await (await ask("/")).text();
  const paths = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);

  for (const path of ["/", "/healthz", "/missing.js", "/ui", "/__moltbot__/canvas/", "/%zz", ...paths]) {
    const response = await ask(`${path}?token=${token}`, { headers: { Authorization: `Bearer ${token}` } });
    const whole = JSON.stringify([...response.headers]) + (await response.text());
    assert.ok(!whole.includes(token), path);
  }
});

test("a health check needs no sign-in and tells nothing", async () => {
  const paths = ["/healthz", "/health", "/livez", "/live", "/readyz", "/ready"];

  const answers = await Promise.all(paths.map(async (path) => await (await ask(path)).text()));

  assert.deepEqual(
    answers,
    paths.map(() => "ok"),
  );
});

const REFUSED: readonly [what: string, path: string, init: RequestInit, status: number][] = [
  ["a POST", "/", { method: "POST", body: "{}" }, 405],
  ["a DELETE", "/", { method: "DELETE" }, 405],
  ["a preflight", "/", { method: "OPTIONS", headers: { Origin: "http://evil.example.com" } }, 405],
  ["a missing file", "/missing.js", {}, 404],
  ["a hook where there are none", "/hooks/wake", { method: "POST", body: "{}" }, 404],
  ["a picture that no agent has", "/avatar/main?meta=1", {}, 404],
  ["a bad escape", "/%zz", {}, 400],
  ["a NUL", "/a%00b", {}, 400],
  ["an escaped back-slash", "/a%5cb", {}, 400],
  ["an escaped dot segment", "/a/%2e%2e%2fb", {}, 400],
  ["a dot file", "/.env", {}, 400],
];
for (const [what, path, init, status] of REFUSED) {
  test(`${what} is answered with ${status} and opens nothing to other origins`, async () => {
    const response = await ask(path, init);

    assert.equal(response.status, status);
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    await response.arrayBuffer();
  });
}

test("a switched-off page leaves the rest standing", async () => {
  await using bare = await testGateway({ config: "{ gateway: { controlUi: { enabled: false } } }" });

  const page = await fetch(`${bare.httpUrl}/`);
  const { hello } = await bare.connect();

  assert.equal(page.status, 503);
  assert.equal(hello.type, "hello-ok");
});

test("a header beyond all bounds ends the request", async () => {
  const response = await ask("/healthz", { headers: { "X-Big": "x".repeat(20_000) } }).catch((error: unknown) =>
    ignore(error, "the connection may be cut instead"),
  );

  assert.ok(response === undefined || response.status === 431);
  assert.equal((await ask("/healthz")).status, 200);
});

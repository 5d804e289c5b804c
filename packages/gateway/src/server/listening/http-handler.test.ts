import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, test } from "node:test";
import { decodePath } from "../../kit/http.ts";
import { HttpHandler } from "./http-handler.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-http-"));
writeFileSync(join(folder, "index.html"), "<!doctype html><title>page</title>");
writeFileSync(join(folder, "node.html"), "<!doctype html><title>node</title>");
writeFileSync(join(folder, "app-0123abcd4567.js"), "export {};");
writeFileSync(join(folder, "notes.secret"), "not for the web");
mkdirSync(join(folder, "icons"));
writeFileSync(join(folder, "icons", "i.svg"), "<svg/>");
symlinkSync("/etc", join(folder, "linked"));

const handler = new HttpHandler({ routes: [], webDir: folder });
const server = createServer((request, response) => void handler.handle(request, response));
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Asks for a path exactly as written, which `fetch` would tidy up. */
async function ask(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const { port } = server.address() as AddressInfo;
  const sent = httpRequest({ port, host: "127.0.0.1", path, agent: false, ...options }).end();
  const [response] = await once(sent, "response");
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe("files", () => {
  const FILES: readonly [path: string, type: string, cache: string, body: string][] = [
    ["/", "text/html; charset=utf-8", "private, no-cache", "<!doctype html><title>page</title>"],
    ["/index.html", "text/html; charset=utf-8", "private, no-cache", "<!doctype html><title>page</title>"],
    ["/chat/any-session?x=1", "text/html; charset=utf-8", "private, no-cache", "<!doctype html><title>page</title>"],
    ["/app-0123abcd4567.js", "text/javascript; charset=utf-8", "private, max-age=31536000, immutable", "export {};"],
    ["/icons/i.svg", "image/svg+xml", "private, no-cache", "<svg/>"],
  ];
  for (const [path, type, cache, body] of FILES) {
    test(`${path} is answered with ${type}`, async () => {
      const answer = await ask(path);

      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-type"], type);
      assert.equal(answer.headers["cache-control"], cache);
      assert.equal(answer.body, body);
    });
  }

  test("HEAD has the headers of GET and no body", async () => {
    const answer = await ask("/", { method: "HEAD" });

    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-length"], "34");
    assert.equal(answer.body, "");
  });

  test("the page of nodes alone may use cameras", async () => {
    const node = await ask("/node");
    const other = await ask("/");

    assert.equal(node.body, "<!doctype html><title>node</title>");
    assert.match(
      node.headers["permissions-policy"] ?? "",
      /^camera=\(self\), microphone=\(self\), geolocation=\(self\)/,
    );
    assert.match(String(node.headers["content-security-policy"]), /worker-src 'self'/);
    assert.match(other.headers["permissions-policy"] ?? "", /^camera=\(\), geolocation=\(\)/);
    assert.equal(node.headers["content-security-policy"], other.headers["content-security-policy"]);
  });

  test("a file that has not changed is not sent again", async () => {
    const { headers } = await ask("/");

    const again = await ask("/", { headers: { "If-None-Match": headers.etag! } });

    assert.equal(again.status, 304);
    assert.equal(again.body, "");
  });

  for (const path of [
    "/notes.secret",
    "/missing.js",
    "/linked/passwd.txt",
    "/ui",
    "/ui/x",
    "/api/x",
    "/hooks/wake",
    "/v1/x",
    "/tools/invoke",
    "/__moltbot__/canvas/",
  ])
    test(`${path} is not found`, async () => assert.equal((await ask(path)).status, 404));

  test("a page that has not been built says so", async () => {
    const empty = new HttpHandler({ routes: [], webDir: undefined });
    const other = createServer((request, response) => void empty.handle(request, response)).listen(0, "127.0.0.1");
    await once(other, "listening");

    const response = await fetch(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);

    assert.equal(response.status, 503);
    assert.equal(await response.text(), "WebChat has not been built; run `npm run build`.");
    other.close();
  });
});

describe("methods", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    test(`${method} is not allowed`, async () => {
      const answer = await ask("/", { method });

      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, "GET, HEAD");
      assert.equal(answer.body, "Method Not Allowed");
    });
  }
});

describe("paths that are refused", () => {
  const BAD = [
    "/../etc/passwd",
    "/..",
    "/icons/../../etc/passwd",
    "/./index.html",
    "/.git/config",
    "/icons/.hidden",
    "/%2e%2e/etc/passwd",
    "/%2e%2e%2fetc%2fpasswd",
    "/icons/%2e%2e/index.html",
    "/..%5c..%5cetc",
    "/a\\b",
    "/a%5cb",
    "/a%00b",
    "/%00",
    "/%",
    "/%zz",
    "/%E0%A4%A",
    "/%ff",
    "http://evil.example.com/",
    "*",
  ];
  for (const path of BAD) {
    test(`${path} is a bad request`, async () => {
      const answer = await ask(path);

      assert.equal(answer.status, 400);
      assert.equal(answer.body, "Bad Request");
    });
  }

  test("a path is decoded once only", () => assert.equal(decodePath("/%252e%252e"), "/%2e%2e"));
});

test("every answer has the security headers and allows no other origin", async () => {
  const answers = await Promise.all([
    ask("/"),
    ask("/missing.js"),
    ask("/%00"),
    ask("/", { method: "POST", headers: { Origin: "http://evil.example.com" } }),
  ]);

  for (const { headers } of answers) {
    const csp = headers["content-security-policy"] ?? "";
    assert.match(csp, /default-src 'none'/);
    assert.match(csp, /script-src 'self'(;|$)/);
    assert.match(csp, /frame-ancestors 'none'/);
    assert.doesNotMatch(csp, /unsafe/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["x-frame-options"], "DENY");
    assert.equal(headers["access-control-allow-origin"], undefined);
    assert.doesNotMatch(headers["cache-control"] ?? "", /public/);
  }
});

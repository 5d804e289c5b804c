// The canvas over raw sockets: every brand on both ports, what is served and what never is, and the limits of files.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { askRaw, canvasStage, Listener } from "../support/canvas.ts";
import { testGateway } from "../support/gateway.ts";

const stage = await canvasStage();
after(() => stage[Symbol.asyncDispose]());
const { gateway, port, root, write } = stage;

const NOT_SERVED = "the canvas's folder is not served any more";
const BRANDS = ["clawdbot", "moltbot", "openclaw"];
const PORTS = [
  ["its own port", port],
  ["the gateway's port", gateway.port],
] as const;

write("index.html", "<!doctype html><html><body><p>hello</p></body></html>");
write("style.css", "p { color: red }");
write("app.js", "export const one = 1;");
write("sub/index.html", "<p>sub</p>");
write("empty/readme.txt", "words");
write(".hidden", "secret words");
write(".git/config", "secret words");
write("data.unknown", "bytes");

for (const [where, at] of PORTS) {
  describe(`on ${where}`, () => {
    for (const brand of BRANDS) {
      test(`${brand}: the page has its type, a script for live reload, and is not cached`, async () => {
        const { status, headers, body } = await askRaw(at, `/__${brand}__/canvas/`);

        assert.equal(status, 200);
        assert.equal(headers["content-type"], "text/html; charset=utf-8");
        assert.equal(headers["cache-control"], "no-store");
        assert.equal(headers["x-content-type-options"], "nosniff");
        assert.equal(
          body,
          `<!doctype html><html><body><p>hello</p><script src="/__${brand}__/a2ui/canvas.js"></script></body></html>`,
        );
      });

      test(`${brand}: style sheets and scripts have their types`, async () => {
        const [css, js, other] = await Promise.all(
          ["style.css", "app.js", "data.unknown"].map((name) => askRaw(at, `/__${brand}__/canvas/${name}`)),
        );

        assert.deepEqual(
          [css, js, other].map((answer) => [answer?.status, answer?.headers["content-type"]]),
          [
            [200, "text/css; charset=utf-8"],
            [200, "text/javascript; charset=utf-8"],
            [200, "application/octet-stream"],
          ],
        );
      });

      test(`${brand}: the reload socket wants an upgrade, and opens with one`, async () => {
        const plain = await askRaw(at, `/__${brand}/ws`);
        using listener = await Listener.open(`ws://127.0.0.1:${at}/__${brand}/ws`);
        using underscored = await Listener.open(`ws://127.0.0.1:${at}/__${brand}__/ws`);

        assert.deepEqual([plain.status, plain.body], [426, "upgrade required"]);
        // A file that was written a moment ago may still be told of.
        const others = [...listener.received, ...underscored.received].filter((text) => text !== "reload");
        assert.deepEqual(others, []);
      });

      test(`${brand}: the A2UI area is there, and has no other files`, async () => {
        const other = await askRaw(at, `/__${brand}__/a2ui/other.js`);
        const redirected = await askRaw(at, `/__${brand}__/a2ui?platform=ios`);

        assert.equal(other.status, 404);
        assert.deepEqual([redirected.status, redirected.headers.location], [302, "a2ui/?platform=ios"]);
      });
    }

    test("paths that lead elsewhere are refused, and nothing of the files is in the answer", async () => {
      const attacks = [
        ...["%2e%2e/x", "../x", "..;/x", "..%2fx", "%2e%2e%2fx", "sub/%2e%2e/%2e%2e/x", "./index.html"],
        ...["..\\x", "%5c..%5cx", "x%00.html", "%00", "%zz", "%c0%ae%c0%ae/x", "%252e%252e/%252e%252e/etc/passwd"],
        ...[
          ".hidden",
          ".git/config",
          "sub/.hidden",
          "%2ehidden",
          "//etc/passwd",
          "sub//index.html",
          "index.html/",
          "a".repeat(256),
        ],
        ...[`${"d/".repeat(17)}x`, "link.html", "linked/passwd", "pipe", "hosts", "hard.txt"],
      ];
      for (const each of attacks) {
        const { status, body } = await askRaw(at, `/__moltbot__/canvas/${each}`);

        assert.ok(status >= 400 && status < 500, `${each}: ${status}`);
        assert.doesNotMatch(body, /secret|root:|localhost/);
      }
    });

    test("a head has no body, and the length of the page", async () => {
      const { status, headers, body } = await askRaw(at, "/__moltbot__/canvas/style.css", { method: "HEAD" });

      assert.deepEqual([status, headers["content-length"], body], [200, "16", ""]);
    });

    test("what is neither GET nor HEAD is told what is allowed", async () => {
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
        const { status, headers } = await askRaw(at, "/__moltbot__/canvas/", { method });

        assert.deepEqual([status, headers.allow], [405, "GET, HEAD"]);
      }
    });

    test("a folder is shown by its page, and one without says so", async () => {
      const [folder, withSlash, without, withoutSlash] = await Promise.all(
        ["sub", "sub/", "empty/", "empty"].map((path) => askRaw(at, `/__moltbot__/canvas/${path}`)),
      );

      assert.deepEqual([folder?.status, folder?.headers.location], [302, "sub/"]);
      assert.match(withSlash?.body ?? "", /^<p>sub<\/p><script/);
      assert.deepEqual([without?.status, without?.headers["content-type"]], [404, "text/html; charset=utf-8"]);
      assert.deepEqual([withoutSlash?.status, withoutSlash?.body], [404, "not found"]);
    });

    test("a path of sixteen names is served, one of seventeen is not", async () => {
      const [deep, tooDeep] = [`${"d/".repeat(15)}x.txt`, `${"d/".repeat(16)}x.txt`];
      write(deep, "deep");
      write(tooDeep, "too deep");

      const answers = await Promise.all([deep, tooDeep].map((path) => askRaw(at, `/__moltbot__/canvas/${path}`)));

      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 404],
      );
    });

    test("a file of more than 10 MiB is refused with a sentence", async () => {
      const { status, body } = await askRaw(at, "/__moltbot__/canvas/large.bin");

      assert.deepEqual([status, body], [413, "This file is larger than 10 MiB; the canvas does not serve it."]);
    });
  });
}

// What no request may reach.
symlinkSync("/etc/hosts", join(root, "hosts"));
symlinkSync(join(root, ".hidden"), join(root, "link.html"));
symlinkSync("/etc", join(root, "linked"));
linkSync(join(root, ".hidden"), join(root, "hard.txt"));
execFileSync("/bin/sh", ["-c", 'mkfifo "$1"', "sh", join(root, "pipe")]);
writeFileSync(join(root, "large.bin"), "");
truncateSync(join(root, "large.bin"), 10 * 1024 * 1024 + 1);

test("other paths are not there on the canvas's port, and other sockets are not opened", async () => {
  const page = await askRaw(port, "/");
  const health = await askRaw(port, "/healthz");

  assert.deepEqual([page.status, health.status], [404, 404]);
  await assert.rejects(Listener.open(`ws://127.0.0.1:${port}/`), /refused with 404/);
});

test("pages of agents run in a sandbox on the gateway's port, and not on the canvas's own", async () => {
  const [own, gateways] = await Promise.all(PORTS.map(([, at]) => askRaw(at, "/__moltbot__/canvas/")));

  assert.match(gateways?.headers["content-security-policy"] ?? "", /; sandbox allow-scripts allow-forms$/);
  assert.doesNotMatch(gateways?.headers["content-security-policy"] ?? "", /allow-same-origin|connect-src 'self'/);
  assert.doesNotMatch(own?.headers["content-security-policy"] ?? "", /sandbox/);
  for (const answer of [own, gateways]) {
    assert.match(answer?.headers["content-security-policy"] ?? "", /img-src 'self' data: blob:; .*form-action 'none'/);
    assert.equal(answer?.headers["x-frame-options"], undefined);
  }
});

test("a picture of the canvas is in the sandbox too: it may hold scripts", async () => {
  write("drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");

  const { headers } = await askRaw(gateway.port, "/__moltbot__/canvas/drawing.svg");

  assert.equal(headers["content-type"], "image/svg+xml");
  assert.match(headers["content-security-policy"] ?? "", /sandbox/);
});

test("WebChat may show the canvas's own origin in a frame, and the canvas lets it", async () => {
  const chat = await askRaw(gateway.port, "/");
  const page = await askRaw(port, "/__moltbot__/canvas/");

  assert.match(
    chat.headers["content-security-policy"] ?? "",
    new RegExp(`; frame-src 'self' http://127.0.0.1:${port};`),
  );
  assert.match(
    page.headers["content-security-policy"] ?? "",
    new RegExp(`frame-ancestors 'self' http://127.0.0.1:${gateway.port}`),
  );
});

test("a browser's page on the gateway's port gets an address by which its files let it in", async () => {
  const headers = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none" };

  const { status, headers: answered } = await askRaw(gateway.port, "/__moltbot__/canvas/?a=1", { headers });
  const { location = "" } = answered;
  const file = await askRaw(gateway.port, location.replace("?a=1", "style.css"), {
    headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", Origin: "null" },
  });

  assert.equal(status, 302);
  assert.match(location, /^\/__openclaw__\/cap\/[\w-]{24}\/__moltbot__\/canvas\/\?a=1$/);
  assert.equal(file.status, 200);
});

test("a root without a page shows where to put one", async () => {
  await using empty = await canvasStage();

  const { status, body } = await askRaw(empty.port, "/__moltbot__/canvas/");

  assert.equal(status, 200);
  assert.match(body, /moltbot canvas path/);
});

test("a root with too many files is not served, and says so", async () => {
  await using crowded = await canvasStage();
  mkdirSync(join(crowded.root, "many"));
  for (let index = 0; index <= 5_000; index++) writeFileSync(join(crowded.root, "many", `${index}.txt`), "");
  await crowded.gateway.logged(NOT_SERVED);

  const { status, body } = await askRaw(crowded.port, "/__moltbot__/canvas/many/1.txt");
  const admin = await crowded.gateway.connect({ scopes: ["operator.admin"] });
  const { problems } = await admin.call("canvas.status");

  assert.deepEqual(
    [status, body],
    [503, "The canvas is not served: the canvas's folder holds more than 5000 files; keep fewer there."],
  );
  assert.deepEqual(problems, ["the canvas's folder holds more than 5000 files; keep fewer there"]);
});

test("a root with too many bytes is not served", async () => {
  await using crowded = await canvasStage();
  writeFileSync(join(crowded.root, "film.mp4"), "");
  truncateSync(join(crowded.root, "film.mp4"), 200 * 1024 * 1024 + 1);
  crowded.write("index.html", "x");
  await crowded.gateway.logged(NOT_SERVED);

  const { status, body } = await askRaw(crowded.port, "/__moltbot__/canvas/");

  assert.equal(status, 503);
  assert.match(body, /holds more than 200 MiB/);
});

test("a root with too many folders is not served", async () => {
  await using crowded = await canvasStage();
  for (let index = 0; index <= 500; index++) mkdirSync(join(crowded.root, `${index}`));
  await crowded.gateway.logged(NOT_SERVED);

  const { status, body } = await askRaw(crowded.port, "/__moltbot__/canvas/");

  assert.equal(status, 503);
  assert.match(body, /holds more than 500 folders/);
});

test("switched off, nothing is served on any port, and clients are told of no address", async () => {
  await using off = await canvasOff({ canvasHost: { enabled: false } });
  await using skipped = await canvasOff({}, { MOLTBOT_SKIP_CANVAS_HOST: "1" });

  for (const each of [off, skipped]) {
    const client = await each.connect({ scopes: ["operator.admin"] });
    const { status } = await askRaw(each.port, "/__moltbot__/canvas/");

    assert.deepEqual([status, client.hello.canvasHostUrl], [404, undefined]);
    assert.equal((await client.call("canvas.status")).enabled, false);
    assert.match((await client.request("canvas.open")).error?.message ?? "", /set canvasHost.enabled to true/);
  }
});

test("a port that is taken ends no start: the log and the status say so, and the gateway's port serves the canvas", async () => {
  await using second = await testGateway({ config: JSON.stringify({ canvasHost: { port } }) });

  const { fields } = await second.logged("the canvas has no port of its own; it is served on the gateway's");
  const client = await second.connect({ scopes: ["operator.admin"] });
  const { problems } = await client.call("canvas.status");
  const { status } = await askRaw(second.port, "/__moltbot__/canvas/");

  assert.match(String(fields.why), new RegExp(`^Port ${port} is taken`));
  assert.match(problems[0], /set canvasHost.port to a free one/);
  assert.equal(status, 200);
  assert.match(client.hello.canvasHostUrl, new RegExp(`^http://127.0.0.1:${second.port}/__openclaw__/cap/`));
});

async function canvasOff(config: object, env: Readonly<Record<string, string>> = {}) {
  return await testGateway({ config: JSON.stringify(config), env });
}

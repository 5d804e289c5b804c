// Files and messages of a canvas that mean harm: links that are swapped while they are read, odd names, deep and huge messages.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { askRaw, canvasStage } from "../support/canvas.ts";

const stage = await canvasStage();
after(() => stage[Symbol.asyncDispose]());
const { gateway, port, root, write } = stage;
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
const SECRET = "the-secret-of-another-folder";
const outside = join(root, "..", "outside");
mkdirSync(outside);
writeFileSync(join(outside, "page.html"), SECRET);

const get = (path: string, headers: Record<string, string> = {}) =>
  askRaw(port, `/__moltbot__/canvas/${path}`, { headers });

describe("files", () => {
  test("a file, a folder and a link that change places while they are read never give what is outside", async () => {
    write("swap/page.html", "inside");
    const folder = join(root, "swap");
    const aside = join(root, "..", "aside");
    const link = join(root, "..", "link");
    symlinkSync(outside, link);
    let isOver = false;
    const swapping = (async () => {
      while (!isOver) {
        renameSync(folder, aside);
        renameSync(link, folder);
        await new Promise((resolve) => setImmediate(resolve));
        renameSync(folder, link);
        renameSync(aside, folder);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();

    const answers = await Promise.all(Array.from({ length: 200 }, () => get("swap/page.html")));
    isOver = true;
    await swapping;

    assert.ok(answers.every(({ body }) => !body.includes(SECRET)));
    assert.ok(answers.some(({ status }) => status === 200));
    assert.ok(
      answers.every(({ status }) => status === 200 || status === 404),
      JSON.stringify(answers.map(({ status }) => status)),
    );
  });

  test("pipes, sockets and devices are not there, and hold nobody up", async () => {
    execFileSync("mkfifo", [join(root, "pipe.html")]);
    symlinkSync("/dev/zero", join(root, "zero.html"));
    symlinkSync("/proc/self/environ", join(root, "environ.txt"));

    const answers = [await get("pipe.html"), await get("zero.html"), await get("environ.txt")];

    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404, 404],
    );
    for (const name of ["pipe.html", "zero.html", "environ.txt"]) rmSync(join(root, name));
  });

  test("a path is decoded once: what stays encoded is a name", async () => {
    write("plain.html", "plain");
    writeFileSync(join(root, "..", "above.html"), SECRET);
    const paths = [
      ...[
        "..%2fabove.html",
        "%2e%2e%2fabove.html",
        "%252e%252e%252fabove.html",
        "..%252fabove.html",
        "..%5cabove.html",
      ],
      ...["plain.html%00.css", "plain.html%2f..%2f..%2fabove.html", "%c0%ae%c0%ae/above.html", "%ff", "%", "%E0%A4%A"],
      ...[
        "PLAIN.HTML",
        "plain.html.",
        "plain.html%20",
        "plain.html::$DATA",
        "plain.html/",
        "plain.html/x",
        ".%2fplain.html",
      ],
      ...["con", "~root/plain.html", "//above.html", "..;/above.html", `${"a".repeat(256)}.html`, "x/".repeat(17)],
    ];

    const answers = await Promise.all(paths.map((path) => get(path)));

    assert.deepEqual(
      answers.flatMap(({ status, body }, at) =>
        status >= 400 && status < 500 && !body.includes(SECRET) ? [] : [paths[at]],
      ),
      [],
    );
  });

  test("names in every script and with every sign are served under their own names", async () => {
    const names = [
      "größe.html",
      "日本.html",
      "a b.html",
      "a&b.html",
      "50%.html",
      "quote'\".html",
      "semi;colon.html",
      "שלום.html",
      "emoji🦞.html",
    ];
    for (const name of names) write(name, name);

    const answers = await Promise.all(names.map((name) => get(encodeURIComponent(name))));

    assert.deepEqual(
      answers.map(({ status }) => status),
      names.map(() => 200),
    );
    for (const { headers } of answers) assert.equal(headers["content-type"], "text/html; charset=utf-8");
  });

  test("a range is answered with the whole, and a nonsense one too", async () => {
    write("film.txt", "0123456789");
    const ranges = [
      "bytes=2-4",
      "bytes=-1",
      "bytes=5-1",
      "bytes=0-0,2-3,4-5",
      `bytes=${"0-1,".repeat(500)}`,
      "lines=1",
    ];

    const answers = await Promise.all(ranges.map((Range) => get("film.txt", { Range })));

    for (const { status, body } of answers) assert.deepEqual([status, body], [200, "0123456789"]);
  });

  test("no address goes along to other sites, and pages are no openers of each other", async () => {
    write("page.html", "<p>page</p>");
    const { url } = await admin.call("canvas.open", { path: "page.html" });
    const page = await askRaw(port, new URL(url).pathname);
    const missing = await askRaw(port, `${new URL(url).pathname}x`);
    const token = /cap\/([\w-]{24})/.exec(url)?.[1] ?? "";

    for (const { headers } of [page, missing]) {
      assert.equal(headers["referrer-policy"], "no-referrer");
      assert.equal(headers["cache-control"], "no-store");
    }
    assert.ok(!missing.body.includes(token));
    assert.ok(!JSON.stringify(gateway.log).includes(token));
    assert.ok(!JSON.stringify(await admin.call("canvas.history")).includes(token));
  });
});

describe("messages", () => {
  const CATALOG = "https://a2ui.org/specification/v0_9/catalogs/basic/catalog.json";
  const nine = (message: object) => ({ version: "v0.9", ...message });
  const drawn = (components: unknown[]) => [
    nine({ createSurface: { surfaceId: "h", catalogId: CATALOG } }),
    nine({ updateComponents: { surfaceId: "h", components } }),
  ];
  const button = (url: string) => [
    { id: "root", component: "Button", child: "t", action: { functionCall: { call: "openUrl", args: { url } } } },
    { id: "t", component: "Text", text: "Go" },
  ];

  test("addresses that run something are refused, however they are written", async () => {
    const urls = [
      "javascript:alert(1)",
      " javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "java\tscript:alert(1)",
      "data:text/html,<script>1</script>",
      "vbscript:x",
      "file:///etc/passwd",
      "blob:x",
      "//evil.example",
      "intent://x",
      "moltbot://agent?message=x",
    ];

    const answers = await Promise.all(
      urls.map((url) => admin.request("canvas.push", { messages: drawn(button(url)) })),
    );

    assert.deepEqual(
      answers.flatMap(({ ok }, at) => (ok ? [urls[at]] : [])),
      [],
    );
    for (const { error } of answers)
      assert.match(error?.message ?? "", /must open an address that begins with https:\/\/ or http:\/\//);
  });

  test("what is deep, shows itself or is huge is refused in words, and the screen stays", async () => {
    const levels = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
    const chain = Array.from({ length: 100 }, (_, at) => ({
      id: at === 0 ? "root" : `c${at}`,
      component: "Card",
      child: `c${at + 1}`,
    }));
    const tries: unknown[] = [
      drawn([
        { id: "root", component: "Card", child: "a" },
        { id: "a", component: "Card", child: "root" },
      ]),
      drawn([...chain, { id: "c100", component: "Text", text: "deep" }]),
      [...drawn([]), nine({ updateDataModel: { surfaceId: "h", value: levels(1_000) } })],
      drawn([{ id: "root", component: "Text", text: "x".repeat(100_000) }]),
      drawn(Array.from({ length: 2_001 }, (_, at) => ({ id: `c${at}`, component: "Text", text: "x" }))),
      [...drawn([]), nine({ updateDataModel: { surfaceId: "h", path: "/__proto__/x", value: 1 } })],
      [nine({ createSurface: { surfaceId: "../../x", catalogId: CATALOG } })],
      [nine({ createSurface: { surfaceId: "h", catalogId: "https://evil.example/catalog.json" } })],
      [null],
      [[]],
      ["text"],
      [{}],
      [{ version: "v0.9" }],
    ];

    const answers = [];
    for (const messages of tries) answers.push(await admin.request("canvas.push", { messages: messages as unknown[] }));
    const { surfaces } = await admin.call("canvas.replay");

    for (const [at, { ok, error }] of answers.entries()) {
      assert.equal(ok, false, JSON.stringify(tries[at])?.slice(0, 100));
      assert.ok((error?.message.length ?? 0) < 1_000);
      assert.doesNotMatch(error?.message ?? "", /RangeError|undefined|at \w+ \(/);
    }
    assert.deepEqual(surfaces, []);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../../packages/gateway/src/base/time/clock.ts";
import { readPageInSubprocess } from "../../packages/gateway/src/slices/agent/agent/tools/web/page-reader.ts";
import { type Site, site } from "../fakes/site.ts";
import { longestTurnMs } from "../support/cpu-time.ts";
import { framesIn, plainIn } from "../support/frames.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { type ToolStage, toolStage } from "./tool-stage.ts";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const ARTICLE = `<html><head><title>On  tea</title></head><body>
  <nav><a href="/menu">Menu</a></nav>
  <article><h2>Brewing</h2>
  <p>Tea is made of <b>leaves</b>; see <a href="../leaves?x=1">which ones</a>. ${"It takes a little patience, and water. ".repeat(10)}</p>
  <table><tr><th>Kind</th><th>Minutes</th></tr><tr><td>Green</td><td>2</td></tr></table>
  <p><a href="javascript:alert(1)">Press</a> ${"And a pot that has been warmed before. ".repeat(5)}</p>
  </article><script>alert("never")</script><footer>About us</footer></body></html>`;

const PAGES: Readonly<Record<string, readonly [type: string, body: string | Buffer]>> = {
  "/tea/brewing": ["text/html; charset=utf-8", ARTICLE],
  "/latin": ["text/html", Buffer.from('<meta charset="iso-8859-1"><p>Thé vert</p>', "latin1")],
  "/data.json": ["application/json", '{"a":[1,2]}'],
  "/deep.json": ["application/json", `${"[".repeat(4_000) + "1,".repeat(40_000)}1${"]".repeat(4_000)}`],
  "/deeper.json": ["application/json", "[".repeat(93_000) + "]".repeat(93_000)],
  "/objects.json": [
    "application/json",
    '{"a":'.repeat(3_000) + JSON.stringify(Array(50_000).fill(0)) + "}".repeat(3_000),
  ],
  "/long.json": ["application/json", JSON.stringify(Array(400_000).fill(12))],
  "/notes.txt": ["text/plain", "0123456789".repeat(30)],
  "/paper.pdf": ["application/pdf", "%PDF-1.7 ..."],
  "/unnamed": ["", PNG],
  "/program": ["text/html", Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(200)])],
};

async function home(): Promise<Site> {
  return await site(({ path }, response) => {
    const page = PAGES[path];
    if (path === "/away") response.writeHead(302, { location: "http://192.168.0.1/" }).end();
    else if (path === "/moved") response.writeHead(301, { location: "/notes.txt" }).end();
    else if (!page) response.writeHead(404).end("no");
    else response.writeHead(200, page[0] === "" ? {} : { "content-type": page[0] }).end(page[1]);
  });
}

async function stageFor(server: Site): Promise<ToolStage> {
  return await toolStage({ tools: { web: { allowPrivateHosts: [server.host] } } });
}

describe("web_fetch", () => {
  for (const path of ["/deep.json", "/deeper.json", "/objects.json", "/long.json"]) {
    test(`does not hold the gateway with ${path}`, async () => {
      await using server = await home();
      await using stage = await stageFor(server);

      let told = "";
      const ms = await longestTurnMs(async () => {
        told = await stage.use("web_fetch", { url: `${server.url}${path}` });
      });

      assert.match(told, /application\/json, characters 0 to/);
      assert.ok(ms < 2_000, `${ms} ms`);
    });
  }

  test("shows a page's article as Markdown with whole links, and marks it as text from outside", async () => {
    await using server = await home();
    await using stage = await stageFor(server);

    const told = await stage.use("web_fetch", { url: `${server.url}/tea/brewing` });

    assert.match(
      told,
      /^On tea\nhttp:\S+\/tea\/brewing \(text\/html, \d+ characters\)\n\n## Brewing\n\nTea is made of \*\*leaves\*\*/,
    );
    assert.ok(told.includes(`[which ones](${server.url}/leaves?x=1)`));
    assert.ok(told.includes("| Kind | Minutes |\n| Green | 2 |"));
    assert.doesNotMatch(told, /alert|Menu|About us/);
    const { messages } = stage.model.requests.at(-1)!.body as { messages: { content: string }[] };
    const [frame, ...others] = framesIn(messages.at(-1)!.content);
    assert.equal(frame!.about, "answer of the tool web_fetch");
    assert.deepEqual(others, []);
    assert.equal(plainIn(messages.at(-1)!.content), "");
    assert.ok(messages[0]!.content.includes(`mark in this run is ${frame!.mark}`));
  });

  test("shows text, the page as it is sent, JSON in lines, and other encodings", async () => {
    await using server = await home();
    await using stage = await stageFor(server);
    const fetch = async (path: string, more: object = {}) =>
      (await stage.use("web_fetch", { url: `${server.url}${path}`, ...more })).split("\n\n").slice(1).join("\n\n");

    assert.match(
      await fetch("/tea/brewing", { format: "text" }),
      /^Brewing\n+ ?Tea is made of leaves; see which ones\./,
    );
    assert.equal(await fetch("/tea/brewing", { format: "raw" }), ARTICLE);
    assert.equal(await fetch("/data.json"), '{\n  "a": [\n    1,\n    2\n  ]\n}');
    assert.equal(await fetch("/latin"), "Thé vert");
  });

  test("gives long texts in pieces and says where the next begins", async () => {
    await using server = await home();
    await using stage = await stageFor(server);

    const told = await stage.use("web_fetch", { url: `${server.url}/moved`, maxChars: 100, offset: 100 });

    assert.equal(
      told,
      `${server.url}/notes.txt (text/plain, characters 100 to 200 of 300)\n\n${"0123456789".repeat(10)}\n` +
        "[100 characters more; ask again with offset 200]",
    );
  });

  test("shows pictures as pictures, whatever the server calls them", async () => {
    await using server = await home();
    await using stage = await stageFor(server);

    const told = await stage.use("web_fetch", { url: `${server.url}/unnamed` });

    assert.match(told, /\/unnamed \(image\/png, \d+ bytes\)/);
    assert.ok(JSON.stringify(stage.model.requests.at(-1)!.body).includes(PNG.toString("base64")));
  });

  test("refuses files that are no text with their type and size, and says what a server answered", async () => {
    await using server = await home();
    await using stage = await stageFor(server);
    const fetch = async (path: string) => await stage.use("web_fetch", { url: `${server.url}${path}` });

    assert.match(await fetch("/paper.pdf"), /sent a file that cannot be read as text \(application\/pdf, 12 bytes\)$/);
    assert.match(await fetch("/program"), /cannot be read as text \(application\/x-elf, 204 bytes\)$/);
    assert.match(await fetch("/nowhere"), /answered 404$/);
  });

  test("reaches nothing within the network, by itself or by a redirect", async () => {
    await using server = await home();
    await using stage = await stageFor(server);
    const refused = "web_fetch: the address cannot be fetched: the address is not on the public internet";

    assert.equal(await stage.use("web_fetch", { url: `${server.url}/away` }), refused);
    assert.equal(await stage.use("web_fetch", { url: "http://169.254.169.254/latest/meta-data" }), refused);
    assert.equal(await stage.use("web_fetch", { url: `http://127.0.0.1:${stage.gateway.port}/` }), refused);
    assert.equal(await stage.use("web_fetch", { url: `${server.url.replace("127.0.0.1", "0x7f.1")}/away` }), refused);
  });
});

describe("a page that is made to be heavy", () => {
  for (const [name, html] of [
    ["nested hundreds of thousands deep", "<div>".repeat(300_000)],
    ["of a million broken tags", "<a ".repeat(1_000_000)],
    ["of hundreds of thousands of paragraphs", "<p>words</p>".repeat(300_000)],
    ["of tables within tables", "<table><tr><td>".repeat(50_000)],
  ] as const) {
    test(`${name} does not hold up the gateway`, async () => {
      const task = {
        bytes: Buffer.from(html),
        charset: undefined,
        url: "https://example.org/",
        format: "markdown",
      } as const;

      const ms = await longestTurnMs(() =>
        readPageInSubprocess(task, { clock: systemClock, signal: AbortSignal.timeout(LIMIT_MS), limitMs: LIMIT_MS }),
      );

      assert.ok(ms < 300, `the loop stood still for ${ms} ms`);
    });
  }

  test("is given up when the time is over, and when the run is stopped", async () => {
    const task = {
      bytes: Buffer.from("<p>hi"),
      charset: undefined,
      url: "https://example.org/",
      format: "text",
    } as const;
    const stop = new AbortController();
    const reading = readPageInSubprocess(task, { clock: systemClock, signal: stop.signal });
    stop.abort(new Error("stopped"));

    await assert.rejects(reading, { message: "stopped" });
    await assert.rejects(
      readPageInSubprocess(task, { clock: systemClock, signal: new AbortController().signal, limitMs: 1 }),
      {
        message: "the page is too large or too deep to read; ask for format raw",
      },
    );
  });
});

const ANSWERS: Readonly<Record<string, unknown>> = {
  brave: {
    web: {
      results: [
        { title: "Tea", url: "https://tea.example", description: "All about <strong>tea</strong>", age: "2 days ago" },
      ],
    },
  },
  tavily: {
    results: [{ title: "Tea", url: "https://tea.example", content: "All about tea", published_date: "2 days ago" }],
  },
  exa: {
    results: [{ title: "Tea", url: "https://tea.example", text: "All about\n tea", publishedDate: "2 days ago" }],
  },
  serper: { organic: [{ title: "Tea", link: "https://tea.example", snippet: "All about tea", date: "2 days ago" }] },
  searxng: {
    results: [
      { title: "Tea", url: "https://tea.example", content: "All about tea", publishedDate: "2 days ago" },
      { url: "javascript:alert(1)" },
    ],
  },
};

describe("web_search", () => {
  for (const [provider, path, key] of [
    ["brave", "/res/v1/web/search?q=green+tea&count=3", { "x-subscription-token": "key-1234567" }],
    ["tavily", "/search", { authorization: "Bearer key-1234567" }],
    ["exa", "/search", { "x-api-key": "key-1234567" }],
    ["serper", "/search", { "x-api-key": "key-1234567" }],
    ["searxng", "/search?q=green+tea&format=json", {}],
  ] as const) {
    test(`asks ${provider} and shows what it found`, async () => {
      await using server = await site((_asked, response) => response.end(JSON.stringify(ANSWERS[provider])));
      const search = { provider, apiKey: "key-1234567", baseUrl: `${server.url}/` };
      await using stage = await toolStage({ tools: { web: { search } } });

      const told = await stage.use("web_search", { query: "green tea", count: 3 });

      assert.equal(told, "1. Tea (2 days ago)\n   https://tea.example\n   All about tea");
      const [asked] = server.asked;
      assert.equal(asked?.path, path);
      assert.deepEqual({ ...asked?.headers, ...key }, asked?.headers);
      assert.equal(asked?.method, asked?.body === "" ? "GET" : "POST");
    });
  }

  test("is not offered until a key is there; then by its environment variable alone", async () => {
    await using without = await toolStage();
    await without.use("sessions_list");
    await using server = await site((_asked, response) => response.end(JSON.stringify(ANSWERS.searxng)));
    await using stage = await toolStage({}, { env: { SEARXNG_URL: server.url } });

    assert.ok(!without.offered().includes("web_search"));
    const { tools } = await without.client.call("tools.list", {});
    assert.deepEqual(
      tools.find(({ name }: { name: string }) => name === "web_search").why,
      "no search provider is set up; set BRAVE_API_KEY, TAVILY_API_KEY, EXA_API_KEY, SERPER_API_KEY, SEARXNG_URL, or tools.web.search",
    );
    assert.match(await stage.use("web_search", { query: "tea" }), /https:\/\/tea\.example/);
  });

  test("says what to set when the key is refused, and what went wrong otherwise", async () => {
    const answers = [
      { status: 401, body: "{}" },
      { status: 429, body: "{}" },
      { status: 200, body: "<html>" },
      { status: 200, body: "[]" },
    ];
    await using server = await site((_asked, response) => {
      const { status, body } = answers.shift()!;
      response.writeHead(status).end(body);
    });
    const search = { provider: "brave", apiKey: "key-1234567", baseUrl: server.url };
    await using stage = await toolStage({ tools: { web: { search } } });
    const ask = async () => await stage.use("web_search", { query: "tea" });

    assert.deepEqual(
      [await ask(), await ask(), await ask(), await ask()],
      [
        "web_search: Brave Search cannot be asked: it refuses the key; set tools.web.search.apiKey or BRAVE_API_KEY",
        "web_search: Brave Search cannot be asked: it has been asked too often; try again later",
        "web_search: Brave Search cannot be asked: its answer is not JSON",
        "Brave Search found nothing.",
      ],
    );
  });
});

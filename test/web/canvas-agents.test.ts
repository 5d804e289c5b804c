// Pages of two agents in a real browser: each has its own files, and reaches neither files nor screens of the other.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startBrowser } from "../support/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { untilTrue } from "../support/in-page.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-canvas-fence-"));
const workspace = (id: string) => join(folder, id);
const ids = ["main", "work"];
const list = ids.map((id) => ({ id, workspace: workspace(id), ...(id === "main" && { default: true }) }));
const browser = await startBrowser();
const gateway = await testGateway({ config: JSON.stringify({ agents: { list } }) });
after(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});
const { fields } = await gateway.logged("the canvas listens");
const port = Number(fields.port);
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });

const PIXEL = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
/** A page that tries to load everything of its own agent and of the other, and says in its title what came. */
const pageOf = (own: string, others: readonly string[], session: string) => `<!doctype html><p>x</p><script>
const came = [];
const refused = [];
const load = (name, element, url) => new Promise((resolve) => {
  element.onload = () => { came.push(name); resolve(); };
  element.onerror = resolve;
  element[element.tagName === "LINK" ? "href" : "src"] = url;
  if (element.tagName === "LINK") element.rel = "stylesheet";
  document.head.append(element);
});
const make = (name) => document.createElement(name);
const attempt = (name, work) => Promise.resolve().then(work).then((ok) => ok && came.push(name)).catch((refusal) => refused.push(refusal));
const all = (whose, base) => [
  load(whose + " script", make("script"), base + "part.js"),
  load(whose + " style", make("link"), base + "part.css"),
  load(whose + " picture", make("img"), base + "part.svg"),
  attempt(whose + " text", () => fetch(base + "part.js").then((answer) => answer.ok)),
];
const watches = new Promise((resolve) => {
  const socket = new WebSocket(location.origin === "null" ? document.baseURI.replace(/^http/, "ws").replace(/canvas\\/.*$/, "a2ui/ws?session=${session}")
    : "ws://" + location.host + "/__moltbot__/a2ui/ws?session=${session}");
  socket.onopen = () => { came.push("other screen"); resolve(); };
  socket.onerror = resolve;
});
const bases = ${JSON.stringify(others)}.flatMap((base) => [base, location.pathname.replace(/canvas\\/.*$/, "canvas/") + base.replace(/^.*canvas\\//, "")]);
Promise.all([watches, ...all("own", ${JSON.stringify(own)}), ...bases.flatMap((base) => all("other", base))])
  .then(() => { document.title = "done " + came.sort().join(", "); });
</script>`;
for (const [id, other, others] of [
  ["main", "work", ["/__moltbot__/canvas/~work/"]],
  ["work", "main", ["/__moltbot__/canvas/", "/__moltbot__/canvas/~main/"]],
] as const) {
  const canvas = join(workspace(id), "canvas");
  mkdirSync(canvas, { recursive: true });
  writeFileSync(join(canvas, "page.html"), pageOf("", others, encodeURIComponent(`agent:${other}:main`)));
  writeFileSync(join(canvas, "part.js"), `window.secretOf_${id} = "${id}";`);
  writeFileSync(join(canvas, "part.css"), "p { color: red }");
  writeFileSync(join(canvas, "part.svg"), PIXEL);
}

async function titleOf(url: string): Promise<string> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await untilTrue(page, "document.title.startsWith('done')");
    return await page.title();
  } finally {
    await context.close();
  }
}

const PARTS = "own picture, own script, own style";

for (const [where, at] of [
  ["the canvas's own port", port],
  ["the gateway's port", gateway.port],
] as const) {
  test(`on ${where} a page of the default agent reaches its own files and none of the other agent`, async () => {
    const title = await titleOf(`http://127.0.0.1:${at}/__moltbot__/canvas/page.html`);

    assert.equal(title, `done ${PARTS}${at === port ? ", own text" : ""}`);
  });

  test(`on ${where} a page of another agent reaches its own files and none of the default one`, async () => {
    const title = await titleOf(`http://127.0.0.1:${at}/__moltbot__/canvas/~work/page.html`);

    assert.equal(title, `done ${PARTS}`);
  });
}

test("under an address that opens all, each page gets one of its own", async () => {
  const { hello } = await gateway.connect({ protocol: 4, scopes: ["operator.read"] });
  const base = hello.pluginSurfaceUrls.canvas;

  const titles = [
    await titleOf(`${base}/__moltbot__/canvas/page.html`),
    await titleOf(`${base}/__moltbot__/canvas/~work/page.html`),
    await titleOf((await admin.call("canvas.open", { path: "page.html" })).url),
    await titleOf((await admin.call("canvas.open", { sessionKey: "agent:work:main", path: "page.html" })).url),
  ];

  assert.deepEqual(titles, [`done ${PARTS}, own text`, `done ${PARTS}`, `done ${PARTS}, own text`, `done ${PARTS}`]);
});

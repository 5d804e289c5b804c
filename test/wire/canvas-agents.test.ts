// Each agent has pages of its own; conversations that are deleted take what they drew with them.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { LAMPS } from "../../packages/a2ui/src/samples.ts";
import { askRaw, Listener } from "../support/canvas.ts";
import { testGateway } from "../support/gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "moltbot-canvas-agents-"));
const workspace = (id: string) => join(folder, id);
const gateway = await testGateway({
  config: JSON.stringify({
    agents: {
      list: [
        { id: "main", default: true, workspace: workspace("main") },
        { id: "work", workspace: workspace("work") },
      ],
    },
  }),
});
after(() => gateway[Symbol.asyncDispose]());
const { fields } = await gateway.logged("the canvas listens");
const port = Number(fields.port);
const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
for (const id of ["main", "work"]) {
  mkdirSync(join(workspace(id), "canvas"), { recursive: true });
  writeFileSync(join(workspace(id), "canvas", "week.html"), `<p>week of ${id}</p>`);
  writeFileSync(join(workspace(id), "canvas", `${id}.css`), "p {}");
}

test("pages of an agent are served under its name, in a sandbox that shuts them off from those of others", async () => {
  const own = await askRaw(port, "/__moltbot__/canvas/week.html");
  const work = await askRaw(port, "/__moltbot__/canvas/~work/week.html");
  const style = await askRaw(port, "/__clawdbot__/canvas/~work/work.css");
  const bare = await askRaw(port, "/__moltbot__/canvas/~work");
  const others = [
    await askRaw(port, "/__moltbot__/canvas/work.css"),
    await askRaw(port, "/__moltbot__/canvas/~work/main.css"),
    await askRaw(port, "/__moltbot__/canvas/~nobody/week.html"),
    await askRaw(port, "/__moltbot__/canvas/~work/../../main/canvas/week.html"),
    await askRaw(port, "/__moltbot__/canvas/~work/%2e%2e/week.html"),
    await askRaw(port, "/__moltbot__/canvas/~/week.html"),
    await askRaw(port, "/__moltbot__/canvas/~main/week.html"),
  ];

  assert.match(own.body, /week of main/);
  assert.match(work.body, /week of work/);
  assert.equal(style.headers["content-type"], "text/css; charset=utf-8");
  assert.equal(bare.status, 404);
  assert.deepEqual(
    others.map(({ status }) => status),
    [404, 404, 404, 400, 400, 404, 404],
  );
  assert.doesNotMatch(own.headers["content-security-policy"] ?? "", /sandbox/);
  assert.match(work.headers["content-security-policy"] ?? "", /sandbox allow-scripts allow-forms/);
});

test("a browser that follows a link to another agent's page gets an address of its own for it", async () => {
  const headers = { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none" };
  const first = await askRaw(port, "/__moltbot__/canvas/~work/week.html", { headers });
  const page = await askRaw(port, first.headers.location ?? "", { headers });

  assert.match(
    first.headers.location ?? "",
    /^\/__openclaw__\/cap\/[\w-]{24}\/__moltbot__\/canvas\/~work\/week\.html$/,
  );
  assert.match(page.body, /week of work/);
});

test("addresses of a conversation lead to the pages of its agent, which reload as its files change", async () => {
  const opened = await admin.call("canvas.open", { sessionKey: "agent:work:main", path: "week.html" });
  const main = await admin.call("canvas.open", { path: "week.html" });
  const { path } = await admin.call("canvas.status", { agentId: "work" });
  const unknown = await admin.request("canvas.status", { agentId: "nobody" });
  using listener = await Listener.open(`ws://127.0.0.1:${port}/__moltbot/ws`);
  writeFileSync(join(workspace("work"), "canvas", "week.html"), "<p>next week</p>");
  await listener.message(0);
  const page = await askRaw(port, new URL(opened.url).pathname);
  const told = admin.nextOf("canvas.changed");
  const { payload } = await told;
  const { entries } = await admin.call("canvas.history", { sessionKey: "agent:work:main" });
  await admin.call("canvas.undo", { sessionKey: "agent:work:main" });
  const undone = await askRaw(port, new URL(opened.url).pathname);

  assert.match(opened.url, /\/canvas\/~work\/week\.html$/);
  assert.match(main.url, /\/canvas\/week\.html$/);
  assert.equal(path, join(workspace("work"), "canvas"));
  assert.match(unknown.error?.message ?? "", /unknown agent id "nobody"; there are main, work/);
  assert.match(page.body, /next week/);
  assert.deepEqual([payload.sessionKey, payload.kind, payload.path], ["agent:work:main", "edit", "week.html"]);
  assert.deepEqual(
    entries.map(({ path: file, author }: { path: string; author: string }) => [file, author]),
    [["week.html", "person"]],
  );
  assert.match(undone.body, /week of work/);
});

test("a link in another agent's folder leads nowhere", async () => {
  symlinkSync(join(workspace("main"), "canvas", "week.html"), join(workspace("work"), "canvas", "link.html"));

  const { status } = await askRaw(port, "/__moltbot__/canvas/~work/link.html");

  assert.equal(status, 404);
});

test("a conversation that is deleted takes its screen and its log along, also from pages that show it", async () => {
  const sessionKey = "agent:main:gone";
  await admin.call("sessions.patch", { key: sessionKey, label: "gone" });
  await admin.call("canvas.push", { sessionKey, jsonl: LAMPS });
  const kept = await admin.call("canvas.push", { sessionKey: "agent:main:kept", jsonl: LAMPS });
  using viewer = await Listener.open(
    `ws://127.0.0.1:${port}/__moltbot__/a2ui/ws?session=${encodeURIComponent(sessionKey)}`,
  );
  await viewer.message(0);

  await admin.call("sessions.delete", { key: sessionKey });
  const told = JSON.parse(await viewer.message(1));
  const { entries } = await admin.call("canvas.history", { sessionKey });
  const screen = await admin.call("canvas.replay", { sessionKey });
  const other = await admin.call("canvas.history", { sessionKey: "agent:main:kept" });

  assert.deepEqual(told, { type: "reset" });
  assert.deepEqual(entries, []);
  assert.deepEqual([screen.seq, screen.surfaces], [0, []]);
  assert.deepEqual(
    other.entries.map(({ seq }: { seq: number }) => seq),
    [kept.seq],
  );
});

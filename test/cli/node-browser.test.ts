// A machine's browser as a command of its node: a real Chromium, pages on loopback, and what it may not reach.
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { site } from "../fakes/site.ts";
import { testGateway } from "../support/gateway.ts";
import { isAlive } from "../support/is-alive.ts";
import { LIMIT_MS } from "../support/time-limit.ts";
import { Machine } from "./machine.ts";
import { asking, steered } from "./steered.ts";

const PAGE = `<!doctype html><title>Shop</title><h1>Tea</h1>
<form onsubmit="document.title = 'Ordered ' + document.querySelector('input').value; return false">
<label>How many <input></label></form>
<button onclick="document.title = 'Pressed'">Order</button>`;

test("a page is opened, read, written in, pressed and photographed; the browser ends with its node", async () => {
  await using shop = await site((_asked, response) => response.setHeader("content-type", "text/html").end(PAGE));
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, shop.host);

  const before = await ask({ path: "/" });
  const tab = (await ask({ method: "POST", path: "/tabs/open", body: { url: `${shop.url}/tea` } })).result;
  const seen = (await ask({ path: "/snapshot", query: { format: "aria" } })).result;
  const named = (role: string) => seen.nodes.find((node: { role: string }) => node.role === role);
  await ask({
    method: "POST",
    path: "/act",
    body: { kind: "type", ref: named("textbox").ref, text: "3", submit: true },
  });
  const ordered = (await ask({ path: "/tabs" })).result.tabs;
  await ask({ method: "POST", path: "/act", body: { kind: "click", ref: named("button").ref } });
  const pressed = (await ask({ path: "/tabs" })).result.tabs;
  const picture = await ask({ method: "POST", path: "/screenshot", profile: "clawd" });
  const closed = (await ask({ method: "DELETE", path: `/tabs/${tab.targetId}` })).result;
  const pid = Number(readFileSync(join(machine.folder, "pid"), "utf8"));
  const wasAlive = isAlive(pid);
  const profile = statSync(join(machine.stateDir, "browser")).mode & 0o777;
  await machine.stop();
  const limit = AbortSignal.timeout(LIMIT_MS);
  while (isAlive(pid) && !limit.aborted) await new Promise((resolve) => setTimeout(resolve, 20));

  assert.deepEqual(before.result, { enabled: true, profile: "moltbot", running: false, tabs: 0 });
  assert.deepEqual([tab.title, tab.url], ["Shop", `${shop.url}/tea`]);
  assert.equal(named("heading").name, "Tea");
  assert.equal(named("textbox").name.trim(), "How many");
  const titleOf = (tabs: { targetId: string; title: string }[]) =>
    tabs.find(({ targetId }) => targetId === tab.targetId)?.title;
  assert.deepEqual([titleOf(ordered), titleOf(pressed)], ["Ordered 3", "Pressed"]);
  const [file] = picture.files;
  assert.deepEqual([file.path, file.mimeType], [picture.result.path, "image/png"]);
  assert.equal(Buffer.from(file.base64, "base64").subarray(1, 4).toString(), "PNG");
  assert.deepEqual(closed, { ok: true });
  assert.deepEqual([wasAlive, isAlive(pid), profile], [true, false, 0o700]);
});

test("a page that asks to stay is closed all the same, and left for another", async () => {
  await using shop = await site((_asked, response) =>
    response.setHeader("content-type", "text/html").end(`<!doctype html><title>Stay</title><button>Write</button>
      <script>onbeforeunload = (event) => event.preventDefault();</script>`),
  );
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, shop.host);
  const touched = async () => {
    const { nodes } = (await ask({ path: "/snapshot", query: { format: "aria" } })).result;
    const { ref } = nodes.find(({ role }: { role: string }) => role === "button");
    await ask({ method: "POST", path: "/act", body: { kind: "click", ref } });
  };
  const { targetId } = (await ask({ method: "POST", path: "/tabs/open", body: { url: `${shop.url}/first` } })).result;
  await touched();

  const left = (await ask({ method: "POST", path: "/navigate", body: { targetId, url: `${shop.url}/second` } })).result;
  await touched();
  const closed = await ask({ method: "DELETE", path: `/tabs/${targetId}` });
  const { tabs } = (await ask({ path: "/tabs" })).result;

  assert.deepEqual([left.url, closed.result], [`${shop.url}/second`, { ok: true }]);
  assert.equal(
    tabs.some((tab: { targetId: string }) => tab.targetId === targetId),
    false,
  );
});

test("a page reaches no other service of the machine: not by address, name, redirect, frame, script or socket", async () => {
  await using secret = await site((_asked, response) => response.end("secret"));
  const { port } = new URL(secret.url);
  await using page = await site((asked, response) => {
    if (asked.path === "/away") return response.writeHead(302, { location: `${secret.url}/redirect` }).end();
    return response.setHeader("content-type", "text/html").end(`<title>Page</title>
      <iframe src="${secret.url}/frame"></iframe><img src="http://localhost:${port}/picture">
      <script>fetch("${secret.url}/fetch", { mode: "no-cors" }); new WebSocket("ws://127.0.0.1:${port}/socket");
      alert("hold"); window.open("${secret.url}/window");</script>`);
  });
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, page.host);
  const open = (url: string) => ask({ method: "POST", path: "/tabs/open", body: { url } });

  const opened = (await open(`${page.url}/page`)).result;
  const refused = [
    await open(secret.url),
    await open(`http://localhost:${port}/`),
    await open(`http://[::1]:${port}/`),
    await open("http://2130706433/"),
    await open("http://169.254.169.254/latest/meta-data"),
    await open("file:///etc/passwd"),
    await open("chrome://version"),
    await open("javascript:alert(1)"),
    await open(`http://me:secret@${page.host}/`),
  ];
  const away = await open(`${page.url}/away`);
  const after = (await ask({ path: "/snapshot" })).result;

  assert.equal(opened.title, "Page");
  for (const refusal of refused) assert.match(String(refusal), /^Error: 403: /);
  assert.match(String(refused[0]), /allow it on the node with --browser-reach 127\.0\.0\.1:\d+$/);
  assert.deepEqual(secret.asked, []);
  assert.doesNotMatch(JSON.stringify([away, after]), /"name":"secret"/);
});

test("a page can neither hold its tab nor stall the next call: questions, its leave, its windows", async () => {
  await using pages = await site(({ path }, response) => {
    response.setHeader("content-type", "text/html");
    if (path === "/window")
      return response.end("<title>Window</title><script>alert(1); document.title = 'Answered'</script>");
    return response.end(`<title>Held</title><button onclick="window.open('/window');">Go</button>
      <script>onbeforeunload = (event) => { event.preventDefault(); return "stay"; }</script>`);
  });
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, pages.host);
  const { targetId } = (await ask({ method: "POST", path: "/tabs/open", body: { url: `${pages.url}/held` } })).result;
  const { nodes } = (await ask({ path: "/snapshot" })).result;
  const { ref } = nodes.find(({ role }: { role: string }) => role === "button");

  await ask({ method: "POST", path: "/act", body: { kind: "click", ref } });
  const opened = (await ask({ path: "/tabs" })).result.tabs;
  const seen = await Promise.all(
    opened.map(
      async (tab: { targetId: string }) => await ask({ path: "/snapshot", query: { targetId: tab.targetId } }),
    ),
  );
  const left = await ask({ method: "POST", path: "/navigate", body: { targetId, url: `${pages.url}/window` } });

  assert.equal(opened.length, 3); // with the empty one of the start
  assert.deepEqual(
    seen.map(({ result }) => result?.ok),
    [true, true, true],
  );
  assert.equal(left.result.title, "Answered");
});

test("a place within the page that is shown is there at once", async () => {
  await using shop = await site((_asked, response) => response.setHeader("content-type", "text/html").end(PAGE));
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, shop.host);
  await ask({ method: "POST", path: "/tabs/open", body: { url: `${shop.url}/tea` } });

  // Less than a page is waited for that goes on loading.
  const moved = await ask({
    method: "POST",
    path: "/navigate",
    body: { url: `${shop.url}/tea#order` },
    timeoutMs: 8_000,
  });

  assert.equal(moved.result?.url, `${shop.url}/tea#order`);
});

test("wrong requests are answered in words; a machine without a browser, or with one switched off, offers none", async () => {
  await using gateway = await testGateway();
  await using off = new Machine(gateway.url);
  off.more.push("--browser", "off");
  await using machine = new Machine(gateway.url);
  const program = join(machine.folder, "broken.sh");
  writeFileSync(program, "#!/bin/sh\necho 'stack trace at /secret/place' >&2\nexit 3\n", { mode: 0o700 });
  machine.more.push("--browser", program, "--name", "pantry");
  await off.start();
  await machine.start();
  const admin = await gateway.connect({ protocol: 4, scopes: ["operator.admin"] });
  const { pending } = await admin.call("node.pair.list", {});
  for (const { requestId } of pending) await admin.call("node.pair.approve", { requestId });
  const { nodes } = await admin.call("node.list", {});
  const nodeOf = (name: string) => nodes.find((node: { displayName: string }) => node.displayName === name);
  const ask = asking(admin, nodeOf("pantry").nodeId);

  const answers = [
    await ask({ path: "/tabs" }),
    await ask({ path: "/nothing" }),
    await ask({ path: "/toString", method: "constructor" }),
    await ask({ path: "tabs" }),
    await ask({ path: "/", profile: "chrome" }),
    await ask({ path: "/", query: [] as object }),
    await ask({ path: "/start", method: "POST" }),
  ];

  assert.ok(!nodeOf("kitchen").commands.includes("browser.proxy"));
  assert.deepEqual(nodeOf("pantry").caps, ["browser", "file", "system"]);
  assert.deepEqual(answers[0].result, { running: false, tabs: [] });
  assert.match(answers[1], /^Error: 404: there is nothing at that path; there are GET \/, /);
  assert.match(answers[2], /^Error: 404: /);
  assert.equal(answers[3], "INVALID_REQUEST: path required, such as /tabs");
  assert.equal(answers[4], "Error: 404: there is no profile of that name; this browser has moltbot");
  assert.equal(answers[5], "INVALID_REQUEST: query must be an object");
  assert.match(answers[6], /^BROWSER_UNAVAILABLE: the browser does not start: it ended at once; /);
});

// Pages that mean harm to the machine whose browser shows them: every way out of a page that a real Chromium has.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { type Asked, site } from "../fakes/site.ts";
import { testGateway } from "../support/gateway.ts";
import { eventually } from "../support/time-limit.ts";
import { Machine } from "./machine.ts";
import { steered } from "./steered.ts";

/** Services of the machine that no page may reach: of HTTP, of TCP and of UDP; what they heard. */
async function services() {
  const heard: string[] = [];
  const web = await site(({ path }, response) => {
    heard.push(path);
    response.setHeader("content-type", "text/html").end("<title>secret</title>");
  });
  const tcp = createServer((socket) => {
    heard.push("tcp");
    socket.on("error", () => {}).destroy();
  }).listen(0, "127.0.0.1");
  const udp = createSocket("udp4", () => void heard.push("udp")).bind(0, "127.0.0.1");
  await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
  return {
    ...{ heard, url: web.url, tcp: (tcp.address() as AddressInfo).port, udp: udp.address().port },
    async [Symbol.asyncDispose]() {
      tcp.close();
      udp.close();
      await web[Symbol.asyncDispose]();
    },
  };
}

type Services = Awaited<ReturnType<typeof services>>;

/** Ways that need nobody's touch. Each script may return a promise; the page waits for all of them. */
function waysAlone({ url, tcp, udp }: Services): string[] {
  const far = [`http://localhost.:${tcp}`, `http://a.localhost:${tcp}`, `http://0.0.0.0:${tcp}`, `http://[::1]:${tcp}`];
  const farther = [`http://[::ffff:127.0.0.1]:${tcp}`, `http://2130706433:${tcp}`, "http://169.254.169.254/latest"];
  return [
    ...[...far, ...farther].map((each) => `fetch("${each}", { mode: "no-cors" })`),
    `navigator.serviceWorker.register("/service.js").then(() => navigator.serviceWorker.ready)`,
    `new Promise((over) => { new Worker("/worker.js").onmessage = over; })`,
    `new Promise((over) => { const work = new SharedWorker("/worker.js"); work.port.onmessage = over; })`,
    `new Promise((over) => {
      const text = 'Promise.allSettled([fetch("${url}/blob-worker", { mode: "no-cors" })]).then(() => postMessage(1))';
      new Worker(URL.createObjectURL(new Blob([text]))).onmessage = over;
    })`,
    `navigator.sendBeacon("${url}/beacon", "x")`,
    `new Promise((over) => { new EventSource("${url}/events").onerror = over; })`,
    `new Promise((over) => { new WebSocket("ws://127.0.0.1:${tcp}/").onclose = over; })`,
    `new WebTransport("https://127.0.0.1:${udp}/").ready`,
    `(async () => {
      const turn = ["udp:${udp}", "tcp:${tcp}"].map((each) => each.split(":")).map(([transport, port]) =>
        ({ urls: "turn:127.0.0.1:" + port + "?transport=" + transport, username: "a", credential: "b" }));
      const call = new RTCPeerConnection({ iceServers: [{ urls: "stun:127.0.0.1:${udp}" }, ...turn] });
      call.createDataChannel("x");
      const gathered = new Promise((over) => {
        call.onicegatheringstatechange = () => call.iceGatheringState === "complete" && over();
      });
      await call.setLocalDescription(await call.createOffer());
      const { sdp } = call.localDescription;
      await call.setRemoteDescription({ type: "answer", sdp: sdp.replace("a=setup:actpass", "a=setup:active") });
      const end = (kind, port, more) =>
        ({ candidate: "candidate:1 1 " + kind + " 2113937151 127.0.0.1 " + port + " typ host" + more, sdpMid: "0" });
      await call.addIceCandidate(end("udp", ${udp}, ""));
      await call.addIceCandidate(end("tcp", ${tcp}, " tcptype passive"));
      await gathered;
    })()`,
  ];
}

/** Ways that a browser opens only to somebody who presses a button. */
function waysByTouch({ url }: Services): string[] {
  const html = `"<title>way</title><script>fetch('${url}/from-blob', { mode: 'no-cors' })</scr" + "ipt>"`;
  const opened = ["file:///etc/passwd", `view-source:${url}/source`, `${url}/window`, "chrome://version"];
  return [
    ...[...opened, "devtools://devtools/bundled/inspector.html", "data:text/html,way"].map(
      (each) => `window.open("${each}")`,
    ),
    `window.open(URL.createObjectURL(new Blob([${html}], { type: "text/html" })))`,
    ...[`"/load"`, `URL.createObjectURL(new Blob(["x"]))`].map(
      (each) => `Object.assign(document.createElement("a"), { href: ${each}, download: "stolen.bin" }).click()`,
    ),
    `void window.showOpenFilePicker?.()`,
    `void window.queryLocalFonts?.()`,
    `document.forms[0].submit()`,
    `print()`,
  ];
}

function pageOf(all: Services): string {
  const { url, tcp } = all;
  const tried = (ways: readonly string[]) => ways.map((way) => `async () => ${way}`).join(",\n");
  return `<!doctype html><title>Page</title><button>Go</button>
<link rel=preload as=script href="${url}/preload"><link rel=prefetch href="${url}/prefetch"><link rel=stylesheet href="${url}/style">
<link rel=preconnect href="http://127.0.0.1:${tcp}"><object data="${url}/object"></object><embed src="${url}/embed">
<video src="${url}/video"></video><iframe src="file:///etc/passwd"></iframe><iframe src="view-source:${url}/frame"></iframe>
<iframe src="data:text/html,<script>fetch('${url}/data',{mode:'no-cors'})</script>"></iframe>
<form method=post action="${url}/form" target=_blank></form>
<script type=speculationrules>{ "prefetch": [{ "source": "list", "urls": ["${url}/speculation"] }] }</script>
<script>
const tryAll = (ways) => Promise.allSettled(ways.map((way) => new Promise((over) => over(way()))));
const later = [${tried(waysByTouch(all))}];
document.querySelector("button").onclick = () => {
  document.title = "Pressed";
  tryAll(later);
};
tryAll([${tried(waysAlone(all))}]).then(() => { document.title = "Tried"; });
</script>`;
}

function scriptOf({ url, tcp }: Services, name: string): string {
  return `const over = (port) => port.postMessage(1);
    const imported = async () => importScripts("${url}/${name}-import");
    const fetched = ["${url}/${name}", "http://127.0.0.1:${tcp}/"].map((each) => fetch(each, { mode: "no-cors" }));
    const all = [imported(), ...fetched];
    const tried = Promise.allSettled(all);
    onconnect = ({ ports }) => tried.then(() => over(ports[0]));
    oninstall = (event) => event.waitUntil(tried);
    if (typeof DedicatedWorkerGlobalScope === "function") tried.then(() => over(self));`;
}

test("a page reaches no service of the machine by any way out that it has, and leaves no file", async () => {
  await using all = await services();
  await using page = await site(({ path }: Asked, response) => {
    if (path.endsWith(".js"))
      response.setHeader("content-type", "text/javascript").end(scriptOf(all, path.slice(1, -3)));
    else if (path === "/load") response.setHeader("content-disposition", "attachment; filename=stolen.bin").end("x");
    else response.setHeader("content-type", "text/html").end(pageOf(all));
  });
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, page.host);
  const titled = (title: string) =>
    eventually(`the page to be ${title}`, async () =>
      (await ask({ path: "/tabs" })).result.tabs.some((tab: { title: string }) => tab.title === title),
    );

  const { targetId } = (await ask({ method: "POST", path: "/tabs/open", body: { url: `${page.url}/page` } })).result;
  await titled("Tried");
  const { nodes } = (await ask({ path: "/snapshot", query: { targetId } })).result;
  const { ref } = nodes.find(({ role }: { role: string }) => role === "button");
  await ask({ method: "POST", path: "/act", body: { targetId, kind: "click", ref } });
  await titled("Pressed");
  const { tabs } = (await ask({ path: "/tabs" })).result;
  const shown = await Promise.all(
    tabs.map(async (tab: { targetId: string }) => await ask({ path: "/snapshot", query: { targetId: tab.targetId } })),
  );
  const again = await ask({ method: "POST", path: "/navigate", body: { targetId, url: `${page.url}/page#again` } });

  assert.deepEqual(all.heard, []);
  assert.doesNotMatch(JSON.stringify(shown), /root:|secret|Chromium/);
  assert.equal(again.result?.ok, true);
  const left = [machine.folder, machine.stateDir].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }),
  );
  assert.deepEqual(
    left.filter((name) => name.includes("stolen")),
    [],
  );
});

test("a name counts for what it leads to, and only a service that is named in full is reached", async () => {
  await using shop = await site((_asked, response) =>
    response.setHeader("content-type", "text/html").end("<title>Shop</title>"),
  );
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { port } = new URL(shop.url);
  const { ask } = await steered(machine, gateway, `localhost:${port}`);
  const open = (url: string) => ask({ method: "POST", path: "/tabs/open", body: { url } });

  const named = await open(`http://LOCALHOST:${port}/`);
  const others = [
    await open(shop.url),
    await open(`http://localhost.:${port}/`),
    await open(`http://localhost:${Number(port) + 1}/`),
    await open("http://localhost/"),
  ];

  assert.equal(named.result?.title, "Shop");
  for (const other of others) assert.match(String(other), /^Error: 403: /);
});

test("a page that never stops working holds its own tab alone, which can be closed", async () => {
  await using pages = await site(({ path }, response) => {
    response.setHeader("content-type", "text/html");
    if (path === "/calm") return response.end("<title>Calm</title>");
    return response.end(`<title>Busy</title><script>onbeforeunload = (event) => event.preventDefault();
      onload = () => setTimeout(() => { for (;;); }, 0);</script>`);
  });
  await using gateway = await testGateway();
  await using machine = new Machine(gateway.url);
  const { ask } = await steered(machine, gateway, pages.host);
  const open = (path: string) => ask({ method: "POST", path: "/tabs/open", body: { url: `${pages.url}${path}` } });
  const { targetId } = (await open("/busy")).result;

  const seen = await ask({ path: "/snapshot", query: { targetId }, timeoutMs: 1_000 });
  const beside = await open("/calm");
  const closed = await ask({ method: "DELETE", path: `/tabs/${targetId}` });
  const { tabs } = (await ask({ path: "/tabs" })).result;

  assert.match(String(seen), /^TIMEOUT: .*close a tab that hangs with DELETE \/tabs\/TARGETID$/);
  assert.deepEqual([beside.result?.title, closed.result], ["Calm", { ok: true }]);
  assert.equal(
    tabs.some((tab: { targetId: string }) => tab.targetId === targetId),
    false,
  );
});

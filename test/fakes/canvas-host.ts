/** A canvas host on loopback: a page of an agent, and a page that draws surfaces as that of the canvas does. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Speaks with the page around it: ready, apply, reset, results, and an action for each press. */
const A2UI = `<!doctype html><title>Surfaces</title><p id="drawn">nothing</p><button id="press">Press</button><script>
const tell = (message) => parent.postMessage(message, "*");
const drawn = document.getElementById("drawn");
let count = 0;
addEventListener("message", ({ source, data }) => {
  if (source !== parent) return;
  const { type, id, messages = [] } = data;
  if (type === "a2ui.action-status") document.title = data.id + " " + data.ok;
  if (type === "a2ui.reset") { drawn.textContent = "nothing"; tell({ type: "a2ui.result", id, ok: true }); }
  if (type !== "a2ui.apply") return;
  const bad = messages.findIndex((message) => message.surfaceUpdate === undefined);
  if (bad >= 0) return tell({ type: "a2ui.result", id, ok: false, error: "message " + (bad + 1) + ": no such message" });
  drawn.textContent = JSON.stringify(messages);
  tell({ type: "a2ui.result", id, ok: true, surfaces: messages.map((each) => each.surfaceUpdate.surfaceId) });
});
document.getElementById("press").addEventListener("click", () => tell({ userAction: {
  id: "a" + ++count, name: "apply", surfaceId: "main", sourceComponentId: "go", timestamp: new Date(0).toISOString(),
  context: { scene: "Dinner" },
} }));
tell({ type: "a2ui.ready" });
</script>`;

/** Tries what a page of an agent must not reach. */
const PAGE = `<!doctype html><title>Today</title><h1>Today</h1><p id="reach"></p><script>
const tries = [];
const attempt = (name, work) => { try { work(); tries.push(name + " yes"); } catch { tries.push(name + " no"); } };
attempt("storage", () => localStorage.length);
attempt("parent", () => parent.document.title);
document.getElementById("reach").textContent = tries.join(", ") + ", origin " + origin + ", referrer " + (document.referrer || "none");
</script>`;

export interface CanvasHost extends AsyncDisposable {
  /** What hello-ok tells nodes: an address with a key in its path. */
  readonly base: string;
}

/** Starts it on a free loopback port; disposing it closes it. */
export async function canvasHost(): Promise<CanvasHost> {
  const pages = new Map([
    ["/cap/key/__moltbot__/a2ui/?platform=web", A2UI],
    ["/cap/key/__moltbot__/canvas/today.html", PAGE],
  ]);
  const server = createServer((request, response) => {
    const page = pages.get(request.url ?? "");
    response.writeHead(page === undefined ? 404 : 200, { "Content-Type": "text/html; charset=utf-8" }).end(page);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/cap/key`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

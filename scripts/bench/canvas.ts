/** Figures of the canvas: how soon an open page shows a file that was written, and what the pages of the gateway weigh. */
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { WebSocket } from "ws";
import { connect } from "./client.ts";
import { alone, type Bench, type Figure, startGateway } from "./figures.ts";
import { spread } from "./process.ts";

const REACH_MS = 300;
/** Longer than the gateway waits after a write, so that each write is one of its own, ms. */
const APART_MS = 150;

/** From the write of a file to the page's having its new text: the page is told, and asks for itself again. */
export async function canvasReload(bench: Bench): Promise<Figure[]> {
  await using _gateway = await startGateway(bench);
  const client = await connect({ port: bench.port, token: bench.token });
  const { path } = (await client.request("canvas.status")) as { path: string };
  mkdirSync(path, { recursive: true });
  const file = join(path, "bench.html");
  writeFileSync(file, "<p>0</p>");
  const address = `127.0.0.1:${bench.port}/__moltbot`;
  const socket = new WebSocket(`ws://${address}/ws`);
  await once(socket, "open");
  const text = async () => await (await fetch(`http://${address}__/canvas/bench.html`)).text();
  const rounds = bench.quick ? 20 : 100;
  const times: number[] = [];
  for (let round = 0; round < rounds + 3; round++) {
    await sleep(APART_MS);
    const reloads = once(socket, "message");
    const startedAt = performance.now();
    writeFileSync(file, `<p>${round + 1}</p>`);
    await reloads;
    if (!(await text()).includes(`<p>${round + 1}</p>`)) throw new Error("the page was told before it could be read");
    times.push(performance.now() - startedAt);
  }
  socket.close();
  client.close();
  const { p50, p99 } = spread(times.slice(3));
  return [
    alone("canvas: write of a file to the page's new text, p50", "ms", p50, REACH_MS),
    alone("canvas: write of a file to the page's new text, p99", "ms", p99, REACH_MS),
  ];
}

/** What a browser loads, after gzip. The build ends when one of them is over its budget. */
export function bundleSizes({ bin }: Bench): Figure[] {
  const dist = join(bin, "../../dist");
  const pages = JSON.parse(readFileSync(join(dist, "web/manifest.json"), "utf8")) as Record<string, number>;
  const weightOf = (name: string) => gzipSync(readFileSync(join(dist, "a2ui", name)), { level: 9 }).length;
  const kilobytes = (bytes: number | undefined) => (bytes ?? Number.NaN) / 1_000;
  return [
    alone("bundle: first view of WebChat", "KB", kilobytes(pages.scriptGzipBytes), 90),
    alone("bundle: page of nodes", "KB", kilobytes(pages.nodeGzipBytes), 25),
    alone("bundle: page of A2UI", "KB", kilobytes(weightOf("a2ui.bundle.js")), 70),
    alone("bundle: script in pages of a canvas", "KB", kilobytes(weightOf("canvas.js")), 2),
  ];
}

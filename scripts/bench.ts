/**
 * Measures the built product: `npm run bench [-- --json] [--quick] [--only NAME,NAME]`. Each figure is a ratio to a floor that
 * is measured in the same run, because machines differ and are noisy. Linux only: it reads /proc.
 */
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { firstToken, manySessions, pacedStream, toolRun } from "./bench/agent.ts";
import { backup } from "./bench/backup.ts";
import { bundleSizes, canvasReload } from "./bench/canvas.ts";
import { backlogCost, channelMemory, echoCost, messageCost, startWithChannels } from "./bench/channels.ts";
import { manyJobs } from "./bench/cron.ts";
import {
  agentRunCpu,
  type Bench,
  cleanUp,
  type Figure,
  fanOutCpu,
  handshakeCpu,
  healthCommand,
  idleMemory,
  memoryGrowth,
  requestCpu,
  singleEventCpu,
  startTime,
} from "./bench/figures.ts";
import { fullState } from "./bench/full-state.ts";
import { journal } from "./bench/journal.ts";
import { nodeCalls, nodeHost } from "./bench/nodes.ts";
import { packageSize } from "./bench/package.ts";
import { Child } from "./bench/process.ts";
import { soak } from "./bench/soak.ts";

const { values } = options();

if (!existsSync("/proc/self/stat")) {
  console.error("The benchmark reads CPU time and memory from /proc, so it runs on Linux only.");
  process.exit(1);
}

const root = join(import.meta.dirname, "..");
const token = "bench-token-of-the-benchmark";
const stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-"));
const stub = new Child([join(root, "test/fakes/openai.ts"), "1000"]);
const stubUrl = await stub.line(/(http:\S+)/);
const bench: Bench = {
  bin: join(root, "packages/gateway/bin/moltbot.mjs"),
  stateDir,
  token,
  port: await freePort(),
  env: { ...process.env, MOLTBOT_STATE_DIR: stateDir, MOLTBOT_GATEWAY_TOKEN: token },
  here: join(import.meta.dirname, "bench"),
  quick: values.quick ?? false,
};
writeFileSync(
  join(stateDir, "moltbot.json"),
  JSON.stringify({
    agents: { defaults: { model: "stub/fake-model" } },
    models: {
      detectLocal: false,
      providers: { stub: { api: "openai-compatible", baseUrl: stubUrl, apiKey: "stub-key" } },
    },
  }),
);

const measurements: [string, () => Promise<Figure | Figure[]>][] = [
  ["start", () => startTime(bench)],
  ["idle", () => idleMemory(bench)],
  ["command", () => healthCommand(bench)],
  ["request", () => requestCpu(bench)],
  ["event", () => fanOutCpu(bench)],
  ["single-event", () => singleEventCpu(bench)],
  ["handshake", () => handshakeCpu(bench)],
  ["node-host", () => nodeHost(bench)],
  ["nodes", () => nodeCalls(bench)],
  ["canvas", () => canvasReload(bench)],
  ["bundles", async () => bundleSizes(bench)],
  ["agent", () => agentRunCpu(bench, stubUrl)],
  ["first-token", () => firstToken(bench)],
  ["paced", () => pacedStream(bench)],
  ["tools", () => toolRun(bench)],
  ["sessions", () => manySessions(bench)],
  ["growth", () => memoryGrowth(bench)],
  ["channels-start", () => startWithChannels(bench)],
  ["telegram", () => messageCost(bench, "telegram")],
  ["discord", () => messageCost(bench, "discord")],
  ["echo", async () => [...(await echoCost(bench, "telegram")), ...(await echoCost(bench, "discord"))]],
  ["backlog", async () => [await backlogCost(bench, "telegram"), await backlogCost(bench, "discord")]],
  ["channels-memory", () => channelMemory(bench)],
  ["soak", () => soak(bench)],
  ["journal", () => journal(bench)],
  ["backup", () => backup(bench)],
  ["full-state", () => fullState(bench)],
  ["jobs", () => manyJobs(bench)],
  ["package", async () => packageSize(bench)],
];

const wanted = values.only?.split(",") ?? measurements.map(([name]) => name);
const figures: Figure[] = [];
try {
  refuseUnknown(wanted);
  for (const [name, measure] of measurements) {
    if (!wanted.includes(name)) continue;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Kmeasuring ${name} …`);
    figures.push(...[await measure()].flat());
  }
} finally {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  await stub[Symbol.asyncDispose]();
  cleanUp(bench);
}
if (wanted.length > 0) console.log(values.json ? JSON.stringify(figures, null, 2) : table(figures));

function refuseUnknown(names: readonly string[]): void {
  const known = measurements.map(([name]) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  console.error(`There is no measurement ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
  process.exitCode = 2;
  wanted.length = 0;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function table(rows: readonly Figure[]): string {
  const shown = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2));
  const cells = rows.map(({ name, unit, ours, floor, ratio, reach }) => [
    name,
    `${shown(ours)} ${unit}`,
    floor === undefined ? "–" : `${shown(floor)} ${unit}`,
    floor === undefined ? "–" : `${ratio.toFixed(2)} ×`,
    floor === undefined ? `≤ ${reach} ${unit}` : `≤ ${reach} ×`,
    ratio <= reach ? "ok" : "over",
  ]);
  const all = [["figure", "ours", "floor", "ratio", "reach", ""], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  "),
    )
    .join("\n");
}

function options() {
  try {
    return parseArgs({
      options: { json: { type: "boolean" }, quick: { type: "boolean" }, only: { type: "string" } },
    });
  } catch {
    console.error("Usage: npm run bench [-- --json] [--quick] [--only NAME,NAME]");
    process.exit(2);
  }
}

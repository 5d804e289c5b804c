/** Figures of nodes: the start of a node host, what a call costs beside a bare relay, and 500 nodes beside one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RawData, WebSocket } from "ws";
import { type Client, connect, connectNode, newDevice } from "./client.ts";
import { against, type Bench, type Figure, startFloor, startGateway } from "./figures.ts";
import { Child, cpuMs, median, rssMb, spread, timeCommand } from "./process.ts";

const NODES = 500;
const SETTLE_MS = 5_000;

/** A node host from spawn to its hello-ok, and its memory. */
export async function nodeHost(bench: Bench): Promise<Figure[]> {
  await using _gateway = await startGateway(bench);
  const rounds = bench.quick ? 5 : 15;
  const stateDir = mkdtempSync(join(tmpdir(), "moltbot-bench-node-"));
  const env = { ...bench.env, MOLTBOT_STATE_DIR: stateDir };
  const args = [bench.bin, "node", "run", "--url", `ws://127.0.0.1:${bench.port}`];
  const ours: number[] = [];
  const floor: number[] = [];
  try {
    for (let round = 0; round < rounds + 2; round++) {
      floor.push((await timeCommand(["-e", ""])).wallMs);
      const startedAt = performance.now();
      await using host = new Child(args, env);
      await host.line(/^(Connected)/m);
      ours.push(performance.now() - startedAt);
    }
    await using host = new Child(args, env);
    await host.line(/^(Connected)/m);
    await using bare = new Child(["-e", "setInterval(() => {}, 1e9)"]);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const wall = (rows: number[]) => median(rows.slice(2));
    const memory = { ours: rssMb(host.pid), floor: rssMb(bare.pid), reach: 1.5 };
    return [
      against("node host: spawn to hello-ok", "ms", { ours: wall(ours), floor: wall(floor), reach: 3 }),
      against("node host: idle memory", "MB", memory),
    ];
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}

/** A call of a node that answers at once, beside a bare server that hands the frames on; and one of 500 nodes. */
export async function nodeCalls(bench: Bench): Promise<Figure[]> {
  await using gateway = await startGateway(bench);
  const { child, port } = await startFloor(bench);
  await using floorProcess = child;
  const options = { port: bench.port, token: bench.token };
  const operator = await connect(options);
  const first = await node(options);
  const floorNode = await connect({ port, token: bench.token });
  await floorNode.request("floor.node");
  floorNode.socket.on("message", (data) => {
    const { event, payload } = JSON.parse(data.toString());
    if (event === "floor.invoke") send(floorNode.socket, "floor.result", { id: payload.id, payloadJSON: "{}" });
  });
  const caller = await connect({ port, token: bench.token });
  const count = bench.quick ? 500 : 2_000;
  const sides = {
    ours: { pid: gateway.pid, times: () => timesOf(operator, count, () => callOf(first)) },
    floor: { pid: floorProcess.pid, times: () => timesOf(caller, count, () => ["floor.invoke", {}]) },
  };
  await sides.floor.times();
  await sides.ours.times();
  const rounds: Record<"ours" | "floor", { p50: number; p99: number; cpu: number }[]> = { ours: [], floor: [] };
  for (let round = 0; round < 5; round++)
    for (const side of ["floor", "ours"] as const) {
      const before = cpuMs(sides[side].pid);
      const times = await sides[side].times();
      rounds[side].push({ ...spread(times), cpu: ((cpuMs(sides[side].pid) - before) * 1_000) / count });
    }
  const beside = (name: string, unit: string, of: "p50" | "p99" | "cpu") =>
    against(name, unit, {
      ours: median(rounds.ours.map((row) => row[of])),
      floor: median(rounds.floor.map((row) => row[of])),
      reach: 3,
    });
  const figures = [
    beside("call of a node: p50 beside a bare relay", "ms", "p50"),
    beside("call of a node: p99 beside a bare relay", "ms", "p99"),
    beside("call of a node: CPU beside a bare relay", "µs", "cpu"),
  ];
  const all = [first];
  while (all.length < NODES) all.push(await node(options));
  const many: number[] = [];
  const one: number[] = [];
  for (let round = 0; round < (bench.quick ? 5 : 12); round++) {
    const many500 = await timesOf(operator, NODES, (index) => callOf(all[index]!));
    const one500 = await timesOf(operator, NODES, () => callOf(first));
    if (round === 0) continue;
    many.push(spread(many500).p99);
    one.push(spread(one500).p99);
  }
  for (const { client } of all) client.close();
  for (const client of [operator, floorNode, caller]) client.close();
  return [
    ...figures,
    against(`call of each of ${NODES} nodes: p99 beside one's`, "ms", {
      ours: median(many),
      floor: median(one),
      reach: 3,
    }),
  ];
}

interface BenchNode {
  readonly id: string;
  readonly client: Client;
}

/** A node that answers every call at once. */
async function node(options: { port: number; token: string }): Promise<BenchNode> {
  const device = newDevice();
  const client = await connectNode({ ...options, device });
  client.socket.on("message", (data: RawData) => {
    const { event, payload } = JSON.parse(data.toString());
    if (event !== "node.invoke.request") return;
    send(client.socket, "node.invoke.result", { id: payload.id, nodeId: device.id, ok: true, payloadJSON: "{}" });
  });
  return { id: device.id, client };
}

let keys = 0;

function callOf({ id }: BenchNode): [method: string, params: object] {
  return ["node.invoke", { nodeId: id, command: "system.which", params: {}, idempotencyKey: `bench-${++keys}` }];
}

/** Milliseconds of each call, one after another. */
async function timesOf(
  client: Client,
  count: number,
  call: (index: number) => [method: string, params: object],
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const startedAt = performance.now();
    await client.request(...call(index));
    times.push(performance.now() - startedAt);
  }
  return times;
}

function send(socket: WebSocket, method: string, params: object): void {
  socket.send(JSON.stringify({ type: "req", id: `s${++keys}`, method, params }));
}

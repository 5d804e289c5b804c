/** What is measured: each figure against a floor that is measured in the same run, in turns with it. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Client, connect, newDevice, waitForPort } from "./client.ts";
import { Child, cpuMs, median, rssMb, timeCommand } from "./process.ts";

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly floor: number | undefined;
  /** Ours over the floor, or ours alone when there is no floor. */
  readonly ratio: number;
  readonly reach: number;
}

/** Where the built product stands and what this run may use. */
export interface Bench {
  readonly bin: string;
  readonly stateDir: string;
  readonly token: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly here: string;
  /** Smaller rounds for a quick look. */
  readonly quick: boolean;
}

const CONDITIONS = "--conditions=moltbot-source";
const NOTHING = ["-e", ""];

/** A figure beside its floor; `reach` is their ratio. */
export function against(
  name: string,
  unit: string,
  { ours, floor, reach }: { readonly ours: number; readonly floor: number; readonly reach: number },
): Figure {
  return { name, unit, ours, floor, ratio: ours / floor, reach };
}

/** A figure without a floor. */
export function alone(name: string, unit: string, ours: number, reach: number): Figure {
  return { name, unit, ours, floor: undefined, ratio: ours, reach };
}

function gatewayProcess(bench: Bench): Child {
  return new Child([bench.bin, "gateway", "--port", String(bench.port)], bench.env);
}

/** A gateway that has been up for a moment, and a client on it. */
export async function startGateway(bench: Bench): Promise<Child> {
  const child = gatewayProcess(bench);
  child.process.stdout!.resume();
  await waitForPort(bench.port);
  return child;
}

function connectTo({ port, token }: Bench): Promise<Client> {
  return connect({ port, token });
}

export async function startFloor({ here }: Bench): Promise<{ child: Child; port: number }> {
  const child = new Child([CONDITIONS, join(here, "floor-server.ts")]);
  return { child, port: Number(await child.line(/port (\d+)/)) };
}

/** Spawn to first hello-ok, state and compile cache warm. */
export async function startTime(bench: Bench): Promise<Figure> {
  const rounds = bench.quick ? 5 : 15;
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds + 2; round++) {
    floor.push((await timeCommand(NOTHING)).wallMs);
    const startedAt = performance.now();
    await using child = gatewayProcess(bench);
    child.process.stdout!.resume();
    await waitForPort(bench.port);
    const client = await connectTo(bench);
    ours.push(performance.now() - startedAt);
    client.close();
  }
  return against("gateway: spawn to first hello-ok", "ms", {
    ours: median(ours.slice(2)),
    floor: median(floor.slice(2)),
    reach: 2.3,
  });
}

/** Memory of all processes ten seconds after the start. */
export async function idleMemory(bench: Bench): Promise<Figure> {
  await using gateway = await startGateway(bench);
  await using bare = new Child(["-e", "setInterval(() => {}, 1e9)"]);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  return against("gateway: idle memory after 10 s", "MB", {
    ours: rssMb(gateway.pid),
    floor: rssMb(bare.pid),
    reach: 1.5,
  });
}

/** The whole `moltbot health` process. */
export async function healthCommand(bench: Bench): Promise<Figure[]> {
  await using _gateway = await startGateway(bench);
  const rounds = bench.quick ? 8 : 25;
  const ours: { wallMs: number; cpuMs: number }[] = [];
  const floor: typeof ours = [];
  for (let round = 0; round < rounds + 2; round++) {
    floor.push(await timeCommand(NOTHING));
    ours.push(await timeCommand([bench.bin, "health", "--url", `ws://127.0.0.1:${bench.port}`], bench.env));
  }
  const wall = (rows: typeof ours) => median(rows.slice(2).map(({ wallMs }) => wallMs));
  const cpu = (rows: typeof ours) => rows.slice(2).reduce((sum, row) => sum + row.cpuMs, 0) / rounds;
  return [
    against("moltbot health: wall", "ms", { ours: wall(ours), floor: wall(floor), reach: 1.5 }),
    against("moltbot health: CPU", "ms", { ours: cpu(ours), floor: cpu(floor), reach: 1.5 }),
  ];
}

/** CPU time of one request in µs, by `rounds` turns of gateway and floor. */
async function inTurns(
  rounds: number,
  count: number,
  sides: { ours: { pid: number; run: () => Promise<void> }; floor: { pid: number; run: () => Promise<void> } },
): Promise<{ ours: number; floor: number }> {
  const cost = async ({ pid, run }: { pid: number; run: () => Promise<void> }) => {
    const before = cpuMs(pid);
    await run();
    return ((cpuMs(pid) - before) * 1000) / count;
  };
  // The first turn of each is warm-up.
  await cost(sides.floor);
  await cost(sides.ours);
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floor.push(await cost(sides.floor));
    ours.push(await cost(sides.ours));
  }
  return { ours: median(ours), floor: median(floor) };
}

/** CPU of a `health` request, pipelined 64 deep. */
export async function requestCpu(bench: Bench): Promise<Figure> {
  await using gateway = await startGateway(bench);
  const { child: floorChild, port } = await startFloor(bench);
  await using floorProcess = floorChild;
  const client = await connectTo(bench);
  const floor = await connect({ port, token: bench.token });
  await floor.request("floor.payload", { method: "health", payload: await client.request("health") });
  const count = bench.quick ? 20_000 : 60_000;
  const { ours, floor: least } = await inTurns(5, count, {
    ours: { pid: gateway.pid, run: () => client.pipeline("health", count, 64) },
    floor: { pid: floorProcess.pid, run: () => floor.pipeline("health", count, 64) },
  });
  client.close();
  floor.close();
  return against("CPU per health request, 64 deep", "µs", { ours, floor: least, reach: 1.25 });
}

const FAN_OUT_CLIENTS = 200;

/** CPU of one delivered event with 200 receivers. */
export async function fanOutCpu(bench: Bench): Promise<Figure> {
  await using gateway = await startGateway(bench);
  const { child: floorChild, port } = await startFloor(bench);
  await using floorProcess = floorChild;
  const clients: Client[] = [];
  const floors: Client[] = [];
  for (let i = 0; i < FAN_OUT_CLIENTS; i++) {
    clients.push(await connect({ port: bench.port, token: bench.token, mode: "cli" }));
    floors.push(await connect({ port, token: bench.token }));
  }
  const presence = { presence: await clients[0]!.request("system-presence") };
  await floors[0]!.request("floor.payload", { method: "presence", payload: presence });
  // Short turns in many rounds: what else the machine does then meets both sides alike.
  const [rounds, events] = bench.quick ? [5, 200] : [15, 200];
  const { ours, floor: least } = await inTurns(rounds, events * FAN_OUT_CLIENTS, {
    ours: {
      pid: gateway.pid,
      run: () =>
        clients[0]!.pipeline("system-event", events, 8, {
          text: "Node: bench · mode test · reason periodic",
          instanceId: "bench",
        }),
    },
    floor: {
      pid: floorProcess.pid,
      run: () => floors[0]!.pipeline("floor.broadcast", events, 8, { event: "presence" }),
    },
  });
  for (const client of [...clients, ...floors]) client.close();
  return against("CPU per delivered event, 200 receivers", "µs", { ours, floor: least, reach: 1.05 });
}

/** About so large is a presence list or a health snapshot of a household. */
const SINGLE_PAYLOAD_CHARS = 5_000;

/** CPU of one delivered event with 200 receivers, each event sent when the one before has left. */
export async function singleEventCpu(bench: Bench): Promise<Figure> {
  await using gateway = await startGateway(bench);
  const { child: floorChild, port } = await startFloor(bench);
  await using floorProcess = floorChild;
  const clients: Client[] = [];
  const floors: Client[] = [];
  for (let i = 0; i < FAN_OUT_CLIENTS; i++) {
    clients.push(await connect({ port: bench.port, token: bench.token, mode: "cli" }));
    floors.push(await connect({ port, token: bench.token }));
  }
  const beacon = {
    text: "Node: bench · mode test · reason periodic",
    ...{
      instanceId: "bench",
      tags: Array.from({ length: 50 }, (_, i) => `${i} `.padEnd(SINGLE_PAYLOAD_CHARS / 50, "x")),
    },
  };
  await clients[0]!.request("system-event", beacon);
  const presence = { presence: await clients[0]!.request("system-presence") };
  await floors[0]!.request("floor.payload", { method: "presence", payload: presence });
  // Short turns in many rounds: what else the machine does then meets both sides alike.
  const [rounds, events] = bench.quick ? [5, 200] : [15, 200];
  const { ours, floor: least } = await inTurns(rounds, events * FAN_OUT_CLIENTS, {
    ours: { pid: gateway.pid, run: () => clients[0]!.pipeline("system-event", events, 1, beacon) },
    floor: {
      pid: floorProcess.pid,
      run: () => floors[0]!.pipeline("floor.broadcast", events, 1, { event: "presence", ...beacon }),
    },
  });
  for (const client of [...clients, ...floors]) client.close();
  return against("CPU per single event of 5 KB, 200 receivers", "µs", { ours, floor: least, reach: 1 });
}

/** CPU of one handshake with a device signature. */
export async function handshakeCpu(bench: Bench): Promise<Figure> {
  await using gateway = await startGateway(bench);
  const { child: floorChild, port } = await startFloor(bench);
  await using floorProcess = floorChild;
  const device = newDevice();
  const first = await connect({ port: bench.port, token: bench.token, device, mode: "cli" });
  const setup = await connect({ port, token: bench.token });
  await setup.request("floor.payload", { method: "connect", payload: first.hello });
  const count = bench.quick ? 200 : 600;
  const run = (to: number) => async () => {
    for (let i = 0; i < count; i++) (await connect({ port: to, token: bench.token, device, mode: "cli" })).close();
  };
  const { ours, floor: least } = await inTurns(5, count, {
    ours: { pid: gateway.pid, run: run(bench.port) },
    floor: { pid: floorProcess.pid, run: run(port) },
  });
  first.close();
  setup.close();
  return against("CPU per handshake with a device signature", "µs", { ours, floor: least, reach: 1.15 });
}

/** CPU of an agent run over a stub model that streams 1,000 tokens. */
export async function agentRunCpu(bench: Bench, stubUrl: string): Promise<Figure> {
  await using gateway = await startGateway(bench);
  const client = await connectTo(bench);
  const runs = bench.quick ? 10 : 30;
  const ask = (times: number, name: string) =>
    Array.from({ length: times }).reduce<Promise<unknown>>(
      (before, _, index) =>
        before.then(() =>
          client.request("agent", {
            message: "Count.",
            sessionKey: `bench-${name}-${index}`,
            idempotencyKey: `bench-${name}-${index}-${Date.now()}`,
          }),
        ),
      Promise.resolve(),
    );
  await ask(3, "warm");
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < 3; round++) {
    await using reader = new Child([CONDITIONS, join(bench.here, "fetch-floor.ts"), stubUrl, String(runs)]);
    floor.push(Number(await reader.line(/cpu ([\d.]+)/)) / runs);
    const before = cpuMs(gateway.pid);
    await ask(runs, `round${round}`);
    ours.push((cpuMs(gateway.pid) - before) / runs);
  }
  client.close();
  return against("CPU per agent run of 1,000 tokens", "ms", { ours: median(ours), floor: median(floor), reach: 3 });
}

/** Growth of memory over many requests after a warm-up. */
export async function memoryGrowth(bench: Bench): Promise<Figure> {
  await using gateway = await startGateway(bench);
  const client = await connectTo(bench);
  const round = async (count: number) => {
    await client.pipeline("health", count / 2, 64);
    await client.pipeline("status", count / 4, 64);
    await client.pipeline("system-presence", count / 4, 64);
  };
  await round(bench.quick ? 40_000 : 200_000);
  const before = rssMb(gateway.pid);
  await round(bench.quick ? 40_000 : 200_000);
  const growth = rssMb(gateway.pid) - before;
  client.close();
  return alone("memory growth over 200,000 requests", "MB", growth, 10);
}

/** Takes away what the run has written. */
export function cleanUp({ stateDir }: Bench): void {
  rmSync(stateDir, { recursive: true, force: true });
}

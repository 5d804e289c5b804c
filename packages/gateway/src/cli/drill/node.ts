/**
 * The node drill: a machine is a node, programs are asked for on it, and the gateway or the node is killed while they work.
 * At the end each call has one end that says what became of it, and what the programs left behind says that none ran twice.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionClosed, type GatewayClient, ResponseError } from "@moltbot/protocol";
import { ignore } from "../../base/errors.ts";
import { CliError } from "../language/exit.ts";
import { Random } from "./random.ts";
import { type Program, Subject } from "./subject.ts";

export interface NodeDrillOptions {
  readonly kills: number;
  readonly seed: number;
  /** A folder of the drill's own. */
  readonly folder: string;
  readonly program: Program;
  progress(sentence: string): void;
}

/** What the drill has found. */
export interface NodeDrillResult {
  readonly calls: number;
  /** Ended with the node's result. */
  readonly answered: number;
  /** Refused, because nobody had allowed the program. */
  readonly refused: number;
  /** Ended with an error that says that the connection, or what it led to, had gone. */
  readonly broken: number;
  /** Calls that wait for their node and were at work when a kill struck: their state says that nobody knows. */
  readonly unknown: number;
  readonly programs: number;
  /** Calls without an end, and programs that were reported done and did not run. */
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
}

/** One call and what became of it. */
interface Asked {
  readonly name: string;
  /** Whether a person allowed the program. */
  readonly isAllowed: boolean;
  end: "answered" | "refused" | "broken" | "queued" | undefined;
  queuedId?: string;
}

const BURST = 4;
const MAX_PAUSE_MS = 900;
/** A call has so long, ms; what has no end after twice as long is lost. */
const CALL_MS = 15_000;
const SETTLE_LIMIT_MS = 120_000;
const LOOK_EVERY_MS = 50;
/** The kind of calls that wait for a node which is away. */
const WAITS = 3;
const FINAL: ReadonlySet<string> = new Set(["done", "failed", "expired", "cancelled", "unknown"]);
/** What an error says when the connection to the node has gone. */
const SAYS_GONE = /node disconnected|not connected|cancelled|restart|shut|timed out/i;

export async function runNodeDrill(options: NodeDrillOptions): Promise<NodeDrillResult> {
  const { kills, seed, folder, program, progress } = options;
  const random = new Random(seed);
  const port = await freePort();
  await using subject = new Subject({
    ...{ stateDir: join(folder, "state"), program, preloads: [], env: {}, port },
    config: { gateway: { mode: "local", auth: { mode: "token" } }, models: { detectLocal: false } },
  });
  const log = join(folder, "ran");
  subject.launch();
  await subject.client();
  await using node = new DrilledNode({ folder, program, address: await subject.address() });
  node.launch();
  const nodeId = await approved(subject);
  progress("A machine is a node of the gateway.");
  const asked: Asked[] = [];
  const ends: Promise<void>[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const client = await connected(subject, nodeId);
    const calls = new Calls(client, { nodeId, log, random });
    for (let count = 0; count < BURST; count++) ends.push(calls.make(`${kill}-${count}`, asked));
    await sleep(random.below(MAX_PAUSE_MS));
    // Every third kill strikes the node, the others the gateway.
    const victim = kill % 3 === 0 ? node : subject;
    await victim.kill();
    // A node that is away is asked as well: these calls wait for it, and the next kill strikes the gateway while they work.
    if (victim === node) ends.push(calls.make(`${kill}-w`, asked, WAITS));
    progress(`kill ${kill} of ${kills}: ${asked.length} calls so far`);
    await sleep(random.below(MAX_PAUSE_MS / 3));
    victim.launch();
  }
  progress("Waiting until everything has its outcome.");
  await Promise.race([Promise.all(ends), sleep(2 * CALL_MS, undefined, { ref: false })]);
  const client = await connected(subject, nodeId);
  const again = new Calls(client, { nodeId, log, random });
  // Whoever got no answer asks once more under the same key; no program may run again by that.
  for (const each of asked.filter(({ end, isAllowed }) => isAllowed && end === "broken")) await again.repeat(each.name);
  return judge(asked, { states: await settled(client), ran: linesOf(log) });
}

/** Makes calls over one connection, and allows the programs that it asks for. */
class Calls {
  readonly #client: GatewayClient;
  readonly #about: { readonly nodeId: string; readonly log: string; readonly random: Random };
  static readonly #allowing = new WeakSet<GatewayClient>();

  constructor(client: GatewayClient, about: { nodeId: string; log: string; random: Random }) {
    this.#client = client;
    this.#about = about;
    if (Calls.#allowing.has(client)) return;
    Calls.#allowing.add(client);
    client.on("exec.approval.requested", ({ id }) => {
      client
        .request("exec.approval.resolve", { id, decision: "allow-once" })
        .catch((error: unknown) => ignore(error, "the gateway was killed"));
    });
  }

  /** Makes one call; chance decides what it asks for, unless `kind` says it. Never rejects. */
  async make(name: string, asked: Asked[], kind = this.#about.random.below(4)): Promise<void> {
    const isAllowed = kind >= 2;
    const call: Asked = { name, isAllowed, end: undefined };
    const command = this.#program(name);
    asked.push(call);
    try {
      if (isAllowed) await this.#allow(command);
      const waits = kind === WAITS ? { queueForMs: SETTLE_LIMIT_MS } : {};
      const params = kind === 0 ? { bins: ["sh"] } : { command };
      const answer = await this.#invoke(name, kind === 0 ? "system.which" : "system.run", { params, ...waits });
      call.end = answer.queued === undefined ? "answered" : "queued";
      if (answer.queued) call.queuedId = answer.queued.id;
    } catch (error) {
      call.end = endOf(error);
    }
  }

  async repeat(name: string): Promise<void> {
    try {
      await this.#invoke(name, "system.run", { params: { command: this.#program(name) } });
    } catch (error) {
      ignore(error, "nobody allowed it a second time");
    }
  }

  #program(name: string): string[] {
    // It lasts a moment, so that kills strike while it works.
    return ["/bin/sh", "-c", `echo ${name} >> '${this.#about.log}'; sleep 0.${3 + (name.length % 4)}`];
  }

  async #allow(command: readonly string[]): Promise<void> {
    const [file = "", flag = "", script = ""] = command;
    const line = `${file} ${flag} '${script.replaceAll("'", "'\\''")}'`;
    const request = { command: line, cwd: null, host: "node", agentId: null, timeoutMs: CALL_MS };
    await this.#client.request("exec.approval.request", request, { timeoutMs: CALL_MS + 5_000 });
  }

  async #invoke(name: string, command: string, how: { params: object; queueForMs?: number }) {
    const call = { nodeId: this.#about.nodeId, command, timeoutMs: CALL_MS, idempotencyKey: `drill-${name}`, ...how };
    return await this.#client.request("node.invoke", call, { timeoutMs: CALL_MS + 5_000 });
  }
}

function endOf(error: unknown): Asked["end"] {
  if (error instanceof ConnectionClosed) return "broken";
  if (!(error instanceof ResponseError)) return undefined;
  if (error.message.includes("approval required")) return "refused";
  return SAYS_GONE.test(error.message) ? "broken" : undefined;
}

/** The node's process, with a home of its own, killed and started again. */
class DrilledNode implements AsyncDisposable {
  readonly #options: { folder: string; program: Program; address: { url: string; token: string } };
  #child: ChildProcess | undefined;

  constructor(options: { folder: string; program: Program; address: { url: string; token: string } }) {
    this.#options = options;
    mkdirSync(join(options.folder, "node"), { recursive: true, mode: 0o700 });
  }

  launch(): void {
    const { folder, program, address } = this.#options;
    const { PATH, HOME, NODE_OPTIONS = "" } = process.env;
    const words = ["node", "run", "--url", address.url, "--name", "drill", "--browser", "off"];
    this.#child = spawn(program.file, [...program.args, ...words], {
      stdio: "ignore",
      env: {
        ...{ PATH, HOME, NODE_OPTIONS, CLAWDBOT_GATEWAY_TOKEN: address.token },
        MOLTBOT_STATE_DIR: join(folder, "node"),
      },
    });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Approves what the node offers; its id. */
async function approved(subject: Subject): Promise<string> {
  const client = await subject.client();
  return await eventually("The node of the drill did not connect.", async () => {
    const { pending } = await client.request("node.pair.list", {});
    const [request] = pending;
    if (!request) return undefined;
    await client.request("node.pair.approve", { requestId: request.requestId });
    return request.kind === "commands" ? request.nodeId : undefined;
  });
}

/** A connection to the gateway that runs now, once the node has its own. */
async function connected(subject: Subject, nodeId: string): Promise<GatewayClient> {
  return await eventually("The node of the drill did not come back.", async () => {
    const client = await subject.client();
    const { nodes } = await client.request("node.list", {});
    return nodes.some((node) => node.nodeId === nodeId && node.connected) ? client : undefined;
  });
}

/** The states of the calls that waited, once all have their last one. */
async function settled(client: GatewayClient): Promise<ReadonlyMap<string, string>> {
  const limit = AbortSignal.timeout(SETTLE_LIMIT_MS);
  for (;;) {
    const { calls } = await client.request("node.queue.list", {});
    if (limit.aborted || calls.every(({ state }) => FINAL.has(state)))
      return new Map(calls.map(({ id, state }) => [id, state]));
    await sleep(LOOK_EVERY_MS);
  }
}

/** Holds what was answered against what the programs left behind. */
function judge(
  asked: readonly Asked[],
  { states, ran }: { states: ReadonlyMap<string, string>; ran: readonly string[] },
): NodeDrillResult {
  const lost: string[] = [];
  const doubled: string[] = [];
  const stateOf = ({ queuedId }: Asked) => (queuedId === undefined ? undefined : states.get(queuedId));
  for (const call of asked) {
    const { name, end, isAllowed } = call;
    const times = ran.filter((each) => each === name).length;
    const state = stateOf(call);
    const isDone = end === "queued" ? state === "done" : end === "answered";
    const hasEnd = end !== undefined && (end !== "queued" || FINAL.has(state ?? ""));
    if (!hasEnd) lost.push(`${name}: no end`);
    if (isDone && isAllowed && times === 0) lost.push(`${name}: reported done, and did not run`);
    if (times > 1) doubled.push(`${name}: ran ${times} times`);
    if (times > 0 && !isAllowed) doubled.push(`${name}: ran though nobody allowed it`);
  }
  const count = (wanted: Asked["end"]) => asked.filter(({ end }) => end === wanted).length;
  const done = asked.filter((call) => stateOf(call) === "done").length;
  return {
    ...{ calls: asked.length, answered: count("answered") + done, refused: count("refused"), broken: count("broken") },
    unknown: asked.filter((call) => stateOf(call) !== undefined && stateOf(call) !== "done").length,
    ...{ programs: ran.length, lost, doubled },
  };
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n").filter(Boolean);
  } catch (error) {
    ignore(error, "no program has run");
    return [];
  }
}

/** Asks until there is an answer; a connection that ends meanwhile is asked again. */
async function eventually<T>(problem: string, ask: () => Promise<T | undefined>): Promise<T> {
  const limit = AbortSignal.timeout(SETTLE_LIMIT_MS);
  while (!limit.aborted) {
    try {
      const found = await ask();
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof CliError) throw error;
      ignore(error, "the gateway was killed or is not ready yet");
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw new CliError(problem);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

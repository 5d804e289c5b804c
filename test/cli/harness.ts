// Runs the command line as a process, as it is built, on a state folder of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { PROGRAM } from "../support/program.ts";
import { Terminal } from "../support/terminal.ts";
import { LIMIT_MS } from "../support/time-limit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a finished command left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run. */
interface RunOptions {
  readonly env?: Record<string, string>;
  readonly input?: string;
  readonly limitMs?: number;
}

/** A state folder that is removed at the end, and the environment that points there and nowhere else. */
export class Home implements Disposable {
  readonly stateDir = join(mkdtempSync(join(tmpdir(), "moltbot-cli-")), "state");
  readonly #entry: readonly string[];

  constructor(entry: readonly string[] = PROGRAM.args) {
    this.#entry = entry;
  }

  /** The words that start a command. */
  command(args: readonly string[]): string[] {
    return [process.execPath, ...this.#entry, ...args];
  }

  /** The environment of a command, which knows this state folder and no other. */
  env(more: Record<string, string> = {}): Record<string, string> {
    const { PATH = "", HOME = "", NODE_OPTIONS = "" } = process.env;
    return {
      PATH,
      HOME,
      NODE_OPTIONS,
      MOLTBOT_STATE_DIR: this.stateDir,
      NO_COLOR: "1",
      MOLTBOT_CANVAS_PORT: "0",
      ...more,
    };
  }

  /** Starts a command and leaves it running. */
  spawn(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    const [program = "", ...words] = this.command(args);
    return spawn(program, words, { cwd: root, env: this.env(env), stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Starts a command on a terminal of that many columns. */
  terminal(args: readonly string[], columns = 80): Terminal {
    return new Terminal(this.command(args), { columns, env: this.env(), cwd: root });
  }

  /** Runs a command to its end; one that takes a minute, or `limitMs`, is killed. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const child = this.spawn(args, options.env);
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      // What it has started may hold its pipes for longer than any test waits.
      const error = new Error(`waited in vain for the end of: ${args.join(" ")}`);
      for (const pipe of [child.stdout!, child.stderr!]) pipe.destroy(error);
    }, options.limitMs ?? LIMIT_MS);
    child.stdin?.end(options.input ?? "");
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, "close") as Promise<[number | null]>,
    ]);
    clearTimeout(late);
    return { code, stdout, stderr };
  }

  /** Starts a gateway, on a free port unless `args` name one, and resolves when it has printed its address (within a minute); disposing stops it. */
  async gateway(args: readonly string[] = [], env: Record<string, string> = {}): Promise<RunningGateway> {
    const port = args.includes("--port") ? [] : ["--port", "0"];
    const child = this.spawn(["gateway", ...port, ...args], env);
    const errors = text(child.stderr!);
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    for await (const line of createInterface({ input: child.stdout! })) {
      const link = /https?:\/\/\S+/.exec(line)?.[0];
      if (link === undefined) continue;
      clearTimeout(late);
      return new RunningGateway(child, new URL(link), this.stateDir);
    }
    clearTimeout(late);
    throw new Error(`the gateway ended before it was up: ${await errors}`);
  }

  [Symbol.dispose](): void {
    rmSync(join(this.stateDir, ".."), { recursive: true, force: true });
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

/** A gateway process. */
export class RunningGateway implements AsyncDisposable {
  readonly child: ChildProcess;
  /** The link it printed. */
  readonly link: URL;
  readonly #configPath: string;

  constructor(child: ChildProcess, link: URL, stateDir: string) {
    this.#configPath = join(stateDir, "moltbot.json");
    this.child = child;
    this.link = link;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Its address for `--url`. */
  get url(): string {
    return `${this.link.protocol.replace("http", "ws")}//${this.link.host}`;
  }

  /** As the config has it: a link that is not printed to a terminal holds no token. */
  get token(): string {
    return /"token": "([^"]+)"/.exec(readFileSync(this.#configPath, "utf8"))?.[1] ?? "";
  }

  /** Sends a signal and resolves to the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { exitCode, signalCode } = this.child;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const closed = once(this.child, "exit") as Promise<[number | null]>;
    this.child.kill(signal);
    return (await closed)[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }
}

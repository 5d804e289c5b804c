// A gateway that is updated, and builds to update it with: for the tests of updates.

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { currentVersion } from "../../packages/gateway/src/base/update/record.ts";
import { PROGRAM } from "../support/program.ts";
import { LIMIT_MS, within } from "../support/time-limit.ts";
import { freePort, Home } from "./harness.ts";

const main = fileURLToPath(new URL("../../packages/gateway/src/cli/main.ts", import.meta.url));
const auth = { mode: "token", token: "a-long-token-for-the-tests-of-updates" };
/** A start that never answers is given up after 40 s; the rest is the work of a busy machine. */
const UPDATE_MS = 3 * LIMIT_MS;

/** A program that is this gateway under another version's name. */
export const GOOD = `process.execve(process.execPath, [process.execPath, ...${JSON.stringify(PROGRAM.args)}, ...words], process.env);`;

/** As `GOOD`, in a process that keeps the sockets which it was given: a program that is loaded, not executed. */
export const GOOD_HERE = `
  if (words[0] === "gateway") console.error("runs as " + import.meta.url);
  await import(${JSON.stringify(`${pathToFileURL(main).href}?version=`)} + import.meta.url);`;

/** A program that does something else only when it is tried in the gateway's place, not on a copy. */
export const inPlace = (what: string) =>
  `if (words[0] === "gateway" && !words.includes("loopback")) { ${what} } else ${GOOD}`;

/** A program with the real gateway below it. */
export const asChild = (after: string) => `
  const { spawn } = await import("node:child_process");
  const gateway = spawn(process.execPath, [...${JSON.stringify(PROGRAM.args)}, ...words], { stdio: "inherit" });
  process.on("SIGTERM", () => { gateway.kill("SIGKILL"); process.exit(0); });
  process.on("exit", () => gateway.kill("SIGKILL"));
  ${after}`;

/** Does something a moment after the gateway below has begun to answer. */
export const whenUp = (what: string) => `
  const { existsSync } = await import("node:fs");
  while (!existsSync(process.env.MOLTBOT_STATE_DIR + "/gateway.json")) await new Promise((go) => setTimeout(go, 20));
  setTimeout(() => { ${what} }, 500);`;

/** Changes the database, and ends. */
export const migration = (sql: string) => `
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(process.env.MOLTBOT_STATE_DIR + "/state.db");
  db.exec(${JSON.stringify(sql)});
  db.close();
  process.exit(1);`;

/** The text of a package's program. */
export const programText = (program: string) => `const words = process.argv.slice(2);\n${program}\n`;

/** For how long a version is watched where something is to be seen meanwhile. */
export const LONG_WATCH = { watchSeconds: 6 };

export interface StageOptions {
  /** For how long a version is watched; a moment when not said. */
  readonly watchSeconds?: number;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Record<string, string>;
  /** What follows `node` to start the gateway and commands; the built program when not said. */
  readonly program?: readonly string[];
  /** Starts the gateway in another way than as a process of its own. */
  readonly start?: (home: Home, env: Record<string, string>) => Promise<ChildProcess>;
}

async function alone(home: Home, env: Record<string, string>): Promise<ChildProcess> {
  return home.spawn(["gateway", "--port", await freePort()], env);
}

/** A busy machine is slow to answer, ms. */
const PATIENT = ["--timeout", String(LIMIT_MS)];

/** A gateway as a process of its own, with a fixed port. */
export class UpdateStage implements AsyncDisposable {
  readonly home: Home;
  readonly child: ChildProcess;
  readonly #env: Record<string, string>;
  #shown = "";

  private constructor(home: Home, child: ChildProcess, env: Record<string, string>) {
    this.home = home;
    this.child = child;
    this.#env = env;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#shown += text;
      });
  }

  static async start(options: StageOptions = {}): Promise<UpdateStage> {
    const { watchSeconds = 2, config = {}, env = {}, program, start = alone } = options;
    const home = new Home(program);
    mkdirSync(home.stateDir, { recursive: true });
    const all = {
      ...{ gateway: { auth }, update: { watchSeconds, maxMegabytes: 700 }, models: { detectLocal: false } },
      ...config,
    };
    writeFileSync(join(home.stateDir, "moltbot.json"), JSON.stringify(all), { mode: 0o600 });
    const child = await start(home, env);
    const stage = new UpdateStage(home, child, env);
    await within(once(child.stdout!, "data"), "the gateway to start");
    return stage;
  }

  /** What the gateway has printed, for messages of failures. */
  get shown(): string {
    return this.#shown;
  }

  /** The folder of a package; without a program it has no file for it. */
  build(version: string, program: string | undefined): string {
    const folder = join(this.home.stateDir, "..", `build-${version}`);
    mkdirSync(join(folder, "bin"), { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "moltbot", version, type: "module" }));
    if (program === undefined) return folder;
    writeFileSync(join(folder, "bin", "moltbot.mjs"), programText(program));
    chmodSync(join(folder, "bin", "moltbot.mjs"), 0o755);
    return folder;
  }

  /** The version that an update has put in place. */
  get version(): string | undefined {
    return currentVersion(this.home.stateDir);
  }

  async update(...args: readonly string[]) {
    return await this.home.run(["update", ...args], { env: this.#env, limitMs: UPDATE_MS });
  }

  async say(text: string): Promise<void> {
    const { code, stderr } = await this.home.run(["agent", "-m", text, ...PATIENT]);
    assert.equal(code, 0, stderr);
  }

  /** The main conversation. */
  async said(): Promise<string> {
    const { stdout, stderr, code } = await this.home.run(["sessions", "show", "main", "--json", ...PATIENT]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child } = this;
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await within(once(child, "exit"), "the gateway to end");
    this.home[Symbol.dispose]();
  }
}

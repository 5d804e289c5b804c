// An `ssh` for PATH that takes OpenSSH's options, forwards `-L` with node:net, and runs the far command on this machine.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const PROGRAM = `#!${process.execPath}
const { spawn } = require("node:child_process");
const { appendFileSync } = require("node:fs");
const net = require("node:net");
const words = process.argv.slice(2);
appendFileSync(process.env.FAKE_SSH_LOG, JSON.stringify({ pid: process.pid, words }) + "\\n");
process.stderr.write("Warning: this is a fake\\n");
if (process.env.FAKE_SSH_FAILS) {
  process.stderr.write(process.env.FAKE_SSH_FAILS + "\\r\\n");
  process.exit(255);
}
let forward, host;
const rest = [];
for (let at = 0; at < words.length; at++) {
  if (host !== undefined) rest.push(words[at]);
  else if (words[at] === "--") host = words[++at];
  else if (words[at] === "-L") forward = words[++at];
  else if (["-o", "-p", "-i"].includes(words[at])) at++;
}
if (rest.length > 0) {
  const [program, ...others] = JSON.parse(process.env.FAKE_SSH_FAR);
  const env = { ...process.env, MOLTBOT_STATE_DIR: process.env.FAKE_SSH_FAR_STATE };
  spawn(program, [...others, ...rest.slice(1)], { stdio: "inherit", env }).on("exit", (code) => process.exit(code));
} else {
  const [bind, port, to, toPort] = forward.split(":");
  net.createServer((near) => {
    appendFileSync(process.env.FAKE_SSH_LOG, "connection\\n");
    if (process.env.FAKE_SSH_DENIES) {
      process.stderr.write("channel 2: open failed: " + process.env.FAKE_SSH_DENIES + "\\r\\n");
      return near.destroy();
    }
    const far = net.connect(Number(process.env.FAKE_SSH_PORT || toPort), to);
    far.on("error", () => near.destroy());
    near.on("error", () => far.destroy());
    near.pipe(far).pipe(near);
  }).listen(Number(port), bind);
}
`;

/** A folder with the fake; disposing removes it. */
export class FakeSsh implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "moltbot-ssh-"));
  readonly #bin = join(this.#folder, "bin");
  readonly #log = join(this.#folder, "log");

  constructor() {
    mkdirSync(this.#bin);
    writeFileSync(this.#log, "");
    writeFileSync(join(this.#bin, "ssh"), PROGRAM);
    chmodSync(join(this.#bin, "ssh"), 0o700);
  }

  /** The environment with this ssh first on PATH. `port` is where its tunnels end, whatever is asked for; `fails` ends it, `denies` each connection. */
  env({ port = "", fails = "", denies = "" } = {}): Record<string, string> {
    const PATH = `${this.#bin}${delimiter}${process.env.PATH}`;
    return { PATH, FAKE_SSH_LOG: this.#log, FAKE_SSH_PORT: port, FAKE_SSH_FAILS: fails, FAKE_SSH_DENIES: denies };
  }

  /** Each time it ran: its process and its arguments. */
  get runs(): readonly { readonly pid: number; readonly words: readonly string[] }[] {
    return this.#lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** How many connections its tunnels have carried; the first only tries the port. */
  get connections(): number {
    return this.#lines.filter((line) => line === "connection").length;
  }

  get #lines(): string[] {
    return readFileSync(this.#log, "utf8").split("\n");
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

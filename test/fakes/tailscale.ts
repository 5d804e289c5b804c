// A `tailscale` for PATH: status and foreground claims as the real one prints them, kept in a folder.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

const PROGRAM = `#!${process.execPath}
const fs = require("node:fs");
const path = require("node:path");
const folder = path.dirname(path.dirname(process.argv[1]));
const at = (name) => path.join(folder, name);
const read = (name) => JSON.parse(fs.readFileSync(at(name), "utf8"));
const words = process.argv.slice(2).filter((word) => !word.startsWith("--socket="));
const [mode, second, third] = words;
if (mode === "status") {
  process.stdout.write("# Health check: warnings\\n" + JSON.stringify(read("state.json")) + "\\nbye\\n");
} else if (mode === "whois") {
  if (second !== "--json") process.exit(2);
  const answer = read("whois.json")[third];
  if (answer === undefined) {
    process.stderr.write("peer not found\\n");
    process.exit(1);
  }
  process.stdout.write(JSON.stringify(answer));
} else if (second === "status") {
  process.stdout.write(JSON.stringify(fs.existsSync(at("claim.json")) ? { Foreground: { s1: read("claim.json") } } : read("others.json")));
} else if (fs.existsSync(at("refusal"))) {
  process.stderr.write(fs.readFileSync(at("refusal")));
  process.exitCode = 1;
} else {
  const [, , https, target] = words;
  const port = https.replace("--https=", "");
  const web = { ["box.tail1.ts.net:" + port]: { Handlers: { "/": { Proxy: target } } } };
  fs.writeFileSync(at("claim.json"), JSON.stringify({ Web: web, mode: process.argv[2], pid: process.pid }));
  const end = () => { fs.rmSync(at("claim.json"), { force: true }); process.exit(0); };
  process.on("SIGTERM", end);
  setInterval(() => {}, 1_000_000);
}
`;

/** A folder with the fake; disposing removes it. */
export class FakeTailscale implements Disposable {
  #facts: Readonly<Record<string, unknown>> = {};
  readonly #folder = mkdtempSync(join(tmpdir(), "moltbot-tailscale-"));

  constructor() {
    const program = join(this.#folder, "bin", "tailscale");
    mkdirSync(dirname(program));
    writeFileSync(program, PROGRAM);
    chmodSync(program, 0o700);
    this.state = "Running";
    this.#write("others.json", {});
    this.#write("whois.json", {});
  }

  /** Who has which address, as `whois --json` tells: by `IP:0`. */
  set people(answers: Readonly<Record<string, unknown>>) {
    this.#write("whois.json", answers);
  }

  /** What it says of this machine beside its state, over the usual. */
  set machine(facts: Readonly<Record<string, unknown>>) {
    this.#facts = facts;
    this.state = "Running";
  }

  set state(state: string) {
    this.#write("state.json", {
      BackendState: state,
      Self: { DNSName: "Box.tail1.ts.net.", TailscaleIPs: ["100.64.0.1"] },
      CertDomains: ["box.tail1.ts.net"],
      ...this.#facts,
    });
  }

  /** Claims of other programs, as `serve status --json` shows them. */
  set others(status: unknown) {
    this.#write("others.json", status);
  }

  /** What a claim is refused with. */
  set refusal(text: string) {
    writeFileSync(join(this.#folder, "refusal"), text);
  }

  /** The environment with this program first on PATH. */
  get env(): Record<string, string> {
    return { PATH: `${join(this.#folder, "bin")}${delimiter}${process.env.PATH}` };
  }

  /** The claim that stands. */
  get claim(): { mode: string; pid: number; Web: Record<string, unknown> } | undefined {
    const path = join(this.#folder, "claim.json");
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  }

  #write(name: string, value: unknown): void {
    writeFileSync(join(this.#folder, name), JSON.stringify(value));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

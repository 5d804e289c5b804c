/** One claim of an HTTPS port on this machine's tailnet name: the program `tailscale`, in the foreground, as a child. */
import { type ChildProcess, spawn } from "node:child_process";
import { isRecord } from "../../../base/config/config.ts";
import { ignore, TellableError } from "../../../base/errors.ts";
import { isTailnetAddress } from "../../../base/net/address.ts";
import { askJson, commandOf, oneLine, ownEnv, type ProgramContext } from "./program.ts";

/** What is claimed. */
export interface ClaimRequest {
  readonly mode: "serve" | "funnel";
  readonly port: number;
  /** Where requests go. */
  readonly target: string;
}

/** A claim that stands. Disposing ends it. */
export interface Claim extends AsyncDisposable {
  readonly url: string;
  /** What the program said last when it ended. */
  readonly ended: Promise<string>;
}

/** After the machine's start Tailscale itself may take this long, ms. */
const BOOT_MS = 90_000;
const LOOK_EVERY_MS = 500;
/** How long a claim may take, ms. */
const CLAIM_MS = 20_000;
const KEPT_CHARS = 2_000;

/**
 * Runs the program until its input ends, so that a gateway that is killed takes its claim along. A background job of a
 * shell reads from nowhere; the input is kept open under another number.
 */
const GUARD = `exec 3<&0
"$@" </dev/null & claim=$!
(read -r _ <&3; kill "$claim" 2>/dev/null) & watch=$!
wait "$claim"; code=$?
kill "$watch" 2>/dev/null
exit $code`;

/** Makes the claim and waits until it stands. Throws `TellableError` that says why it does not and what to do. */
export async function claim(wanted: ClaimRequest, running: ProgramContext): Promise<Claim> {
  const name = await tailnetName(running);
  const place = `${name}:${wanted.port}`;
  const taken = proxyAt(await served(running), place);
  if (taken !== undefined && taken !== wanted.target)
    throw new TellableError(
      `another program serves https://${place} already; set gateway.tailscale.port to 8443, or take that away with tailscale serve`,
    );
  const held = new Held(wanted, running);
  try {
    const until = running.clock.monotonic() + CLAIM_MS;
    while (!held.isOver && running.clock.monotonic() < until) {
      if (proxyAt(await served(running), place) === wanted.target) {
        const url = wanted.port === 443 ? `https://${name}` : `https://${place}`;
        return { url, ended: held.ended, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
      }
      await Promise.race([held.ended, running.clock.sleep(LOOK_EVERY_MS, running.signal)]);
    }
    throw new TellableError(
      `tailscale ${wanted.mode} made no claim: ${held.isOver ? await held.ended : "it took too long"}`,
    );
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

class Held implements AsyncDisposable {
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  isOver = false;

  constructor({ mode, port, target }: ClaimRequest, running: ProgramContext) {
    const command = commandOf([mode, "--yes", `--https=${port}`, target], running);
    const [program = "", ...args] =
      process.platform === "win32" ? command : ["/bin/sh", "-c", GUARD, "guard", ...command];
    this.#process = spawn(program, args, { env: ownEnv(running.env), stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        said = `${said}${chunk}`.slice(-KEPT_CHARS);
      });
    this.ended = new Promise((resolve) => {
      const over = () => {
        this.isOver = true;
        resolve(oneLine(said));
      };
      this.#process.once("close", over);
      this.#process.once("error", over);
    });
    this.#process.stdin?.on("error", (error) => ignore(error, "the program has ended, which is told"));
  }

  /** The end of its input ends the program; where there is no shell, a signal does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    if (process.platform === "win32") this.#process.kill();
    await this.ended;
  }
}

/** What Tailscale says of this machine. */
export interface Tailnet {
  /** The machine's name, lower case; undefined without MagicDNS. */
  readonly name: string | undefined;
  readonly addresses: readonly string[];
  /** Whether the tailnet gives certificates for the name. */
  readonly hasHttps: boolean;
}

/** This machine in the tailnet. Waits while Tailscale starts. Throws `TellableError` that says why it is in none. */
export async function lookAtTailnet(running: ProgramContext): Promise<Tailnet> {
  const { clock, signal } = running;
  for (const until = clock.monotonic() + BOOT_MS; ; await clock.sleep(LOOK_EVERY_MS, signal)) {
    const { BackendState: state, Self, CertDomains } = await askJson(["status", "--json"], running);
    if (state === "Running") return readTailnet(isRecord(Self) ? Self : {}, CertDomains);
    if (state === "NeedsLogin") throw new TellableError("Tailscale is not signed in; run tailscale up");
    if ((state !== "NoState" && state !== "Starting") || clock.monotonic() > until)
      throw new TellableError("Tailscale does not run; start it, or set gateway.tailscale.mode to off");
  }
}

function readTailnet(self: Record<string, unknown>, certDomains: unknown): Tailnet {
  const name = typeof self.DNSName === "string" ? self.DNSName.replace(/\.$/, "").toLowerCase() : "";
  const ips: readonly unknown[] = Array.isArray(self.TailscaleIPs) ? self.TailscaleIPs : [];
  const addresses = ips.filter((each): each is string => typeof each === "string" && isTailnetAddress(each));
  const hasHttps = Array.isArray(certDomains) && certDomains.length > 0;
  return { name: /^[a-z0-9.-]+$/.test(name) ? name : undefined, addresses, hasHttps };
}

async function tailnetName(running: ProgramContext): Promise<string> {
  const { name } = await lookAtTailnet(running);
  if (name !== undefined) return name;
  throw new TellableError("this machine has no tailnet name; turn MagicDNS on in Tailscale's admin console");
}

function served(running: ProgramContext): Promise<Record<string, unknown>> {
  return askJson(["serve", "status", "--json"], running);
}

/** Where requests to a place go; undefined when nothing is claimed there. A foreground claim is under its session. */
function proxyAt(status: Record<string, unknown>, place: string): string | undefined {
  const sessions = isRecord(status.Foreground) ? Object.values(status.Foreground).filter(isRecord) : [];
  for (const { Web: web } of [status, ...sessions] as readonly Record<string, unknown>[]) {
    const site = isRecord(web) ? web[place] : undefined;
    const root = isRecord(site) && isRecord(site.Handlers) ? site.Handlers["/"] : undefined;
    if (isRecord(root)) return typeof root.Proxy === "string" ? root.Proxy : "";
    if (site !== undefined) return "";
  }
  return undefined;
}

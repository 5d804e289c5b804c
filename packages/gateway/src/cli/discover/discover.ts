/** Finds gateways and shows them, each with the command that uses it. */

import { isRecord } from "../../base/config/config.ts";
import { defined } from "../../base/defined.ts";
import { TellableError } from "../../base/errors.ts";
import { resolveStateDir } from "../../base/files.ts";
import type { DiscoverCall } from "../commands/gateways.ts";
import { CliError, EXIT, usageError } from "../language/exit.ts";
import { readLocalConfig } from "../reach/target.ts";
import { showPin } from "../remote/fingerprint.ts";
import { readNamedGateways } from "../remote/named-gateways.ts";
import { table } from "../terminal/render.ts";
import { type FoundGateway, gatewaysIn, type ReceivedRecord } from "./found.ts";

/** How long it listens by default, ms. */
const LISTEN_MS = 2_000;
const LONGEST_MS = 60_000;

interface Shown extends FoundGateway {
  /** The name under which this machine keeps it. */
  readonly known?: string;
  /** What to type next. */
  readonly next: string;
}

/** Asks, waits, and shows what was told. */
export async function discoverGateways(call: DiscoverCall): Promise<void> {
  const { flags, env, out } = call;
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const ms = flags.timeout ?? LISTEN_MS;
  if (!(ms > 0 && ms <= LONGEST_MS)) throw usageError(`--timeout takes 1 to ${LONGEST_MS} milliseconds.`);
  const told = await out.during("Looking for gateways", ask(call, { stateDir, ms }));
  const gateways = gatewaysIn(told).map((each) => shown(each, stateDir));
  if (flags.json) return out.json({ gateways });
  if (gateways.length === 0) return out.print(NONE);
  const rows = gateways.map(({ name, url, toldPin, known }) => [
    name,
    url,
    known ?? "",
    toldPin === undefined ? "" : `${showPin(toldPin).words.split("-", 2).join("-")}…`,
  ]);
  const columns = [
    { title: "Name", flexible: true },
    { title: "Address" },
    { title: "Known as" },
    { title: "Says of its pin" },
  ];
  out.print(`${table(columns, rows, out)}\n`);
  for (const { next } of gateways) out.raw(next);
  out.note(FORGED);
}

const NONE =
  "No gateway was found. One that listens beyond loopback tells its network (`discovery.mdns.mode`); for others, `moltbot gateway link` over there prints what to type here.";
const FORGED =
  "Anybody in a network can claim all of this. `moltbot connect` shows the pin of what answers there; compare it with `moltbot gateway link` on that machine.";

async function ask(
  { flags, env }: DiscoverCall,
  { stateDir, ms }: { stateDir: string; ms: number },
): Promise<ReceivedRecord[]> {
  const { discovery } = readLocalConfig(stateDir, env);
  const wideArea = isRecord(discovery) && isRecord(discovery.wideArea) ? discovery.wideArea : {};
  const configured = typeof wideArea.domain === "string" ? wideArea.domain : "moltbot.internal";
  const domain = flags.domain ?? (wideArea.enabled === true || flags.dns !== undefined ? configured : undefined);
  const asking = [near(flags.interface, ms, { isAlone: domain === undefined })];
  if (domain !== undefined) {
    const { askNameServer } = await import("./wide-area.ts");
    asking.push(askNameServer({ domain, server: flags.dns, timeoutMs: ms }));
  }
  return (await Promise.all(asking)).flat();
}

/** The local network; where a name server is asked too, a machine without a network still hears that one. */
async function near(
  interfaces: readonly string[],
  ms: number,
  { isAlone }: { isAlone: boolean },
): Promise<ReceivedRecord[]> {
  const { browse } = await import("./browse.ts");
  try {
    return await browse(interfaces, ms);
  } catch (error) {
    if (!(error instanceof TellableError)) throw error;
    if (!isAlone) return [];
    throw new CliError(`${error.message}. Name an interface with --interface.`, EXIT.failed, { cause: error });
  }
}

function shown(found: FoundGateway, stateDir: string): Shown {
  const known = Object.entries(readNamedGateways(stateDir)).find(
    ([, { url, ssh }]) => ssh === undefined && isAt(url, found),
  )?.[0];
  return { ...found, ...defined({ known }), next: nextFor(found, known) };
}

function isAt(url: string, { addresses, host, port }: FoundGateway): boolean {
  const { hostname, port: at } = new URL(url);
  const name = hostname.replace(/^\[|\]$/g, "");
  return Number(at || 443) === port && (name === host || addresses.includes(name));
}

/** Plain ws:// would carry the token in clear, so such a gateway is used through ssh. */
function nextFor({ url, addresses, host }: FoundGateway, known: string | undefined): string {
  if (known !== undefined) return `moltbot status --gateway ${known}`;
  return url.startsWith("wss:") ? `moltbot connect ${url}` : `moltbot connect --ssh USER@${addresses[0] ?? host}`;
}

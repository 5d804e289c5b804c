/** Connects to a gateway for the first time: finds how, shows whom, asks, tries once, and keeps it under a name. */

import { memoryTokens, type TokenStorage } from "@moltbot/protocol";
import { isRecord } from "../../base/config/config.ts";
import { codeOf } from "../../base/errors.ts";
import { resolveStateDir } from "../../base/files.ts";
import type { ConnectCall } from "../commands/connect.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { DEFAULT_TIMEOUT_MS, withGateway } from "../reach/connect.ts";
import { DEFAULT_PORT, refusePlain, type Target } from "../reach/target.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";
import { inWords, namesPin, readPin, showPin } from "./fingerprint.ts";
import { isName, type NamedGateway, readNamedGateways, saveNamed } from "./named-gateways.ts";
import { readSshTarget, type SshRoute, showRoute } from "./ssh-target.ts";

/** Where a gateway is, and what was told of it on the way. */
interface Address {
  readonly url: string;
  readonly pin?: string | undefined;
  readonly code?: string | undefined;
}

/** Connects as the call says. Throws `CliError` when the gateway is not who it should be, or does not let us in. */
export async function connectTo(call: ConnectCall): Promise<ExitCode> {
  const { flags, env, out } = call;
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const ssh = flags.ssh === undefined ? undefined : readSshTarget(flags.ssh, flags["ssh-identity"]);
  const address = await addressOf(call, ssh);
  const name = nameFor(call, { stateDir, url: address.url, ssh });
  refusePlain(address.url, { isAllowed: flags.insecure, ssh });
  const pin = await agreedPin(call, address, ssh);
  refuseOtherPin(name, readNamedGateways(stateDir)[name], pin);
  const { token, password } = flags;
  const target: Target = {
    ...{ url: address.url, token, password, stateDir, ssh, fingerprint: pin },
    ...{ isLocal: false, isExplicit: false },
  };
  const tokens = memoryTokens();
  const version = await withGateway(call, async ({ hello }) => hello.server.version, {
    ...{ target, tokens, invitation: address.code },
  });
  const now = Date.now();
  saveNamed(stateDir, name, {
    url: address.url,
    ...(pin !== undefined && { pin, pinSeenAt: now }),
    ...(ssh && { ssh: showRoute(ssh) }),
    ...(ssh?.identity !== undefined && { sshIdentity: ssh.identity }),
    ...(flags.insecure && { insecure: true }),
    ...{ version, addedAt: now },
    ...(await kept(tokens)),
  });
  if (flags.json) out.json({ name, url: address.url, ssh: ssh ? showRoute(ssh) : null, pin: pin ?? null, version });
  else
    out.print(
      `${name} is moltbot ${version} at ${where(address.url, ssh)}. Use it: \`moltbot status --gateway ${name}\`.`,
    );
  return EXIT.ok;
}

async function kept(tokens: TokenStorage): Promise<Pick<NamedGateway, "tokens">> {
  const operator = await tokens.load("operator");
  return operator === undefined ? {} : { tokens: { operator } };
}

async function addressOf(call: ConnectCall, ssh: SshRoute | undefined): Promise<Address> {
  const { words, flags } = call;
  const given = words[0] ?? flags.url;
  if (given !== undefined) return readAddress(given);
  if (!ssh)
    throw usageError(
      "Say which gateway: the link that `moltbot gateway link` shows there, an address, or --ssh user@host.",
    );
  if (flags.token !== undefined || flags.password !== undefined) return { url: `ws://127.0.0.1:${DEFAULT_PORT}` };
  return await askThere(call, ssh);
}

/** Reads an address, or a link that holds the pin and a code in its fragment. */
function readAddress(text: string): Address {
  const url = URL.parse(text.trim().replace(/^http/i, "ws"));
  if (!url || !/^wss?:$/.test(url.protocol) || url.hostname === "" || url.username !== "") {
    throw usageError("A gateway's address begins with wss:// or ws://, as in wss://host:18789.");
  }
  const told = new URLSearchParams(url.hash.slice(1));
  const pin = told.get("pin");
  const code = told.get("code") ?? undefined;
  url.hash = "";
  if (pin === null) return { url: plain(url), code };
  const read = readPin(pin);
  if (read === undefined || url.protocol !== "wss:")
    throw usageError("This link is damaged; copy it again, whole and in quotes.");
  return { url: plain(url), pin: read, code };
}

/** An address without the slash that stands for no path. */
function plain(url: URL): string {
  return url.href.replace(/\/$/, "");
}

/** Lets the far machine make a one-time code: its token never comes here. */
async function askThere(call: ConnectCall, ssh: SshRoute): Promise<Address> {
  const { flags, env } = call;
  const question = `Run \`moltbot gateway link --json\` on ${showRoute(ssh)}, to get a one-time code from it?`;
  if (!flags.yes && !(canAsk() && (await confirm(question, "yes")))) {
    throw usageError("Pass --yes to get a one-time code from there over ssh, or --token.");
  }
  const { runThere } = await import("./tunnel.ts");
  const timeoutMs = flags.timeout ?? DEFAULT_TIMEOUT_MS;
  const printed = await runThere(ssh, ["moltbot", "gateway", "link", "--json"], { env, timeoutMs });
  const told = readJson(printed);
  const { scheme, port, code, pin } = told ?? {};
  const isComplete = (scheme === "ws" || scheme === "wss") && Number.isInteger(port) && typeof code === "string";
  if (!isComplete)
    throw new CliError(`What runs as \`moltbot\` on ${showRoute(ssh)} gave no link. Update it there, or pass --token.`);
  return { url: `${scheme}://127.0.0.1:${port}`, code, pin: typeof pin === "string" ? readPin(pin) : undefined };
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The pin to accept from now on: as the link has it, or as the gateway shows it and somebody agrees. */
async function agreedPin(
  call: ConnectCall,
  { url, pin }: Address,
  ssh: SshRoute | undefined,
): Promise<string | undefined> {
  const { flags, out } = call;
  const typed = flags["tls-fingerprint"];
  if (!url.startsWith("wss:")) {
    if (typed !== undefined)
      throw usageError(`A TLS fingerprint needs a wss:// address; ${url} has no certificate to check.`);
    return undefined;
  }
  if (pin !== undefined) return pin;
  if (ssh) {
    const given = typed === undefined ? undefined : readPin(typed);
    if (given !== undefined) return given;
    throw usageError("Pass the gateway's pin with --tls-fingerprint; `moltbot gateway link` shows it there.");
  }
  const shown = await lookAt(url, flags.timeout ?? DEFAULT_TIMEOUT_MS);
  if (typed !== undefined) {
    if (shown.pins.some((each) => namesPin(typed, each))) return shown.pins[0];
    throw new CliError(
      `The gateway at ${url} shows another pin than the one you gave: ${inWords(shown.pins[0]!)}. Nothing was sent to it.`,
    );
  }
  if (shown.isTrusted) return undefined;
  const { digits, words } = showPin(shown.pins[0]!);
  out.note(`The gateway at ${new URL(url).host} shows this pin:\n  ${digits}\n  ${words}`);
  out.note("Compare it with what `moltbot gateway link` shows there.");
  if (flags.yes || (canAsk() && (await confirm("Is it the one?", "no")))) return shown.pins[0];
  throw new CliError("Nothing was changed. When the pin is right, pass it with --tls-fingerprint.");
}

/** What a gateway shows: the pin of its key, the pin of its certificate, and whether an authority has signed it. */
export async function lookAt(url: string, timeoutMs: number) {
  const { lookAtCertificate, pinOf } = await import("../reach/pin.ts");
  try {
    const { certificate, isTrusted } = await lookAtCertificate(new URL(url), timeoutMs);
    return { pins: [pinOf(certificate, "key"), pinOf(certificate, "certificate")], isTrusted };
  } catch (error) {
    const why = codeOf(error);
    throw new CliError(
      `No gateway with TLS answers at ${url}${why ? ` (${why})` : ""}. Check the address, and that the gateway runs there.`,
      EXIT.unreachable,
      { cause: error },
    );
  }
}

function nameFor(
  { flags }: ConnectCall,
  { stateDir, url, ssh }: { stateDir: string; url: string; ssh: SshRoute | undefined },
): string {
  const host = ssh ? ssh.host.replace(/^.*@/, "") : new URL(url).hostname;
  const isAddress = /^[\d.]+$|:/.test(host);
  const name = flags.name ?? (isAddress ? host.replace(/[[\]:]+/g, "-").replace(/^-|-$/g, "") : host.split(".", 1)[0]!);
  if (!isName(name))
    throw usageError("A gateway's name is made of letters, digits, dots and dashes; choose one with --name.");
  const known = readNamedGateways(stateDir)[name];
  const isOther = known !== undefined && (known.url !== url || known.ssh !== (ssh && showRoute(ssh)));
  if (!isOther) return name;
  throw usageError(
    `Another gateway is called ${name} here (${known.ssh ?? known.url}). Choose a name with --name, or --forget that one.`,
  );
}

function refuseOtherPin(name: string, known: NamedGateway | undefined, pin: string | undefined): void {
  if (known?.pin === undefined || known.pin === pin) return;
  const shown = pin === undefined ? "none" : inWords(pin);
  throw new CliError(
    `${name} is pinned to another key here.\n  pinned  ${inWords(known.pin)}\n  shown   ${shown}\nWhen its owner confirms the new one, run \`moltbot connect --repin ${name}\`.`,
  );
}

function where(url: string, ssh: SshRoute | undefined): string {
  return ssh ? `${url} through ${showRoute(ssh)}` : url;
}

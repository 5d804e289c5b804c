/** Accepts the new key of a gateway that has a name, once somebody types it as the gateway's own machine shows it. */

import { resolveStateDir } from "../../base/files.ts";
import type { ConnectCall } from "../commands/connect.ts";
import { CliError, EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { DEFAULT_TIMEOUT_MS } from "../reach/connect.ts";
import { ask, canAsk } from "../terminal/prompt.ts";
import { lookAt } from "./connecting.ts";
import { inWords, namesPin } from "./fingerprint.ts";
import { findNamed, saveNamed } from "./named-gateways.ts";

/** Nothing is sent to the gateway; `--yes` does not stand for the pin. Throws `CliError` when what is typed is another one. */
export async function repin({ flags, words, env, out }: ConnectCall, name: string): Promise<ExitCode> {
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  const gateway = findNamed(stateDir, name);
  if (gateway.pin === undefined || gateway.ssh !== undefined) {
    throw usageError(`${name} has no pin that could change; connect to it again with \`moltbot connect\`.`);
  }
  const { pins } = await lookAt(gateway.url, flags.timeout ?? DEFAULT_TIMEOUT_MS);
  const question = `The pin of ${name}, as \`moltbot gateway link\` shows it there: `;
  const typed = pinIn(words[0]) ?? flags["tls-fingerprint"] ?? (canAsk() ? await ask(question) : undefined);
  if (typed === undefined)
    throw usageError("Pass the new pin with --tls-fingerprint; `moltbot gateway link` shows it there.");
  if (!pins.some((pin) => namesPin(typed, pin))) {
    throw new CliError(
      `That is not what ${name} shows: ${inWords(pins[0]!)}. Nothing was changed. If the two stay different, somebody stands between you and the gateway.`,
    );
  }
  const { otherPin: _pin, otherSeenAt: _at, ...others } = gateway;
  saveNamed(stateDir, name, { ...others, pin: pins[0]!, pinSeenAt: Date.now() });
  if (flags.json) out.json({ name, pin: pins[0] });
  else out.print(`${name} is pinned to ${inWords(pins[0]!)} now.`);
  return EXIT.ok;
}

/** The pin in a link; a link that was read from the gateway's own screen is as good as what is typed. */
function pinIn(link: string | undefined): string | undefined {
  const url = link === undefined ? undefined : URL.parse(link);
  return (url && new URLSearchParams(url.hash.slice(1)).get("pin")) ?? undefined;
}

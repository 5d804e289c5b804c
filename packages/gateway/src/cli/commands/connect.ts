/** `moltbot connect` — gives a gateway on another machine a name, with its pin and a device token of its own. */

import { resolveStateDir } from "../../base/files.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { EXIT, type ExitCode, usageError } from "../language/exit.ts";
import { findNamed, saveNamed } from "../remote/named-gateways.ts";

const flags = {
  name: { kind: "text", value: "NAME", summary: "What to call it (the first part of its host name)" },
  yes: { kind: "switch", short: "y", summary: "Trust what it shows, and ask nothing" },
  forget: { kind: "text", value: "NAME", summary: "Forget this gateway and its token", completes: "gateway" },
  repin: { kind: "text", value: "NAME", summary: "Accept the new certificate of this gateway", completes: "gateway" },
} as const;

/** What connecting is given. */
export type ConnectCall = Call<typeof flags>;

export const connect = defineCommand({
  summary: "Use a gateway on another machine",
  positionals: [{ name: "ADDRESS", optional: true }],
  flags,
  examples: [
    "moltbot connect 'wss://host:18789/#pin=…&code=…'",
    "moltbot connect --ssh ann@host --name home",
    "moltbot connect --repin home",
    "moltbot connect --forget home",
  ],
  async run(call): Promise<ExitCode> {
    const { forget, repin, gateway } = call.flags;
    if (gateway !== undefined)
      throw usageError("A gateway is named with --name here; --gateway uses one that has a name.");
    if (forget !== undefined) return forgetGateway(call, forget);
    if (repin !== undefined) return await (await import("../remote/repin.ts")).repin(call, repin);
    return await (await import("../remote/connecting.ts")).connectTo(call);
  },
});

function forgetGateway({ flags, env, out }: ConnectCall, name: string): ExitCode {
  const stateDir = resolveStateDir({ env, profile: flags.profile });
  findNamed(stateDir, name);
  saveNamed(stateDir, name, undefined);
  if (flags.json) out.json({ forgotten: name });
  else out.print(`${name} is forgotten here. Over there, \`moltbot devices remove\` takes this machine's access away.`);
  return EXIT.ok;
}

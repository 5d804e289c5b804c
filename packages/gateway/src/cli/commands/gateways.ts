/** `moltbot gateways` — the gateways that have a name on this machine. */

import { resolveStateDir } from "../../base/files.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { showPin } from "../remote/fingerprint.ts";
import { readNamedGateways } from "../remote/named-gateways.ts";
import { table } from "../terminal/render.ts";

const list = defineCommand({
  summary: "List the gateways that have a name here",
  async run({ flags, env, out }) {
    const known = readNamedGateways(resolveStateDir({ env, profile: flags.profile }));
    // Tokens are for connecting only.
    const gateways = Object.entries(known).map(([name, { tokens: _tokens, ...gateway }]) => ({ name, ...gateway }));
    if (flags.json) return out.json({ gateways });
    if (gateways.length === 0)
      return out.print(
        "No gateway has a name here. `moltbot connect` adds one; `moltbot gateway link` over there says how.",
      );
    const rows = gateways.map(({ name, url, ssh, version = "", pin, otherPin }) => [
      name,
      ssh === undefined ? url : `${url} through ${ssh}`,
      version,
      pin === undefined
        ? ""
        : `${showPin(pin).words.split("-", 2).join("-")}…${otherPin === undefined ? "" : " changed!"}`,
    ]);
    out.print(
      table(
        [{ title: "Name" }, { title: "Address", flexible: true }, { title: "Version" }, { title: "Pin" }],
        rows,
        out,
      ),
    );
  },
});

const discoverFlags = {
  timeout: { kind: "number", value: "MS", summary: "Milliseconds to listen (2000)" },
  interface: { kind: "list", value: "ADDRESS", summary: "Ask only on the interface with this address" },
  domain: { kind: "text", value: "DOMAIN", summary: "Ask name servers about this domain too" },
  dns: { kind: "text", value: "ADDRESS", summary: "The name server to ask (the system's own)" },
} as const;

/** What discovering is given. */
export type DiscoverCall = Call<typeof discoverFlags>;

const discover = defineCommand({
  summary: "Find gateways in the local network, and in a zone of a name server",
  flags: discoverFlags,
  examples: ["moltbot gateways discover", "moltbot gateways discover --domain moltbot.internal --dns 100.64.0.1"],
  run: async (call) => (await import("../discover/discover.ts")).discoverGateways(call),
});

export const gateways = defineGroup({
  summary: "List and find gateways on other machines",
  commands: { list, discover },
  alone: list,
});

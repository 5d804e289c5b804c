/** `moltbot nodes invite` — a link and a QR code by which one browser becomes a node. */

import type { Methods } from "@moltbot/protocol";
import { drawQr } from "../channels/qr.ts";
import { defineCommand } from "../language/command.ts";
import { wordFor } from "../language/word-for.ts";
import { withGateway } from "../reach/connect.ts";
import type { Output } from "../terminal/output.ts";

type Invitation = Methods["node.invite"]["result"];
type Address = Invitation["addresses"][number];

const WHERE: Readonly<Record<Address["reach"], string>> = {
  anywhere: "from everywhere",
  tailnet: "in your tailnet",
  lan: "in your local network",
  here: "on this machine",
};

export const invite = defineCommand({
  summary: "Make a link and a QR code by which a browser becomes a node",
  flags: { name: { kind: "text", value: "NAME", summary: "The node's name (the browser's own)" } },
  examples: ["moltbot nodes invite --name phone"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { out, flags } = call;
      const params = flags.name === undefined ? {} : { displayName: flags.name };
      const invitation = await client.request("node.invite", params, { timeoutMs });
      if (flags.json) return out.json(invitation);
      await show(invitation, out);
    }),
});

/** The link that a camera works under comes first: a page without it is of little use. */
async function show({ addresses, expiresAtMs }: Invitation, out: Output): Promise<void> {
  const [first, ...others] = [...addresses].sort((a, b) => usefulness(b) - usefulness(a));
  if (first === undefined) return out.print("This gateway has no address that a browser reaches; set gateway.bind.");
  const qr = await drawQr(first.url, { colour: out.style.bold("x") !== "x" });
  if (out.isTerminal && qr.width > out.width)
    out.note(
      `The QR code needs ${qr.width} columns and this terminal has ${out.width}. Make it wider, or use the link.`,
    );
  else out.raw(qr.text);
  out.raw(first.url);
  const minutes = Math.max(1, Math.round((expiresAtMs - Date.now()) / 60_000));
  out.print(`Open it ${wordFor(WHERE, first.reach)}. It is good for one browser and ${minutes} minutes.`);
  for (const { url, reach } of others) out.raw(`${wordFor(WHERE, reach)}: ${url}`);
  if (first.reach === "here")
    out.print(
      "Only browsers on this machine reach it. For a phone in your tailnet run `moltbot config set gateway.tailscale.mode serve`, and invite it again.",
    );
  else if (!first.isSecure)
    out.print(
      "Over plain http browsers give no camera, no microphone and no place. Use https: run `moltbot config set gateway.tailscale.mode serve`, or put a certificate in front, and invite it again.",
    );
}

/** Another device before this machine, and there an address under which everything works. */
function usefulness({ reach, isSecure }: Address): number {
  return Number(reach !== "here") * 2 + Number(isSecure);
}

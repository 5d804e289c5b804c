/** `moltbot gateway link` — the address, the pin and a one-time code of a gateway, as one link and a QR code. */

import type { Methods } from "@moltbot/protocol";
import { drawQr } from "../channels/qr.ts";
import type { Call } from "../language/command.ts";
import { wordFor } from "../language/word-for.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { inWords, showPin } from "../remote/fingerprint.ts";

type Reach = Methods["device.invite"]["result"]["addresses"][number]["reach"];

const WHERE: Readonly<Record<Reach, string>> = {
  anywhere: "from everywhere",
  tailnet: "in your tailnet",
  lan: "in your local network",
  here: "on this machine",
};

/** Makes the code and shows it; whoever connects with it first is let in. */
export function showLink(call: Call): Promise<void> {
  return withGateway(call, async (link) => {
    const { client, timeoutMs, dialled } = link;
    const pin = await pinAt(link);
    const { code, expiresAtMs, addresses } = await client.request("device.invite", {}, { timeoutMs });
    const { protocol, port } = new URL(dialled);
    const scheme = protocol.slice(0, -1);
    const farPort = Number(new URL(link.target.url).port || port);
    const links = addresses.map(({ origin, reach }) => {
      const url = origin.replace(/^http/, "ws");
      // A proxy in front shows a certificate of its own.
      const isOurs = scheme === "wss" && Number(new URL(origin).port) === farPort;
      const hash = new URLSearchParams({ ...(isOurs && pin && { pin }), code });
      return { url, reach, link: `${url}/#${hash}` };
    });
    const pins = await pinsTold(link);
    const shown = { pins, scheme, port: farPort, pin: pin ?? null, code, expiresAtMs, addresses: links };
    if (call.flags.json) return call.out.json({ link: links[0]?.link ?? null, ...shown });
    await show(call, shown);
  });
}

async function pinAt({ dialled, target, timeoutMs }: Link): Promise<string | undefined> {
  if (!dialled.startsWith("wss:")) return undefined;
  const { lookAtCertificate, pinOf } = await import("../reach/pin.ts");
  const { certificate, isTrusted } = await lookAtCertificate(new URL(dialled), timeoutMs);
  // The connection that is open was checked; a pin tells whether this look has met that gateway too.
  const isKnown = [pinOf(certificate, "certificate"), pinOf(certificate, "key")].includes(target.fingerprint ?? "");
  return isKnown || isTrusted ? pinOf(certificate, "key") : undefined;
}

/** The pins of the certificate and of those that it has replaced lately; none where the gateway is too old to tell. */
async function pinsTold({ client, hello, timeoutMs }: Link): Promise<Pins> {
  if (!hello.features.methods.includes("discovery.status")) return [];
  return (await client.request("discovery.status", {}, { timeoutMs })).pins;
}

type Pins = Methods["discovery.status"]["result"]["pins"];

interface ShownCertificate {
  readonly pins: Pins;
  readonly pin: string | null;
  readonly expiresAtMs: number;
  readonly addresses: readonly { readonly url: string; readonly reach: Reach; readonly link: string }[];
}

async function show({ out }: Call, { pin, pins, expiresAtMs, addresses }: ShownCertificate): Promise<void> {
  const [first, ...others] = addresses;
  if (first === undefined) return out.print("This gateway has no address that other machines reach; set gateway.bind.");
  const qr = await drawQr(first.link, { colour: out.style.bold("x") !== "x" });
  if (out.isTerminal && qr.width > out.width)
    out.note(
      `The QR code needs ${qr.width} columns and this terminal has ${out.width}. Make it wider, or use the link.`,
    );
  else out.raw(qr.text);
  out.raw(`moltbot connect '${first.link}'`);
  const minutes = Math.max(1, Math.round((expiresAtMs - Date.now()) / 60_000));
  out.print(
    `Run that ${wordFor(WHERE, first.reach)}. It is good for one machine and ${minutes} minutes; whoever has it administers this gateway.`,
  );
  for (const { link, reach } of others) out.raw(`${wordFor(WHERE, reach)}: ${link}`);
  if (pin) {
    const { digits, words } = showPin(pin);
    out.print(`Pin  ${digits}`);
    out.print(`     ${words}`);
    for (const before of pins) {
      if (before.until === undefined || before.key === pin) continue;
      const day = new Date(before.until).toISOString().slice(0, 10);
      out.print(`Its pin was ${inWords(before.key)} before; that is shown here until ${day}.`);
    }
  }
  if (first.reach === "here")
    out.print(
      "Only this machine reaches the gateway. From another one use `moltbot connect --ssh user@host`; docs/remote.md says what else there is.",
    );
}

/** A phone or tablet whose browser becomes a node: a link that is good once, and its QR code. */
import { messageOf } from "../../../../base/errors.ts";
import { drawnQr } from "./drawn-qr.ts";
import { choose, type Services, SKIP, type Steps, tell, type WizardSession } from "./step.ts";

/** Makes the link when it is wanted and another device could open it. */
export async function* invitePhone({ nodes }: Services, { caller }: WizardSession): Steps {
  const yes = {
    value: "yes",
    label: "Yes, show the link",
    hint: "pictures, place, notifications, each with your consent",
  };
  if ((yield* choose("Shall a phone's browser work for the agent?", [SKIP, yes])) !== yes.value) return;
  try {
    const { url, addresses } = nodes.pairing.invitations.link(undefined, caller);
    if (addresses.every(({ reach }) => reach === "here")) {
      return yield* tell(
        "Phones do not reach this gateway",
        "It listens on this machine only. Put `tailscale serve` in front of it, or set gateway.bind, then run `moltbot nodes invite`.",
      );
    }
    yield* tell(
      "Open this on the phone",
      `${await drawnQr(url)}\n${url}\n\nIt is good for one browser and ten minutes.`,
    );
  } catch (error) {
    yield* tell("No link could be made", messageOf(error));
  }
}

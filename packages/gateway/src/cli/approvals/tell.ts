/** Says that a command waits for somebody, while a person talks to the agent and sees only its words. */
import type { GatewayClient } from "@moltbot/protocol";
import type { Output } from "../terminal/output.ts";
import { oneLine } from "./show.ts";

const MAX_CHARS = 200;

/** Tells on stderr of every command that waits, until disposed. `before` makes room on the terminal. */
export function tellOfApprovals(client: GatewayClient, out: Output, before: () => void): Disposable {
  const subscription = client.on("exec.approval.requested", ({ code, id, request }) => {
    before();
    const command = oneLine(request.command, MAX_CHARS);
    out.note(out.style.yellow(`A command waits for you: ${command}`));
    out.note(
      `Elsewhere, \`moltbot approvals approve ${code ?? id}\` runs it and \`deny\` does not; \`show\` tells all of it.`,
    );
  });
  return { [Symbol.dispose]: () => subscription.off() };
}

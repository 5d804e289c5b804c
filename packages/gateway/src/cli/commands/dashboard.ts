/** `moltbot dashboard` — the link that opens WebChat signed in. */

import { type Call, defineCommand } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { dashboardLink, resolveTarget, type Target } from "../reach/target.ts";
import { openInBrowser } from "../terminal/browser.ts";
import { onStop } from "../terminal/stop.ts";

/** Prints the link and opens it in the browser when somebody sits at this terminal. */
export const dashboard = defineCommand({
  summary: "Open WebChat in the browser, signed in",
  flags: { "no-open": { kind: "switch", summary: "Only print the link" } },
  async run(call) {
    const { flags, env, out } = call;
    const target = resolveTarget(flags, env);
    if (target.ssh) return await throughTunnel(call, target);
    await withGateway(call, async () => {}, { mode: "probe", target });
    const page = dashboardLink(target);
    const opened = !flags["no-open"] && !flags.json && out.isTerminal && openInBrowser(page, env);
    if (flags.json) out.json({ url: page });
    else out.raw(page);
    if (opened) out.note("Opened in the browser. Whoever has this link can use your gateway; keep it to yourself.");
    return EXIT.ok;
  },
});

/** A page behind a tunnel works as long as the tunnel stands, so the command stays until Ctrl-C. */
function throughTunnel(call: Call, target: Target): Promise<ExitCode> {
  const { env, out } = call;
  const stay = async ({ dialled, client }: Link): Promise<ExitCode> => {
    const page = dashboardLink({ ...target, url: dialled });
    const ended = Promise.withResolvers<void>();
    using _stop = onStop(ended.resolve);
    out.raw(page);
    if (out.isTerminal) openInBrowser(page, env);
    out.note("The link works until Ctrl-C, which closes the tunnel.");
    client.onState((state) => {
      if (state.kind === "closed") ended.reject(state.reason ?? new CliError("The gateway has ended the connection."));
    });
    await ended.promise;
    return EXIT.ok;
  };
  return withGateway(call, stay, { mode: "probe", target });
}

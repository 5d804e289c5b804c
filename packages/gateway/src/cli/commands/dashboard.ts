/** `moltbot dashboard` — the link that opens WebChat signed in. */

import { openInBrowser } from "../browser.ts";
import { defineCommand } from "../command.ts";
import { withGateway } from "../connect.ts";
import { EXIT } from "../exit.ts";
import { dashboardLink, resolveTarget } from "../target.ts";

/** Prints the link and opens it in the browser when somebody sits at this terminal. */
export const dashboard = defineCommand({
  summary: "Open WebChat in the browser, signed in",
  flags: { "no-open": { kind: "switch", summary: "Only print the link" } },
  async run(call) {
    const { flags, env, out } = call;
    const target = resolveTarget(flags, env);
    await withGateway(call, async () => {}, { mode: "probe", target });
    const page = dashboardLink(target);
    const opened = !flags["no-open"] && !flags.json && out.isTerminal && openInBrowser(page, env);
    if (flags.json) out.json({ url: page });
    else out.raw(page);
    if (opened) out.note("Opened in the browser. Whoever has this link can use your gateway; keep it to yourself.");
    return EXIT.ok;
  },
});

/** `moltbot health` — is the gateway well? */

import { accountName } from "../channels/known.ts";
import { accountsOfHealth, paintOf, problemLines, problemsOf, stateOf } from "../channels/show.ts";
import { backupLines, databaseLines, machineLines } from "../doctor/machine-health.ts";
import { defineCommand } from "../language/command.ts";
import { withGateway } from "../reach/connect.ts";
import { ago, duration } from "../terminal/render.ts";

/** Asks the gateway for its health snapshot. */
export const health = defineCommand({
  summary: "Ask whether the gateway is well",
  flags: { probe: { kind: "switch", summary: "Check the channels now instead of showing the last result" } },
  run: (call) =>
    withGateway(call, async ({ client, hello, target, timeoutMs }) => {
      const params = call.flags.probe ? { probe: true } : {};
      const started = performance.now();
      const result = await client.request("health", params, { timeoutMs });
      const { out } = call;
      if (call.flags.json) return out.json(result);
      const tookMs = performance.now() - started;
      const { database } = result;
      const machine = [...machineLines(result, out), ...databaseLines(database, out), ...backupLines(result, out)];
      const isWell = machine.length === 0;
      const mark = isWell ? out.style.green("●") : database.ok ? out.style.yellow("●") : out.style.red("●");
      out.print(`${mark} The gateway at ${target.url} ${isWell ? "is well" : "answers"}.`);
      out.print(
        out.style.dim(
          `  version ${hello.server.version}, up ${duration(hello.snapshot.uptimeMs)}, answered in ${duration(tookMs)}`,
        ),
      );
      const sessions = result.sessions.count;
      const latest = result.sessions.recent[0];
      const last = latest ? `, the last active ${ago(latest.updatedAt)}` : "";
      out.print(out.style.dim(`  ${sessions} ${sessions === 1 ? "session" : "sessions"}${last}`));
      const accounts = accountsOfHealth(result);
      for (const { label, account } of accounts.filter((each) => problemsOf(each).length === 0)) {
        const dot = paintOf(account.state, out.style)("●");
        out.print(`${dot} ${accountName(label, account.accountId)} is ${stateOf(account)}.`);
      }
      for (const line of [...machine, ...problemLines(accounts, out)]) out.print(line);
    }),
});

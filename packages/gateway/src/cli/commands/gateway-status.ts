/** `moltbot gateway status` — does the gateway of this state folder run, and does it answer? */

import { configPath, fileExists } from "../../base/files.ts";
import type { Call } from "../command.ts";
import { withGateway } from "../connect.ts";
import { CliError, EXIT, type ExitCode } from "../exit.ts";
import { readInstance } from "../instance.ts";
import { duration, facts } from "../render.ts";
import { resolveTarget } from "../target.ts";

/** Shows the process and whether it answers; exit code 3 when nothing does. */
export async function showStatus(call: Call): Promise<ExitCode> {
  const { flags, env, out } = call;
  const target = resolveTarget(flags, env);
  const instance = target.isLocal ? readInstance(target.stateDir) : undefined;
  const answer = await ask(call, target);
  const config = configPath(target.stateDir, env);
  if (flags.json) {
    out.json({ url: target.url, stateDir: target.stateDir, configPath: config, process: instance ?? null, answer });
    return answer.ok ? EXIT.ok : answer.exitCode;
  }
  const { green, red } = out.style;
  const since = instance && `pid ${instance.pid}, since ${duration(Date.now() - instance.startedAt)}`;
  out.print(
    facts(
      [
        ["Address", target.url],
        ["Process", target.isLocal ? (since ?? "not running on this state folder") : undefined],
        ["Answers", answer.ok ? green(`yes, in ${duration(answer.connectMs)}`) : red("no")],
        ["Version", answer.ok ? answer.version : undefined],
        ["Config", fileExists(config) ? config : `${config} (not there yet)`],
        ["State", target.stateDir],
      ],
      out,
    ),
  );
  if (answer.ok) return EXIT.ok;
  out.note(answer.error);
  return answer.exitCode;
}

async function ask(call: Parameters<typeof withGateway>[0], target: ReturnType<typeof resolveTarget>) {
  const startedAt = performance.now();
  try {
    return await withGateway(
      call,
      async ({ client, hello, timeoutMs }) => {
        await client.request("health", {}, { timeoutMs });
        return {
          ok: true,
          connectMs: Math.round(performance.now() - startedAt),
          version: hello.server.version,
        } as const;
      },
      { mode: "probe", target },
    );
  } catch (error) {
    if (error instanceof CliError) return { ok: false, error: error.message, exitCode: error.exitCode } as const;
    throw error;
  }
}

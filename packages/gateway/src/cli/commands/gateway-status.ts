/** `moltbot gateway status` — does the gateway of this state folder run, does it answer, and who keeps it running? */

import { configPath, fileExists } from "../../base/files.ts";
import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { withGateway } from "../reach/connect.ts";
import { readInstance } from "../reach/instance.ts";
import { resolveTarget } from "../reach/target.ts";
import { tailscaleLine } from "../remote/tailscale-line.ts";
import type { scopeFlag } from "../service/flags.ts";
import { missingOf } from "../service/plan.ts";
import type { ServiceState } from "../service/service.ts";
import { lookAtService, programProblems } from "../service/verbs.ts";
import { duration, facts } from "../terminal/render.ts";

/** Shows the process and whether it answers; exit code 3 when nothing does. */
export async function showStatus(call: Call<typeof scopeFlag>): Promise<ExitCode> {
  const { flags, env, out } = call;
  const target = resolveTarget(flags, env);
  const instance = target.isLocal ? readInstance(target.stateDir) : undefined;
  const [answer, service] = await Promise.all([
    ask(call, target),
    target.isLocal ? lookAtService(call, "gateway") : undefined,
  ]);
  const config = configPath(target.stateDir, env);
  if (flags.json) {
    out.json({
      url: target.url,
      stateDir: target.stateDir,
      configPath: config,
      process: instance ?? null,
      answer,
      service: service ?? null,
    });
    return answer.ok ? EXIT.ok : answer.exitCode;
  }
  const { green, red } = out.style;
  const since = instance && `pid ${instance.pid}, since ${duration(Date.now() - instance.startedAt)}`;
  out.print(
    facts(
      [
        ["Address", target.url],
        ["Process", target.isLocal ? (since ?? "not running on this state folder") : undefined],
        ["Service", target.isLocal ? serviceLine(service?.state) : undefined],
        ["Answers", answer.ok ? green(`yes, in ${duration(answer.connectMs)}`) : red("no")],
        ["Tailscale", answer.ok && answer.tailscale ? tailscaleLine(answer.tailscale) : undefined],
        ["Version", answer.ok ? answer.version : undefined],
        ["Config", fileExists(config) ? config : `${config} (not there yet)`],
        ["State", target.stateDir],
      ],
      out,
    ),
  );
  const { state, others = [] } = service ?? {};
  const problems =
    state?.file === undefined ? [] : [...state.problems, ...programProblems(state, missingOf(state.program ?? []))];
  for (const problem of problems) out.note(problem);
  for (const other of others)
    out.note(
      `${other} runs a gateway too; two of them fight over accounts. \`moltbot gateway install --replace\` removes it.`,
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
        const asksTailscale = hello.features.methods.includes("tailscale.status");
        const tailscale = asksTailscale ? await client.request("tailscale.status", {}, { timeoutMs }) : undefined;
        return {
          ok: true,
          connectMs: Math.round(performance.now() - startedAt),
          version: hello.server.version,
          ...(tailscale && tailscale.mode !== "off" && { tailscale }),
        } as const;
      },
      { mode: "probe", target },
    );
  } catch (error) {
    if (error instanceof CliError) return { ok: false, error: error.message, exitCode: error.exitCode } as const;
    throw error;
  }
}

function serviceLine(state: ServiceState | undefined): string {
  if (state === undefined) return "this system has no supervisor that moltbot knows";
  if (state.file === undefined) return "not installed (`moltbot gateway install`)";
  return `${state.supervisor}, ${state.name}: ${state.detail ?? (state.isRunning ? "runs" : "does not run")}`;
}

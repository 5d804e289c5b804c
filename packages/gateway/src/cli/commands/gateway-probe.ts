/** `moltbot gateway probe` — which gateways can be reached from here, and how fast they answer what. */

import type { Call } from "../language/command.ts";
import { CliError, EXIT, type ExitCode } from "../language/exit.ts";
import { errorText } from "../language/failure.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { namesGateway, readLocalConfig, resolveTarget, type Target } from "../reach/target.ts";
import { duration, table } from "../terminal/render.ts";

const CALLS = ["health", "status", "system-presence", "config.get"] as const;
const DEFAULT_PROBE_TIMEOUT_MS = 3_000;

interface Probed {
  readonly kind: string;
  readonly url: string;
  readonly ok: boolean;
  readonly connectMs?: number;
  readonly version?: string;
  readonly calls?: Readonly<Record<string, { readonly ok: boolean; readonly ms: number; readonly error?: string }>>;
  readonly error?: string;
  readonly exitCode?: ExitCode;
}

/** Tries the configured gateway and the remote one, or the one that `--url` names. */
export async function probeGateways(call: Call): Promise<ExitCode> {
  const { flags, out } = call;
  const targets = targetsOf(call);
  const work = Promise.all(targets.map(({ kind, target }) => probeOne(call, { kind, target })));
  const probed = await out.during("Probing", work);
  if (flags.json) out.json({ ok: probed.some(({ ok }) => ok), targets: probed });
  else show(probed, call);
  const reached = probed.find(({ ok }) => ok);
  return reached ? EXIT.ok : (probed[0]?.exitCode ?? EXIT.unreachable);
}

function targetsOf({ flags, env }: Call): { kind: string; target: Target }[] {
  const target = resolveTarget(flags, env);
  if (namesGateway(flags)) return [{ kind: "named", target }];
  const { gateway } = readLocalConfig(target.stateDir, env) as { gateway?: { remote?: { url?: unknown } } };
  const remoteUrl = gateway?.remote?.url;
  if (!target.isLocal || typeof remoteUrl !== "string") return [{ kind: target.isLocal ? "local" : "remote", target }];
  const remote = resolveTarget({ ...flags, url: remoteUrl }, env);
  return [
    { kind: "local", target },
    { kind: "remote", target: remote },
  ];
}

async function probeOne(call: Call, { kind, target }: { kind: string; target: Target }): Promise<Probed> {
  const timeout = call.flags.timeout ?? DEFAULT_PROBE_TIMEOUT_MS;
  const startedAt = performance.now();
  const work = async ({ client, hello, timeoutMs }: Link): Promise<Probed> => {
    const connectMs = performance.now() - startedAt;
    const calls = await Promise.all(
      CALLS.map(async (method) => {
        const askedAt = performance.now();
        const result = await client.request(method as string, {}, { timeoutMs }).then(
          () => ({ ok: true }),
          (error: unknown) => ({ ok: false, error: errorText(error) }),
        );
        return [method, { ...result, ms: Math.round(performance.now() - askedAt) }] as const;
      }),
    );
    const { version } = hello.server;
    return {
      kind,
      url: target.url,
      ok: true,
      connectMs: Math.round(connectMs),
      version,
      calls: Object.fromEntries(calls),
    };
  };
  try {
    return await withGateway({ flags: { ...call.flags, timeout }, env: call.env }, work, { mode: "probe", target });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { kind, url: target.url, ok: false, error: error.message, exitCode: error.exitCode };
  }
}

function show(probed: readonly Probed[], { out }: Call): void {
  const { green, red, dim } = out.style;
  const columns = [
    { title: "Gateway" },
    { title: "Address", flexible: true },
    { title: "Reached", paint: (cell: string, row: number) => (probed[row]?.ok ? green(cell) : red(cell)) },
    { title: "Version" },
  ];
  const rows = probed.map(({ kind, url, ok, connectMs = 0, version = "" }) => [
    kind,
    url,
    ok ? duration(connectMs) : "no",
    version,
  ]);
  out.print(table(columns, rows, out));
  for (const { kind, calls = {}, error } of probed) {
    const errorText = Object.entries(calls).map(
      ([method, { ok, ms }]) => `${method} ${ok ? duration(ms) : red("refused")}`,
    );
    if (errorText.length > 0) out.print(dim(`${kind}: ${errorText.join(", ")}`));
    if (error) out.note(error);
  }
}

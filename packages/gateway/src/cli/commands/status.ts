/** `moltbot status` — what the gateway is doing: who is connected, which conversations live, which channels are linked. */

import type { Methods, PresenceEntry } from "@moltbot/protocol";
import { accountName, readChannels } from "../channels/known.ts";
import { accountsOf, type NamedAccount, paintOf, problemLines, stateOf } from "../channels/show.ts";
import { backupLines, databaseLines, machineLines } from "../doctor/machine-health.ts";
import { type Call, defineCommand } from "../language/command.ts";
import { briefKey } from "../language/names.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { tailscaleLine } from "../remote/tailscale-line.ts";
import { ago, duration, facts, printable, table } from "../terminal/render.ts";

/** Shows the whole picture on one screen. */
export const status = defineCommand({
  summary: "Show what the gateway is doing",
  page: "overview",
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const has = (method: string) => link.hello.features.methods.includes(method);
      const [summary, presence, known, canvas, tailscale] = await Promise.all([
        client.request("status", {}, { timeoutMs }),
        client.request("system-presence", {}, { timeoutMs }),
        readChannels(link),
        // Gateways of earlier versions do not have it.
        has("canvas.status") ? client.request("canvas.status", {}, { timeoutMs }) : undefined,
        has("tailscale.status") ? client.request("tailscale.status", {}, { timeoutMs }) : undefined,
      ]);
      if (call.flags.json)
        return call.out.json({
          ...summary,
          machine: link.hello.snapshot.health.machine,
          presence,
          channels: known.channelAccounts,
          canvas,
          tailscale,
        });
      const accounts = accountsOf(known);
      showGateway(call, link, { ...summary, accounts, tailscale });
      const problems = [
        ...machineLines(link.hello.snapshot.health, call.out),
        ...databaseLines(summary.database, call.out),
        ...backupLines(link.hello.snapshot.health, call.out),
        ...problemLines(accounts, call.out),
        ...(canvas?.problems ?? []).map((problem) => `${call.out.style.yellow("●")} Canvas: ${printable(problem)}.`),
      ];
      if (problems.length > 0) call.out.print(`\n${problems.join("\n")}`);
      showSessions(call, link, summary.sessions.recent);
      showPresence(call, presence);
    }),
});

type Out = Pick<Call, "out">;

interface Summary {
  readonly sessions: { readonly count: number; readonly defaults: { readonly model?: string | null } };
  readonly heartbeat: { readonly agents: readonly { readonly enabled: boolean; readonly every: string }[] };
  readonly accounts: readonly NamedAccount[];
  readonly tailscale: Methods["tailscale.status"]["result"] | undefined;
}

function showGateway({ out }: Out, { hello, target }: Link, summary: Summary): void {
  const { green, dim } = out.style;
  const { tailscale } = summary;
  const beat = summary.heartbeat.agents.find(({ enabled }) => enabled);
  out.print(
    facts(
      [
        [
          "Gateway",
          `${green("●")} ${target.url} ${dim(`version ${hello.server.version}, up ${duration(hello.snapshot.uptimeMs)}`)}`,
        ],
        ["Model", summary.sessions.defaults.model ?? "none connected; see `moltbot models list`"],
        ["Sessions", String(summary.sessions.count)],
        ["Tailscale", tailscale && tailscale.mode !== "off" ? printable(tailscaleLine(tailscale)) : undefined],
        ["Heartbeat", beat && `every ${beat.every}`],
        ...summary.accounts.map(
          ({ label, account }, at) =>
            [
              at === 0 ? "Channels" : "",
              `${paintOf(account.state, out.style)("●")} ${accountName(label, account.accountId)} ${dim(stateOf(account))}`,
            ] as const,
        ),
      ],
      out,
    ),
  );
}

interface Session {
  readonly key: string;
  readonly updatedAt: number | null;
  readonly model: string | null;
  readonly percentUsed?: number | null;
}

function showSessions({ out }: Out, link: Link, sessions: readonly Session[]): void {
  if (sessions.length === 0) return;
  const columns = [
    { title: "Session" },
    { title: "Active" },
    { title: "Model", flexible: true },
    { title: "Context", align: "right" as const },
  ];
  const rows = sessions.map(({ key, updatedAt, model, percentUsed }) => [
    briefKey(key, link),
    ago(updatedAt),
    model ?? "",
    typeof percentUsed === "number" ? `${percentUsed} %` : "",
  ]);
  out.print(`\n${table(columns, rows, out)}`);
}

function showPresence({ out }: Out, presence: readonly PresenceEntry[]): void {
  const present = presence.filter(({ reason }) => reason !== "disconnect");
  const columns = [
    { title: "Connected", flexible: true },
    { title: "Mode" },
    { title: "Version" },
    { title: "Platform" },
    { title: "Seen" },
  ];
  const rows = present.map(({ host, text, mode, version, platform, ts }) => [
    host ?? text ?? "",
    mode ?? "",
    version ?? "",
    platform ?? "",
    ago(ts),
  ]);
  out.print(`\n${table(columns, rows, out)}`);
}

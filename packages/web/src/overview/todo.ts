// What waits for a person, as a list: each with its words and what its button does. Pure functions.

import type { Facts } from "./facts.ts";

/** Something to do. `label` stands on its button. */
export type Todo = {
  /** Tells it from the others. */
  readonly id: string;
  readonly title: string;
  /** What stands between back-ticks is shown as code. */
  readonly text: string;
  readonly label: string;
} & (
  | { readonly kind: "approval"; readonly sessionKey: string | undefined }
  | { readonly kind: "sender"; readonly channel: string; readonly code: string }
  | { readonly kind: "device" | "node"; readonly requestId: string }
  | { readonly kind: "page"; readonly page: string; readonly rest?: string }
  | { readonly kind: "backup" }
  | { readonly kind: "update"; readonly version: string }
);

/** Used so much, a budget is something to look at, in percent. */
const BUDGET_PERCENT = 80;
/** A backup that is this late is too old: the next was due so long ago, ms. */
const LATE_MS = 24 * 3_600_000;

/** The list, the most urgent first. */
export function todosOf(facts: Facts, now = Date.now()): Todo[] {
  return [...people(facts), ...accounts(facts), ...budgets(facts), ...machine(facts, now)];
}

function people({ approvals = [], senders, devices, nodes }: Facts): Todo[] {
  return [
    ...approvals.map(
      ({ id, request }): Todo => ({
        ...{ kind: "approval", id: `approval ${id}`, title: "A command waits for your approval", label: "Look at it" },
        ...{ text: `\`${request.command}\``, sessionKey: request.sessionKey ?? undefined },
      }),
    ),
    ...(senders?.pending ?? []).map(
      ({ channel, id, name, code }): Todo => ({
        ...{ kind: "sender", id: `sender ${channel} ${code}`, label: "Let in", channel, code },
        ...{
          title: `${name ?? id} wants to write to the agent`,
          text: `On ${capital(channel)}, with the code ${code}.`,
        },
      }),
    ),
    ...(devices?.pending ?? []).map(
      ({ requestId, displayName, deviceId, scopes = [], remoteIp }): Todo => ({
        ...{ kind: "device", id: `device ${requestId}`, requestId, label: "Approve" },
        title: `${displayName ?? deviceId.slice(0, 12)} wants to connect`,
        text: `It asks for ${scopes.length === 0 ? "nothing beyond its role" : scopes.map(scopeWords).join(", ")}${remoteIp === undefined ? "" : `, from ${remoteIp}`}.`,
      }),
    ),
    ...(nodes?.pending ?? []).map(
      ({ requestId, displayName, nodeId, commands = [] }): Todo => ({
        ...{ kind: "node", id: `node ${requestId}`, requestId, label: "Approve" },
        title: `${displayName ?? nodeId.slice(0, 12)} wants to be a node`,
        text:
          commands.length === 0
            ? "It offers no commands yet."
            : `It offers ${commands.map((each) => `\`${each}\``).join(", ")}.`,
      }),
    ),
  ];
}

function accounts({ channels }: Facts): Todo[] {
  if (channels === undefined) return [];
  return Object.entries(channels.channelAccounts).flatMap(([channel, list]) =>
    list.flatMap(({ accountId, enabled, state, problem, linked, unknown }): Todo[] => {
      const name = `${channels.channelLabels[channel] ?? channel}${accountId === "default" ? "" : ` ${accountId}`}`;
      const at = { kind: "page", page: "channels", rest: channel, label: "Open Channels" } as const;
      const isWaiting = state === "unconfigured" && linked === false;
      const isBad = enabled && (state === "failed" || state === "unconfigured");
      const failure = {
        ...at,
        id: `account ${channel} ${accountId}`,
        title: `${name} ${isWaiting ? "is not linked" : "does not work"}`,
      };
      const doubt = {
        ...at,
        id: `doubt ${channel} ${accountId}`,
        title: `${unknown} message${unknown === 1 ? "" : "s"} on ${name} may not have been sent`,
      };
      return [
        ...(isBad ? [{ ...failure, text: problem?.message ?? "Its page says what is missing." }] : []),
        ...(unknown > 0
          ? [{ ...doubt, text: "The connection broke on the way. Look, then send again or discard." }]
          : []),
      ];
    }),
  );
}

function budgets({ usage }: Facts): Todo[] {
  return (usage?.budgets ?? [])
    .filter(({ usedPercent }) => usedPercent >= BUDGET_PERCENT)
    .map(({ setting, usedPercent, used, limit, unit }) => ({
      ...{ kind: "page", id: `budget ${setting} ${unit}`, page: "usage", label: "Open Usage" },
      title: usedPercent >= 100 ? "A budget is used up" : `A budget is used to ${Math.round(usedPercent)} %`,
      text: `\`${setting}\`: ${unit === "usd" ? `${used.toFixed(2)} of ${limit} USD` : `${used} of ${limit} tokens`}.`,
    }));
}

function machine({ health, update }: Facts, now: number): Todo[] {
  const { config, machine: box, backup } = health ?? {};
  const isLate = backup?.off !== true && backup?.nextAt !== undefined && now - backup.nextAt > LATE_MS;
  return [
    ...(config?.valid === false
      ? [
          page(
            "config",
            "settings",
            "The config file has a mistake; the last good copy is in force",
            config.problem ?? "",
          ),
        ]
      : []),
    ...(box?.trouble === undefined
      ? []
      : [page("trouble", "logs", "The gateway’s machine is in trouble", box.trouble)]),
    ...(box?.disk === undefined
      ? []
      : [
          page(
            "disk",
            "logs",
            "The disk is almost full",
            `${Math.round(box.disk.freeBytes / 1e6)} MB are free. \`moltbot state\` says what takes the room.`,
          ),
        ]),
    ...(backup?.problem !== undefined || isLate
      ? [
          {
            ...{ kind: "backup" as const, id: "backup", label: "Make one now" },
            title: backup?.problem === undefined ? "The newest backup is too old" : "The last backup could not be made",
            text: backup?.problem ?? "None was made when it was due.",
          },
        ]
      : []),
    ...(update?.isNewer
      ? [
          {
            ...{ kind: "update" as const, id: "update", version: update.newest, label: "Update…" },
            title: `Version ${update.newest} is there`,
            text: `This gateway runs ${update.version}.`,
          },
        ]
      : []),
  ];
}

function page(id: string, to: string, title: string, text: string): Todo {
  return { kind: "page", id, page: to, title, text, label: to === "settings" ? "Open Settings" : "Open Logs" };
}

/** What a scope lets its holder do. */
export function scopeWords(scope: string): string {
  const words: Readonly<Record<string, string>> = {
    "operator.admin": "everything",
    "operator.read": "reading",
    "operator.write": "writing",
    "operator.approvals": "approving commands",
    "operator.pairing": "letting others in",
  };
  return words[scope] ?? scope;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

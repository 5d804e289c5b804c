// What waits for a person, as a list: each with its words and what its button does. Pure functions.

import { numbers } from "../words/formatters.ts";
import { plural, t } from "../words/t.ts";
import type { Facts } from "./facts.ts";

/** Something to do. `label` is on its button. */
export type Todo = {
  /** Tells it from the others. */
  readonly id: string;
  readonly title: string;
  /** What is between back-ticks is shown as code. */
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
const cents = numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
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
        ...{
          kind: "approval",
          id: `approval ${id}`,
          title: t("A command waits for your approval"),
          label: t("Look at it"),
        },
        ...{ text: `\`${request.command}\``, sessionKey: request.sessionKey ?? undefined },
      }),
    ),
    ...(senders?.pending ?? []).map(
      ({ channel, id, name, code }): Todo => ({
        ...{ kind: "sender", id: `sender ${channel} ${code}`, label: t("Let in"), channel, code },
        ...{
          title: t("{0} wants to write to the agent", name ?? id),
          text: t("On {0}, with the code {1}.", capital(channel), code),
        },
      }),
    ),
    ...(devices?.pending ?? []).map(
      ({ requestId, displayName, deviceId, scopes = [], remoteIp }): Todo => ({
        ...{ kind: "device", id: `device ${requestId}`, requestId, label: t("Approve") },
        title: t("{0} wants to connect", displayName ?? deviceId.slice(0, 12)),
        text: t(
          "It asks for {0}{1}.",
          scopes.length === 0 ? t("nothing beyond its role") : scopes.map(scopeWords).join(", "),
          remoteIp === undefined ? "" : t(", from {0}", remoteIp),
        ),
      }),
    ),
    ...(nodes?.pending ?? []).map(
      ({ requestId, displayName, nodeId, commands = [] }): Todo => ({
        ...{ kind: "node", id: `node ${requestId}`, requestId, label: t("Approve") },
        title: t("{0} wants to be a node", displayName ?? nodeId.slice(0, 12)),
        text:
          commands.length === 0
            ? t("It offers no commands yet.")
            : t("It offers {0}.", commands.map((each) => `\`${each}\``).join(", ")),
      }),
    ),
  ];
}

function accounts({ channels }: Facts): Todo[] {
  if (channels === undefined) return [];
  return Object.entries(channels.channelAccounts).flatMap(([channel, list]) =>
    list.flatMap(({ accountId, enabled, state, problem, linked, unknown }): Todo[] => {
      const name = `${channels.channelLabels[channel] ?? channel}${accountId === "default" ? "" : ` ${accountId}`}`;
      const at = { kind: "page", page: "channels", rest: channel, label: t("Open Channels") } as const;
      const isWaiting = state === "unconfigured" && linked === false;
      const isBad = enabled && (state === "failed" || state === "unconfigured");
      const failure = {
        ...at,
        id: `account ${channel} ${accountId}`,
        title: isWaiting ? t("{0} is not linked", name) : t("{0} does not work", name),
      };
      const doubt = {
        ...at,
        id: `doubt ${channel} ${accountId}`,
        title: plural(
          unknown,
          "{0} message on {1} may not have been sent",
          "{0} messages on {1} may not have been sent",
          name,
        ),
      };
      return [
        ...(isBad ? [{ ...failure, text: problem?.message ?? t("Its page says what is missing.") }] : []),
        ...(unknown > 0
          ? [{ ...doubt, text: t("The connection broke on the way. Look, then send again or discard.") }]
          : []),
      ];
    }),
  );
}

function budgets({ usage }: Facts): Todo[] {
  return (usage?.budgets ?? [])
    .filter(({ usedPercent }) => usedPercent >= BUDGET_PERCENT)
    .map(({ setting, usedPercent, used, limit, unit }) => ({
      ...{ kind: "page", id: `budget ${setting} ${unit}`, page: "usage", label: t("Open Usage") },
      title: usedPercent >= 100 ? t("A budget is used up") : t("A budget is used to {0} %", Math.round(usedPercent)),
      text: `\`${setting}\`: ${unit === "usd" ? t("{0} of {1} USD", cents.format(used), limit) : t("{0} of {1} tokens", used, limit)}.`,
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
            t("The config file has a mistake; the last good copy is in force"),
            config.problem ?? "",
          ),
        ]
      : []),
    ...(box?.trouble === undefined
      ? []
      : [page("trouble", "logs", t("The gateway’s machine is in trouble"), box.trouble)]),
    ...(box?.disk === undefined
      ? []
      : [
          page(
            "disk",
            "logs",
            t("The disk is almost full"),
            t("{0} MB are free. `moltbot state` says what takes the room.", Math.round(box.disk.freeBytes / 1e6)),
          ),
        ]),
    ...(backup?.problem !== undefined || isLate
      ? [
          {
            ...{ kind: "backup" as const, id: "backup", label: t("Make one now") },
            title:
              backup?.problem === undefined
                ? t("The newest backup is too old")
                : t("There is trouble with the backups"),
            text: backup?.problem ?? t("None was made when it was due."),
          },
        ]
      : []),
    ...(update?.isNewer
      ? [
          {
            ...{ kind: "update" as const, id: "update", version: update.newest, label: t("Update…") },
            title: t("Version {0} is there", update.newest),
            text: t("This gateway runs {0}.", update.version),
          },
        ]
      : []),
  ];
}

function page(id: string, to: string, title: string, text: string): Todo {
  return { kind: "page", id, page: to, title, text, label: to === "settings" ? t("Open Settings") : t("Open Logs") };
}

/** What a scope lets its holder do. */
export function scopeWords(scope: string): string {
  const words: Readonly<Record<string, string>> = {
    "operator.admin": t("everything"),
    "operator.read": t("reading"),
    "operator.write": t("writing"),
    "operator.approvals": t("approving commands"),
    "operator.pairing": t("letting others in"),
  };
  return words[scope] ?? scope;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

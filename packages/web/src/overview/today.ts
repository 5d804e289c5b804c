// The last 24 hours: four figures, and a bar for each hour.

import type { SystemHoursResult, UsageStatusResult } from "@moltbot/protocol";
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { clockTime } from "../time.ts";
import { numbers } from "../words/formatters.ts";
import { t } from "../words/t.ts";

type Hours = SystemHoursResult["hours"];

/** A figure with its name, and what is in small letters beneath it. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly isBad: boolean;
}

const cents = numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = numbers({ notation: "compact", maximumFractionDigits: 1 });
const BAR_PX = 12;
const HEIGHT_PX = 56;

/** Messages, runs, tokens with their cost, and errors. */
export function figures(hours: Hours, usage: UsageStatusResult["today"] | undefined): Figure[] {
  const sum = (key: Exclude<keyof Hours[number], "at">) => hours.reduce((total, hour) => total + hour[key], 0);
  const [lost, failed] = [sum("lost"), sum("failed")];
  return [
    {
      name: t("Messages"),
      value: t("{0} in, {1} out", compact.format(sum("in")), compact.format(sum("out"))),
      more: lost === 0 ? t("none lost") : t("{0} lost", lost),
      isBad: lost > 0,
    },
    { name: t("Runs"), value: compact.format(sum("runs")), more: t("asked of the agent"), isBad: false },
    { name: t("Tokens today"), value: compact.format(usage?.totalTokens ?? 0), more: costOf(usage), isBad: false },
    {
      name: t("Errors"),
      value: compact.format(failed),
      more: failed === 0 ? t("no run failed") : t("runs that failed"),
      isBad: failed > 0,
    },
  ];
}

function costOf(usage: UsageStatusResult["today"] | undefined): string {
  if (usage === undefined || usage.totalTokens === 0) return t("nothing spent");
  const cost = t("{0} USD", cents.format(usage.totalCost));
  return usage.missingCostEntries > 0 ? t("{0}, some prices unknown", cost) : cost;
}

/** A bar for each hour: messages and runs; what went wrong is on top in red. */
export function strip(hours: Hours): TemplateResult {
  const sizeOf = (hour: Hours[number]) => hour.in + hour.out + hour.runs + hour.lost + hour.failed;
  const most = Math.max(1, ...hours.map(sizeOf));
  const busiest = hours.find((hour) => sizeOf(hour) === most);
  const says =
    busiest === undefined ? t("Nothing happened.") : t("Most happened in the hour from {0}.", clockTime(busiest.at));
  const width = hours.length * BAR_PX;
  return html`<figure class="strip">
    <svg viewBox=${`0 0 ${width} ${HEIGHT_PX}`} preserveAspectRatio="none" role="img" aria-label=${t("Activity of each of the last {0} hours. {1}", hours.length, says)}>
      ${hours.map((hour, at) => bar(hour, at * BAR_PX, (HEIGHT_PX - 4) / most))}
    </svg>
    <figcaption class="meta"><span>${clockTime(hours[0]?.at ?? 0)}</span><span>now</span></figcaption>
  </figure>`;
}

function bar({ at, in: came, out, runs, lost, failed }: Hours[number], x: number, unit: number): SVGTemplateResult {
  const [good, bad] = [(came + out + runs) * unit, (lost + failed) * unit];
  const y = HEIGHT_PX - 2 - good;
  return svg`<g>
    <title>${t("{0}: {1} in, {2} out, {3} runs, {4} errors", clockTime(at), came, out, runs, lost + failed)}</title>
    <rect class="ground" x=${x + 1} y=${HEIGHT_PX - 2} width=${BAR_PX - 2} height="2" />
    <rect class="work" x=${x + 1} y=${y} width=${BAR_PX - 2} height=${good} />
    <rect class="bad" x=${x + 1} y=${y - bad} width=${BAR_PX - 2} height=${bad} />
  </g>`;
}

// The last 24 hours: four figures, and a bar for each hour.

import type { SystemHoursResult, UsageStatusResult } from "@moltbot/protocol";
import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { clockTime } from "../time.ts";

type Hours = SystemHoursResult["hours"];

/** A figure with its name, and what stands in small letters beneath it. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly more: string;
  readonly isBad: boolean;
}

const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const BAR_PX = 12;
const HEIGHT_PX = 56;

/** Messages, runs, tokens with their cost, and errors. */
export function figures(hours: Hours, usage: UsageStatusResult["today"] | undefined): Figure[] {
  const sum = (key: Exclude<keyof Hours[number], "at">) => hours.reduce((total, hour) => total + hour[key], 0);
  const [lost, failed] = [sum("lost"), sum("failed")];
  return [
    {
      name: "Messages",
      value: `${compact.format(sum("in"))} in, ${compact.format(sum("out"))} out`,
      more: lost === 0 ? "none lost" : `${lost} lost`,
      isBad: lost > 0,
    },
    { name: "Runs", value: compact.format(sum("runs")), more: "asked of the agent", isBad: false },
    { name: "Tokens today", value: compact.format(usage?.totalTokens ?? 0), more: costOf(usage), isBad: false },
    {
      name: "Errors",
      value: compact.format(failed),
      more: failed === 0 ? "no run failed" : "runs that failed",
      isBad: failed > 0,
    },
  ];
}

function costOf(usage: UsageStatusResult["today"] | undefined): string {
  if (usage === undefined || usage.totalTokens === 0) return "nothing spent";
  const cost = `${usage.totalCost.toFixed(2)} USD`;
  return usage.missingCostEntries > 0 ? `${cost}, some prices unknown` : cost;
}

/** A bar for each hour: messages and runs; what went wrong stands on top in red. */
export function strip(hours: Hours): TemplateResult {
  const sizeOf = (hour: Hours[number]) => hour.in + hour.out + hour.runs + hour.lost + hour.failed;
  const most = Math.max(1, ...hours.map(sizeOf));
  const busiest = hours.find((hour) => sizeOf(hour) === most);
  const says = busiest === undefined ? "Nothing happened." : `Most happened in the hour from ${clockTime(busiest.at)}.`;
  const width = hours.length * BAR_PX;
  return html`<figure class="strip">
    <svg viewBox=${`0 0 ${width} ${HEIGHT_PX}`} preserveAspectRatio="none" role="img" aria-label=${`Activity of each of the last ${hours.length} hours. ${says}`}>
      ${hours.map((hour, at) => bar(hour, at * BAR_PX, (HEIGHT_PX - 4) / most))}
    </svg>
    <figcaption class="meta"><span>${clockTime(hours[0]?.at ?? 0)}</span><span>now</span></figcaption>
  </figure>`;
}

function bar({ at, in: came, out, runs, lost, failed }: Hours[number], x: number, unit: number): SVGTemplateResult {
  const [good, bad] = [(came + out + runs) * unit, (lost + failed) * unit];
  const y = HEIGHT_PX - 2 - good;
  return svg`<g>
    <title>${`${clockTime(at)}: ${came} in, ${out} out, ${runs} runs, ${lost + failed} errors`}</title>
    <rect class="ground" x=${x + 1} y=${HEIGHT_PX - 2} width=${BAR_PX - 2} height="2" />
    <rect class="work" x=${x + 1} y=${y} width=${BAR_PX - 2} height=${good} />
    <rect class="bad" x=${x + 1} y=${y - bad} width=${BAR_PX - 2} height=${bad} />
  </g>`;
}

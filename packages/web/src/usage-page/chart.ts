// The chart of days as SVG, with the budget as a line. Each bar is a button; the table beneath says the same to everyone.

import { html, nothing, svg, type TemplateResult } from "lit";
import { t } from "../words/t.ts";
import { type Bar, figure, topOf, type Unit } from "./figures.ts";

const WIDTH = 720;
const HEIGHT = 180;
const BASE = 160;
const TOP = 14;

export interface Chart {
  readonly bars: readonly Bar[];
  readonly unit: Unit;
  /** The daily budget in this unit. */
  readonly budget: number | undefined;
  readonly chosen: string | undefined;
  readonly choose: (day: string) => unknown;
}

export function chart({ bars, unit, budget, chosen, choose }: Chart): TemplateResult {
  const top = topOf([...bars.map(({ value }) => value), budget ?? 0]);
  const y = (value: number) => BASE - (value / top) * (BASE - TOP);
  const step = WIDTH / Math.max(1, bars.length);
  const onKey = (event: KeyboardEvent, day: string) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose(day);
  };
  return html`<figure class="chart">
    <svg viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label=${t("By day, {0}", unit === "tokens" ? t("tokens") : t("US dollars"))}>
      <line class="axis" x1="0" x2=${WIDTH} y1=${BASE} y2=${BASE}></line>
      ${bars.map(({ day, value }, at) => {
        const height = Math.max(value > 0 ? 2 : 0, BASE - y(value));
        return svg`<g class=${`bar ${chosen === day ? "chosen" : ""}`} role="button" tabindex="0" aria-pressed=${chosen === day ? "true" : "false"}
            aria-label=${`${day}: ${figure(value, unit)}`} @click=${() => choose(day)} @keydown=${(event: KeyboardEvent) => onKey(event, day)}>
          <title>${day}: ${figure(value, unit)}</title>
          <rect class="hit" x=${at * step} y="0" width=${step} height=${BASE}></rect>
          <rect class="value" x=${at * step + step * 0.15} y=${BASE - height} width=${step * 0.7} height=${height} rx="2"></rect>
        </g>`;
      })}
      ${budget === undefined ? nothing : svg`<line class="budget" x1="0" x2=${WIDTH} y1=${y(budget)} y2=${y(budget)}></line>`}
    </svg>
    <figcaption class="meta">
      <span>${bars[0]?.day}</span>
      <span>${budget === undefined ? t("the highest line is {0}", figure(top, unit)) : t("the dashed line is the daily budget, {0}", figure(budget, unit))}</span>
      <span>${bars.at(-1)?.day}</span>
    </figcaption>
  </figure>`;
}

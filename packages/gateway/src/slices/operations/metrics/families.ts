/**
 * Families of figures and their text. Source: Prometheus, text format 0.0.4. Names of people and chats are never in a label:
 * each value of a label makes a series, and series are kept for months.
 */

/** The labels of a figure, in the order in which they are written. */
export type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
}

/** A count that only grows while the process lives. */
export class Counter {
  readonly #family: Family;
  readonly #values = new Map<string, number>();

  constructor(family: Family) {
    this.#family = family;
  }

  add(labels: Labels, by = 1): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  text(): string {
    return familyText(
      this.#family,
      "counter",
      [...this.#values].map(([labels, value]) => ["", labels, value]),
    );
  }
}

/** How often a figure was within each bound. */
export class Histogram {
  readonly #family: Family;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { readonly labels: Labels; readonly counts: number[]; sum: number }>();

  /** `bounds` rise; one without an end is added. */
  constructor({ bounds, ...family }: Family & { readonly bounds: readonly number[] }) {
    this.#family = family;
    this.#bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = labelText(labels);
    const series = this.#series.get(key) ?? { labels, counts: Array(this.#bounds.length + 1).fill(0), sum: 0 };
    this.#series.set(key, series);
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const index = at < 0 ? this.#bounds.length : at;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += value;
  }

  text(): string {
    const samples: Sample[] = [];
    for (const { labels, counts, sum } of this.#series.values()) {
      let below = 0;
      for (const [index, count] of counts.entries()) {
        below += count;
        const le = this.#bounds[index];
        samples.push(["_bucket", labelText({ ...labels, le: le === undefined ? "+Inf" : String(le) }), below]);
      }
      samples.push(["_sum", labelText(labels), sum], ["_count", labelText(labels), below]);
    }
    return familyText(this.#family, "histogram", samples);
  }
}

/** Figures that are read when they are asked for. */
export function gauge(family: Family, values: Iterable<readonly [labels: Labels, value: number]>): string {
  return familyText(
    family,
    "gauge",
    [...values].map(([labels, value]) => ["", labelText(labels), value]),
  );
}

type Sample = readonly [suffix: string, labels: string, value: number];

/** A family without a figure is left out. */
function familyText({ name, help }: Family, type: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([suffix, labels, value]) => `${name}${suffix}${labels} ${numberText(value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : "NaN";
}

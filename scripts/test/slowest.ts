/** What took longest, told between the last test and the runner's own summary, which stays the end of the output. */
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

const SHOWN = 20;
/** What took less is not slow, however few others there are. */
const LEAST_MS = 500;

/** One test, or all tests of a file. */
interface Timed {
  readonly name: string;
  readonly ms: number;
}

/** Passes the events of a run on, with the slowest files and tests as messages before the summary. */
export function slowestBeforeSummary({ root, took }: { root: string; took?: Map<string, number> }) {
  const files = took ?? new Map<string, number>();
  const tests: Timed[] = [];
  const note = (event: TestEvent): void => {
    if (event.type !== "test:pass" && event.type !== "test:fail") return;
    const { name, file = "", nesting, details } = event.data;
    const path = relative(root, file);
    const ms = details.duration_ms;
    if (nesting === 0) files.set(path, (files.get(path) ?? 0) + ms);
    if (details.type !== "suite") tests.push({ name: `${path}: ${name}`, ms });
  };
  return async function* told(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
    let isTold = false;
    for await (const event of events) {
      note(event);
      if (!isTold && isSummary(event)) {
        isTold = true;
        const all = [...files].map(([name, ms]): Timed => ({ name, ms }));
        yield* messages([...section("slowest files", all), ...section("slowest tests", tests)]);
      }
      yield event;
    }
  };
}

/** The summary begins with how many tests there were, and belongs to no file. */
function isSummary({ type, data }: TestEvent): boolean {
  return type === "test:diagnostic" && data.file === undefined && /^tests \d+$/.test(data.message);
}

function section(title: string, timed: readonly Timed[]): string[] {
  const slow = timed.filter(({ ms }) => ms >= LEAST_MS).toSorted((one, other) => other.ms - one.ms);
  const slowest = slow.slice(0, SHOWN);
  return slowest.length === 0
    ? []
    : [title, ...slowest.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${name}`)];
}

function messages(lines: readonly string[]): TestEvent[] {
  return lines.map((message) => ({
    type: "test:diagnostic",
    data: { message, nesting: 0, level: "info" },
  })) as unknown as TestEvent[];
}

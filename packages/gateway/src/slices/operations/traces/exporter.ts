/** Sends spans to a collector, in batches. A collector that is away costs nothing but its spans. */
import { messageOf } from "../../../base/errors.ts";
import type { Base } from "../../../kit/base.ts";
import { otlpBody, resourceOf, type Span } from "./otlp.ts";

interface ExporterOptions extends Pick<Base, "clock" | "env" | "log" | "version"> {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const BATCH = 512;
/** Spans that may wait; newer ones are dropped. */
const MAX_WAITING = 4_096;
const COLLECT_MS = 2_000;
const AGAIN_MS = 15_000;
const LIMIT_MS = 10_000;
/** A gateway that stops waits so long for the last batch. */
const LAST_LIMIT_MS = 300;

export class Exporter implements AsyncDisposable {
  readonly #options: ExporterOptions;
  readonly #resource: object;
  #waiting: Span[] = [];
  #timer: Disposable | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;
  #isAway = false;
  #isOver = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#resource = resourceOf(options.env, options.version);
  }

  add(span: Span): void {
    if (this.#waiting.length >= MAX_WAITING) this.#dropped++;
    else this.#waiting.push(span);
    if (this.#waiting.length >= BATCH && !this.#isAway) this.#flush();
    else this.#later(COLLECT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    await this.#sending;
    if (this.#waiting.length > 0 && !this.#isAway) await this.#send(this.#waiting.splice(0, BATCH), LAST_LIMIT_MS);
  }

  #later(ms: number): void {
    if (this.#isOver || this.#sending) return;
    this.#timer ??= this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#sending || this.#isOver || this.#waiting.length === 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#sending = this.#send(this.#waiting.splice(0, BATCH), LIMIT_MS).finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length > 0) this.#later(this.#isAway ? AGAIN_MS : 0);
    });
  }

  async #send(spans: readonly Span[], limitMs: number): Promise<void> {
    const { url, headers, version } = this.#options;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: otlpBody(spans, this.#resource, version),
        signal: AbortSignal.timeout(limitMs),
        redirect: "error",
      });
      await response.body?.cancel();
      if (response.ok) return this.#back();
      // What it refuses for good would be refused again.
      const isTransient = response.status === 429 || response.status >= 500;
      this.#failed(spans, `it answers ${response.status}`, isTransient);
    } catch (error) {
      this.#failed(spans, messageOf(error), true);
    }
  }

  #back(): void {
    if (this.#isAway) this.#options.log.info("the collector of traces takes them again", { dropped: this.#dropped });
    this.#isAway = false;
    this.#dropped = 0;
  }

  #failed(spans: readonly Span[], problem: string, isTransient: boolean): void {
    const room = isTransient && !this.#isOver ? MAX_WAITING - this.#waiting.length : 0;
    this.#waiting.unshift(...spans.slice(0, Math.max(0, room)));
    this.#dropped += Math.max(0, spans.length - Math.max(0, room));
    if (!this.#isAway) this.#options.log.warn("the collector of traces does not take them", { problem });
    this.#isAway = true;
  }
}

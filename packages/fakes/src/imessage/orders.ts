/** Trouble with sends that was asked for and has not happened yet. */
import type { Trouble } from "../platform.ts";

export type SendTrouble = Extract<Trouble, { kind: "accept-then-fail" | "refuse" | "slow" }>;

export class Orders {
  readonly #waiting: { readonly trouble: SendTrouble; times: number }[] = [];

  add(trouble: SendTrouble): void {
    this.#waiting.push({ trouble, times: trouble.times ?? 1 });
  }

  /** Returns the trouble that the next send has. Each kind is returned as many times as the test asked for. */
  take(): SendTrouble | undefined {
    const next = this.#waiting[0];
    if (!next) return undefined;
    next.times -= 1;
    if (next.times <= 0) this.#waiting.shift();
    return next.trouble;
  }
}

/** A kind of file by its MIME type. */
export function kindOf(mimeType: string): "image" | "video" | "audio" | "document" {
  const [type] = mimeType.split("/");
  return type === "image" || type === "video" || type === "audio" ? type : "document";
}

// What a reply is made of, in the order in which it happened: text, what the model thought, the tools it called.

/**
 * One call of a tool. `open`: the run ended before the tool had answered; `denied`: a person said no; `notRun`: it may not
 * run, or nobody allowed it in time.
 */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
  readonly state: "running" | "ok" | "failed" | "denied" | "notRun" | "open";
  /** What the tool last said while it was running. */
  readonly progress?: string | undefined;
  readonly result?: string | undefined;
  /** Pictures among the result, each as a data URL. */
  readonly images?: readonly string[] | undefined;
  /** Small facts beside the result: a path, an exit code. */
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
  readonly durationMs?: number | undefined;
  readonly startedAt?: number | undefined;
}

/** One part of a reply. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "call"; readonly call: ToolCall };

/** How a call ended, from what its tool said. */
export function endState(isError: boolean, meta: ToolCall["meta"]): ToolCall["state"] {
  if (!isError) return "ok";
  if (meta?.denied === true) return "denied";
  return meta?.notRun === true ? "notRun" : "failed";
}

/** Neighbours that belong together on the screen: one text, or everything done between two texts. */
export type Section =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "activity"; readonly parts: readonly Exclude<Part, { kind: "text" }>[] };

/** What happened at a place of a growing text: a call, or thinking. */
export interface Step {
  /** How long the text was then, without white space at its end. */
  readonly at: number;
  readonly part: Exclude<Part, { kind: "text" }>;
}

/** A growing reply: the text of all its turns, which blank lines join, and what happened in between. */
export function partsOf(text: string, steps: readonly Step[]): Part[] {
  const parts: Part[] = [];
  let from = 0;
  const addText = (to: number) => {
    const piece = text.slice(from, to).trim();
    if (piece !== "") parts.push({ kind: "text", text: piece });
    from = Math.max(from, to);
  };
  for (const { at, part } of steps) {
    addText(endOfTurn(text, Math.max(from, at)));
    parts.push(part);
  }
  addText(text.length);
  return parts;
}

/** Texts become paragraphs of one, as where a reply is copied or read aloud. */
export function textOfParts(parts: readonly Part[]): string {
  return parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n\n");
}

/** The calls among parts. */
export function callsOf(parts: readonly Part[]): ToolCall[] {
  return parts.flatMap((part) => (part.kind === "call" ? [part.call] : []));
}

/** Parts as they stand on the screen. Texts without anything between them are one. */
export function sectionsOf(parts: readonly Part[]): Section[] {
  const sections: Section[] = [];
  for (const part of parts) {
    const last = sections.at(-1);
    if (part.kind === "text") {
      if (last?.kind === "text") sections[sections.length - 1] = { ...last, text: `${last.text}\n\n${part.text}` };
      else sections.push(part);
    } else if (last?.kind === "activity") {
      sections[sections.length - 1] = { ...last, parts: [...last.parts, part] };
    } else sections.push({ kind: "activity", parts: [part] });
  }
  return sections;
}

/** The end of a turn's text may be heard after its tool has begun: the turn ends where a blank line follows. */
function endOfTurn(text: string, at: number): number {
  if (at === 0) return 0;
  const end = text.indexOf("\n\n", at);
  return end === -1 ? text.length : end;
}

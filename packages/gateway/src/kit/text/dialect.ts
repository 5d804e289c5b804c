/** What a channel makes of Markdown: its marks, its escapes, and how it counts. */

/** A styled range, for platforms that send styles beside the text. Offsets are UTF-16 units of `Rendered.text`. */
export interface StyleRange {
  readonly start: number;
  readonly length: number;
  readonly style: "bold" | "italic" | "strike" | "code" | "spoiler";
}

/** A text as one message sends it. */
export interface Rendered {
  /** In the dialect. */
  readonly text: string;
  /** The text without any marks: for platforms that refuse the markup, for logs and previews. */
  readonly plain: string;
  /** For dialects that style by range. */
  readonly ranges?: readonly StyleRange[] | undefined;
}

/** How one platform writes rich text. Every function gets and returns text of the dialect, unless it says plain. */
export interface Dialect {
  readonly name: string;
  /** Plain text made safe. */
  escape(plain: string): string;
  bold(inner: string): string;
  italic(inner: string): string;
  strike(inner: string): string;
  /** Of plain text. */
  code(plain: string): string;
  /** The address is plain. A dialect without links writes "label (address)". */
  link(label: string, url: string): string;
  /** Of a plain address that stands for itself, without a label; `escape` when absent. */
  address?(url: string): string;
  heading(inner: string, level: number): string;
  /** Of one or more lines. */
  quote(inner: string): string;
  /** Of plain lines. */
  fence(plain: string, language: string): string;
  /** How much of the platform's limit a finished message takes; UTF-16 units of `text` for most. */
  measure(rendered: Rendered): number;
  /**
   * Whether marks style only what is between spaces, punctuation or the ends of a line: beside a letter they would be
   * shown as they are, so that such a style is left out.
   */
  readonly needsGaps?: boolean;
  /** Whether styles leave as ranges: the marks above then return their inner text, and the renderer collects ranges. */
  readonly hasRanges?: boolean;
}

/** Recognises keys by their shape, in any text. */

/** What replaces a secret. */
export const HIDDEN = "[redacted]";

/**
 * Published shapes of provider keys, bot tokens, bearer headers and PEM blocks. The hint decides whether a closer look
 * is needed.
 */
const SHAPES: readonly {
  readonly hints: readonly string[];
  /** Consumes a whole run at once. A look-ahead at every start would take very long on a long text. */
  readonly shape: RegExp;
  /** Whether a match is really a key. */
  readonly is?: (found: string) => boolean;
}[] = [
  { hints: ["sk-"], shape: /\bsk-[A-Za-z0-9_-]{16,}/g, is: (found) => /[0-9A-Z]|[a-z]{16}/.test(found) },
  { hints: ["xox"], shape: /\bxox[a-z]-[A-Za-z0-9-]{10,}/g },
  { hints: ["xapp-"], shape: /\bxapp-[A-Za-z0-9-]{10,}/g },
  { hints: ["AIza"], shape: /\bAIza[A-Za-z0-9_-]{35}(?![\w-])/g },
  { hints: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], shape: /\bgh[pousr]_[A-Za-z0-9]{30,}/g },
  { hints: [":"], shape: /\b\d{8,10}:[A-Za-z0-9_-]{35}\b/g },
  // "Bearer authentication" is plain English; a token holds more than letters.
  {
    hints: ["earer"],
    shape: /\b[Bb]earer\s+(?=[A-Za-z]*(?:[0-9_~+/]|[.-][A-Za-z0-9])|[A-Za-z]{20})[A-Za-z0-9._~+/-]{8,}=*/g,
  },
  { hints: ["-----BEGIN"], shape: /-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g },
];

/** Characters after which the start of a secret counts as one. */
export const BEGUN_CHARS = 4;

/** A longer run of characters at the end of a text is not a key. */
const LONGEST_KEY = 512;

const LONGEST_PEM = 16_384;

/** Starts of the shapes, at the end of a text. */
const BEGUN_SHAPES: readonly RegExp[] = [
  /\b(?:sk-|xox[a-z]-|gh[pousr]_)[\w-]*$/,
  /\b(?:xox[a-z]|xapp(?:-[\w-]*)?)$/,
  /\bAIza[\w-]{0,35}$/,
  /\b(?:\d{4,10}|\d{8,10}:[\w-]{0,35})$/,
  /\b[Bb]ear(?:e|er|er\s+[A-Za-z0-9._~+/-]*=*)?$/,
  /-{4,5}(?:B|BE|BEG|BEGI)?$/,
];

const PEM = "-----BEGIN";

const WHOLE_PEM = /^-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/;

const BEGUN_PEM = /^-----BEGIN(?: [A-Z ]*(?:-{1,5}(?:[^-]*(?:-{1,5}[A-Z ]*-{0,5})?)?)?)?$/;

/** The place at the end of a text where a key shape may have begun; the text's length when none has. */
export function shapeBegunAt(text: string): number {
  const from = Math.max(0, text.length - LONGEST_KEY);
  const end = text.slice(from);
  const starts = BEGUN_SHAPES.map((shape) => end.search(shape)).filter((at) => at >= 0);
  const first = starts.length > 0 ? from + Math.min(...starts) : text.length;
  const pem = text.lastIndexOf(PEM);
  if (pem < 0 || text.length - pem > LONGEST_PEM) return first;
  const block = text.slice(pem);
  const [whole] = WHOLE_PEM.exec(block) ?? [];
  // The dashes at the end of a PEM block do not begin another one.
  if (whole !== undefined) return Math.max(first, pem + whole.length);
  return BEGUN_PEM.test(block) ? Math.min(first, pem) : first;
}

/** Whether a text holds anything shaped like a key. */
export function hasKeyShape(text: string): boolean {
  return withoutShapes(text) !== text;
}

/** Every shape contains one of these. Times and ports have digits before a colon too, and are in most frames. */
const ANY_HINT = /sk-|xox|xapp-|AIza|gh[pousr]_|earer|-----BEGIN|\d{8}:[\w-]{35}/;

/** The text without what is shaped like a key. */
export function withoutShapes(text: string): string {
  if (!ANY_HINT.test(text)) return text;
  let clean = text;
  for (const { hints, shape, is = () => true } of SHAPES)
    if (hints.some((hint) => clean.includes(hint)))
      clean = clean.replace(shape, (found) => (is(found) ? HIDDEN : found));
  return clean;
}

/**
 * Programs that need no approval when they only turn what they read into what they write: known options, no file, nothing
 * that is computed. Whatever is not listed here is not safe.
 */

type Arg = string | undefined;

interface Shape {
  /** Options without a value, and those with the value in the same word. */
  readonly flags: RegExp;
  /** Options whose value is the next word. */
  readonly withValue?: RegExp;
  /** How many words beside options, at least and at most. */
  readonly words: readonly [least: number, most: number];
  /** What a word may not hold. */
  readonly not?: RegExp;
}

const COUNT = String.raw`[+-]?\d+[kKMG]?`;

const SHAPES: Readonly<Record<string, Shape>> = {
  jq: {
    flags:
      /^(-[acCeMnrsSj]+|--(compact-output|raw-output|slurp|null-input|exit-status|sort-keys|color-output|monochrome-output|join-output|ascii-output|tab)|--indent=\d)$/,
    words: [1, 1],
    // These reach beyond the input.
    not: /\b(import|include|env|input_filename|modulemeta|get_search_list|input_line_number|debug|stderr|\$__loc__)\b|\$ENV/,
  },
  grep: {
    flags: new RegExp(
      `^(-[ivnwxocEFPGhqsz]+|-[ABCm]${COUNT}|--(ignore-case|invert-match|line-number|word-regexp|line-regexp|only-matching|count|extended-regexp|fixed-strings|perl-regexp|quiet|color=(never|always|auto)))$`,
    ),
    withValue: /^-[ABCm]$/,
    words: [1, 1],
  },
  head: {
    flags: new RegExp(`^(-[nc]${COUNT}|-\\d+|-q|--(lines|bytes)=${COUNT})$`),
    withValue: /^-[nc]$/,
    words: [0, 0],
  },
  tail: {
    flags: new RegExp(`^(-[nc]${COUNT}|-\\d+|-q|--(lines|bytes)=${COUNT})$`),
    withValue: /^-[nc]$/,
    words: [0, 0],
  },
  wc: { flags: /^(-[lwcmL]+|--(lines|words|bytes|chars|max-line-length))$/, words: [0, 0] },
  sort: {
    flags:
      /^(-[nrufbdghiMVsz]+|-k[\d.,a-zA-Z]+|-t.|--(numeric-sort|reverse|unique|human-numeric-sort|version-sort|stable|ignore-case))$/,
    withValue: /^-[kt]$/,
    words: [0, 0],
  },
  uniq: { flags: /^(-[cdui]+|-[fsw]\d+|--(count|repeated|unique|ignore-case))$/, withValue: /^-[fsw]$/, words: [0, 0] },
  cut: {
    flags: /^(-[dfcb].+|-s|--complement|--only-delimited|--(delimiter|fields|characters|bytes|output-delimiter)=.+)$/,
    withValue: /^-[dfcb]$/,
    words: [0, 0],
  },
  tr: { flags: /^-[cCdst]+$/, words: [1, 2] },
  rev: { flags: /^$/, words: [0, 0] },
  tac: { flags: /^$/, words: [0, 0] },
  nl: { flags: /^-[bhf][atn]$/, words: [0, 0] },
  base64: { flags: /^(-[dDi]|-w\d+|--decode|--wrap=\d+)$/, withValue: /^-w$/, words: [0, 0] },
  cat: { flags: /^-[AbeEnstTuv]+$/, words: [0, 0] },
  seq: { flags: /^-w$/, words: [1, 3], not: /[^\d.-]/ },
  basename: { flags: /^$/, words: [1, 2] },
  dirname: { flags: /^$/, words: [1, 1] },
  date: {
    flags: /^(-u|-I(date|hours|minutes|seconds)?|-R|--utc|--iso-8601(=\w+)?|--rfc-email)$/,
    words: [0, 1],
    not: /^[^+]/,
  },
  uname: { flags: /^-[asnrvmpio]+$/, words: [0, 0] },
};

/** Those that are safe when the settings say nothing. */
export const DEFAULT_SAFE_BINS: readonly string[] = [
  ...["jq", "grep", "head", "tail", "wc", "sort", "uniq", "cut", "tr", "rev", "tac", "nl"],
  ...["base64", "basename", "dirname", "date", "uname"],
];

/** Whether a call only turns its input into output. `name` is the program's own name, without folder. */
export function isSafeUse(name: string, args: readonly Arg[]): boolean {
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
  if (!shape) return false;
  const {
    flags,
    withValue,
    words: [least, most],
    not,
  } = shape;
  const words: string[] = [];
  let isOver = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined) return false;
    if (isOver || !/^-./.test(arg)) words.push(arg);
    else if (arg === "--") isOver = true;
    else if (withValue?.test(arg)) {
      const value = args[++at];
      if (value === undefined || value.startsWith("-")) return false;
    } else if (!flags.test(arg)) return false;
  }
  return words.length >= least && words.length <= most && !words.some((word) => word === "-" || not?.test(word));
}

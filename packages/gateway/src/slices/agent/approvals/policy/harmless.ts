/**
 * The programs that need no approval; a short list on purpose. Some are harmless with any arguments. The others only
 * turn input into output as long as each argument is known: options written in full, no file, nothing computed. An
 * option that is not listed, abbreviated, or joined with something else needs approval.
 */

type Arg = string | undefined;

/**
 * Programs that are harmless with any arguments: they read no file that an argument names, write only their output, and
 * start nothing. Source: the manuals of GNU coreutils 9, procps 4, BusyBox 1.36, and of macOS 15 for programs of these
 * names.
 */
const ANY_ARGUMENTS: ReadonlySet<string> = new Set(
  "basename dirname echo expr factor false groups id logname nproc printf pwd seq sleep tr true tty uname whoami".split(
    " ",
  ),
);

/**
 * Programs that are harmless with any arguments, as long as the agent may read every place that these name: they write
 * only their output, start nothing, and read no list of further files. The owner allows them by hand.
 */
const READERS: ReadonlySet<string> = new Set(
  "cat cmp comm cut fold head ls nl paste readlink realpath stat tac tail".split(" "),
);

/** The arguments with which it is known what a program does. */
export interface Shape {
  /** Options without a value, and options with the value in the same word; none when absent. */
  readonly flags?: RegExp;
  /** Options whose value is the next word. */
  readonly withValue?: RegExp;
  /** The least and the greatest number of words beside options. */
  readonly words: readonly [least: number, most: number];
  /** The form of each word; any form when absent. */
  readonly word?: RegExp | ((word: string, index: number) => boolean);
}

const COUNT = String.raw`[+-]?\d+[kKMG]?`;
const LINES = { flags: new RegExp(`^(-[nc]${COUNT}|-\\d+|-q|--(lines|bytes)=${COUNT})$`), withValue: /^-[nc]$/ };

/** Programs that turn input into output with these options and no file. */
export const FILTERS: Readonly<Record<string, Shape>> = {
  jq: {
    flags:
      /^(-[acCeMnrsSj]+|--(compact-output|raw-output|slurp|null-input|exit-status|sort-keys|color-output|monochrome-output|join-output|ascii-output|tab)|--indent=\d)$/,
    words: [1, 1],
    word: isPlainJq,
  },
  grep: {
    flags: new RegExp(
      `^(-[ivnwxocEFPGhqsz]+|-[ABCm]${COUNT}|--(ignore-case|invert-match|line-number|word-regexp|line-regexp|only-matching|count|extended-regexp|fixed-strings|perl-regexp|quiet|color=(never|always|auto)))$`,
    ),
    withValue: /^-[ABCm]$/,
    words: [1, 1],
  },
  head: { ...LINES, words: [0, 0] },
  tail: { ...LINES, words: [0, 0] },
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
  rev: { words: [0, 0] },
  tac: { words: [0, 0] },
  nl: { flags: /^-[bhf][atn]$/, words: [0, 0] },
  base64: { flags: /^(-[dD]|-w\d+|--decode|--wrap=\d+)$/, withValue: /^-w$/, words: [0, 0] },
  cat: { flags: /^-[AbeEnstTuv]+$/, words: [0, 0] },
  date: {
    flags: /^(-u|-I(date|hours|minutes|seconds)?|-R|--utc|--iso-8601(=(date|hours|minutes|seconds))?|--rfc-email)$/,
    words: [0, 1],
    word: /^\+/,
  },
};

/** Programs that run unasked unless the settings say otherwise. */
export const DEFAULT_SAFE_BINS: readonly string[] = [...ANY_ARGUMENTS, ...Object.keys(FILTERS)];

/** Whether a program can do no harm, whatever it is given. `name` is its own name, without folder. */
export function isHarmless(name: string): boolean {
  return ANY_ARGUMENTS.has(name);
}

/** Whether a program only reads what its arguments name, whatever it is given. */
export function isReader(name: string): boolean {
  return READERS.has(name);
}

/** Whether a call only turns its input into output. `name` is the program's own name, without folder. */
export function isFilter(name: string, args: readonly Arg[]): boolean {
  const shape = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  return shape !== undefined && fits(shape, args);
}

/** Whether every argument is known to a shape. */
export function fits({ flags, withValue, words: [least, most], word }: Shape, args: readonly Arg[]): boolean {
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
    } else if (!flags?.test(arg)) return false;
  }
  const isFit = typeof word === "function" ? word : (each: string) => word?.test(each) !== false;
  return (
    words.length >= least && words.length <= most && words.every((each, index) => each !== "-" && isFit(each, index))
  );
}

/** Words of jq that only read its input. Source: the manual of jq 1.7. */
const JQ_WORDS: ReadonlySet<string> = new Set(
  (
    "abs add all and any arrays as ascii ascii_downcase ascii_upcase booleans break catch ceil contains del delpaths elif else " +
    "empty end endswith error explode false first flatten floor foreach from_entries fromdate fromjson getpath gmtime group_by " +
    "gsub has if implode in index indices infinite input inputs inside isempty isnan iterables join keys keys_unsorted label " +
    "last length limit localtime ltrim ltrimstr map map_values match max max_by min min_by mktime nan not now nth null nulls " +
    "numbers objects or path paths pick pow range recurse reduce reverse round rtrim rtrimstr scalars scan select sort sort_by " +
    "split splits sqrt startswith strftime strings strptime sub test then to_entries toarray todate tojson tonumber tostring " +
    "transpose trim true try type unique unique_by until values walk while with_entries"
  ).split(" "),
);
const JQ_FORMATS = /@(text|json|html|uri|csv|tsv|sh|base64d?|base32d?)\b/g;

/** Whether a jq program consists only of paths, values, signs and functions that read the input. */
export function isPlainJq(program: string): boolean {
  // Remove strings first: their content is a value, unless it is computed.
  const rest = program.replace(/"(?:[^"\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"/g, " 0 ").replace(JQ_FORMATS, " 0 ");
  if (/["\\#@]|::/.test(rest)) return false;
  const names = rest.replace(/\.[A-Za-z_]\w*/g, " ").matchAll(/(\$?)([A-Za-z_]\w*)/g);
  // A program's own variables are one lower-case word; `$ENV` and `$__loc__` are not.
  return [...names].every(([, sign, name]) => (sign === "$" ? /^[a-z][a-z0-9]*$/.test(name!) : JQ_WORDS.has(name!)));
}

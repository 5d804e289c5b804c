/**
 * Programs of which one call can be remembered in any folder: with these options they do exactly what their words say.
 * They take no code and no settings from their folder, their input, or a file. For all other programs the folder
 * matters as well.
 */
import { FILTERS, fits, isHarmless, isPlainJq, type Shape } from "./harmless.ts";

type Arg = string | undefined;

const ANY: Shape["words"] = [0, Number.POSITIVE_INFINITY];
const some = (flags: RegExp, more: Partial<Shape> = {}): Shape => ({ flags, words: ANY, ...more });

const SUMS = some(/^(-[btz]|--(binary|text|tag|zero))$/);

/** Source: the manuals of GNU coreutils 9, diffutils 3, procps 4 and curl 8. */
const CALLS: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(Object.entries(FILTERS).map(([name, shape]) => [name, { ...shape, words: ANY }])),
  jq: { ...FILTERS.jq!, words: ANY, word: (word, index) => index > 0 || isPlainJq(word) },
  date: FILTERS.date!,
  grep: some(
    /^(-[ivnwxocEFPGhHlLqszrR]+|-[ABCm]\d+|--(ignore-case|invert-match|line-number|word-regexp|only-matching|count|extended-regexp|fixed-strings|quiet|recursive|color=(never|always|auto)))$/,
    { withValue: /^-[ABCm]$/ },
  ),
  ls: some(/^(-[1aAlhtrSFpGginosBcudRm]+|--(all|almost-all|recursive|reverse|color=(never|always|auto)))$/),
  cp: some(/^(-[afinpPrRuvT]+|--(archive|recursive|update|verbose|no-clobber|parents))$/),
  mv: some(/^(-[finuvT]+|--(verbose|no-clobber|update))$/),
  rm: some(/^(-[dfirRv]+|--(force|recursive|verbose|dir))$/),
  rmdir: some(/^(-[pv]+|--(parents|verbose))$/),
  mkdir: some(/^(-[pv]+|--(parents|verbose))$/),
  touch: some(/^(-[acm]+|--no-create)$/),
  tee: some(/^(-a|--append)$/),
  stat: some(/^(-[Lt]+|--(dereference|terse)|--(format|printf)=.+)$/, { withValue: /^-c$/ }),
  du: some(/^(-[achksm]+|-d\d+|--(all|total|human-readable|summarize)|--max-depth=\d+)$/, { withValue: /^-d$/ }),
  df: some(/^(-[ahikPT]+|--(all|human-readable|inodes|print-type))$/),
  cmp: some(/^(-[bls]+|--(print-bytes|verbose|quiet|silent))$/),
  comm: some(/^-[123]+$/),
  diff: some(/^(-[uNqybwBis]+|-U\d+|--(unified|brief|new-file|ignore-all-space))$/),
  ...Object.fromEntries(["md5sum", "sha1sum", "sha256sum", "sha512sum"].map((name) => [name, SUMS])),
  readlink: some(/^(-[efmn]+|--(canonicalize|canonicalize-existing|canonicalize-missing|no-newline))$/),
  realpath: some(/^(-[emsz]+|--(canonicalize-existing|canonicalize-missing|no-symlinks))$/),
  paste: some(/^-s$|^-d.+$/, { withValue: /^-d$/ }),
  ps: some(/^-[aAefFlLuxj]+$/, { word: /^[auxfjlw]+$/ }),
  free: some(/^(-[bkmghtw]+|--(human|total))$/),
  uptime: some(/^(-[ps]|--(pretty|since))$/),
  sed: some(/^(-n|--quiet|--silent)$/, { words: [1, 9], word: (word, index) => index > 0 || isSedPrint(word) }),
  curl: some(/^(-[sSfLIi]+|-m\d+|--(silent|show-error|fail|location|head|max-time=\d+))$/, {
    withValue: /^-m$/,
    word: /^https?:\/\/[^\s[\]{}]+$/,
  }),
};

/** The ones that change files. */
const WRITERS: ReadonlySet<string> = new Set("cp mv rm rmdir mkdir touch tee uniq".split(" "));

/** The ones that touch no file. */
const FILELESS: ReadonlySet<string> = new Set("curl ps free uptime df".split(" "));

/** Programs that only start another one; `shell/wrappers.ts` knows each of their options. */
const STARTERS: ReadonlySet<string> = new Set("nice timeout stdbuf ionice time env caffeinate sh dash bash".split(" "));

/** Programs that run the file that is their first argument, and take nothing of their own from the folder. */
const RUNNERS: ReadonlySet<string> = new Set("sh dash bash python3 node".split(" "));

/** Whether everything that a call does is known. `name` is the program's own name, without folder. */
export function isKnownCall(name: string, args: readonly Arg[]): boolean {
  if (isHarmless(name)) return !args.includes(undefined);
  return Object.hasOwn(CALLS, name) && fits(CALLS[name]!, args);
}

/** Whether a known call changes the files that it names. */
export function isWriter(name: string): boolean {
  return WRITERS.has(name);
}

/** Whether a known call touches no file. */
export function isFileless(name: string): boolean {
  return FILELESS.has(name);
}

/** Whether a program only starts another. */
export function isStarter(name: string): boolean {
  return STARTERS.has(name);
}

/** Whether a program runs the file that is its first argument. */
export function isRunner(name: string): boolean {
  return RUNNERS.has(name);
}

/** Whether a sed script only prints lines by number; other scripts can run programs and write files. */
function isSedPrint(script: string): boolean {
  return /^(\d+|\$)(,(\d+|\$))?p$/.test(script);
}

/** Shell builtins: some change nothing outside the script; all others need approval. */

const BUILTINS = new Set(
  (
    ". : [ alias bg bind break builtin caller cd chdir command compgen complete compopt continue declare dirs disown echo " +
    "enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf " +
    "pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit " +
    "umask unalias unset wait"
  ).split(" "),
);

type Arg = string | undefined;
type Shape = (args: readonly Arg[]) => boolean;

const anything: Shape = () => true;
const none: Shape = ({ length }) => length === 0;
/** A few words, each known and of this form. */
const only =
  (form: RegExp, most = Number.POSITIVE_INFINITY): Shape =>
  (args) =>
    args.length <= most && args.every((arg) => arg !== undefined && form.test(arg));
const number = only(/^\d{1,9}$/, 1);

/** Options of `cd`, then at most one folder. */
function isMove(args: readonly Arg[]): boolean {
  const words = args.filter((arg) => !/^-[LPe]+$|^--$/.test(arg ?? ""));
  return words.length <= 1 && !/^-./.test(words[0] ?? "");
}

/**
 * Arguments with which a builtin changes nothing outside the script and runs nothing. A builtin that is not listed
 * always needs approval. Source: the manuals of bash 5.2 and dash 0.5.
 */
const HARMLESS: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  [":", anything],
  ["true", anything],
  ["false", anything],
  ["echo", anything],
  ["pwd", only(/^-[LP]+$/)],
  ["cd", isMove],
  ["chdir", isMove],
  ["pushd", only(/^(-n|[+-]\d{1,4}|[^+-].*)$/s, 2)],
  ["popd", only(/^(-n|[+-]\d{1,4})$/, 2)],
  ["dirs", only(/^(-[clpv]+|[+-]\d{1,4})$/)],
  ["exit", number],
  ["return", number],
  ["break", number],
  ["continue", number],
  ["shift", number],
  ["wait", none],
  ["times", none],
  ["hash", none],
  ["jobs", only(/^-[lprs]+$/)],
  // A path would reveal whether a program exists.
  ["type", only(/^(-[afptP]+|[^-/][^/]*)$/)],
  ["printf", isPlainFormat],
  ["test", (args) => isPlainTest("test", args)],
  ["[", (args) => isPlainTest("[", args)],
  ["set", isPlainSet],
]);

/** Whether a name is a builtin of the shell. */
export function isBuiltin(name: string): boolean {
  return BUILTINS.has(name);
}

/** The reason to ask for a builtin, as a sentence without a full stop; undefined when it changes nothing outside. */
export function builtinProblem(argv: readonly [string, ...Arg[]]): string | undefined {
  const [name, ...args] = argv;
  const shape = HARMLESS.get(name);
  if (shape?.(args)) return undefined;
  return shape ? `${name} is given what it is not known to do no harm with` : `“${name}” changes how the shell runs`;
}

/**
 * Whether a format has no options, and only conversions that write: `%n` sets a variable, and `%*d` can be wider than
 * memory.
 */
function isPlainFormat([format]: readonly Arg[]): boolean {
  if (format === undefined || format.startsWith("-")) return false;
  // Some shells expand escapes first, so `\45` may begin a conversion.
  return !format.replace(CONVERSION, "").includes("%") && !/\\(0?45|x25|[uU]0*25)/.test(format);
}

const CONVERSION = /%([-+ #0']{0,5}\d{0,3}(\.\d{0,3})?[sdiouxXeEfFgGcbq]|%)/g;

/** Only options that stop a script early. */
function isPlainSet(args: readonly Arg[]): boolean {
  return args.length > 0 && args.every((arg) => arg !== undefined && /^-[eux]+$|^-[eux]*o$|^pipefail$/.test(arg));
}

/** One operator at a known place that evaluates no names. Computed words must be one word each. */
function isPlainTest(name: string, given: readonly Arg[]): boolean {
  const args = name === "[" ? given.slice(0, -1) : given;
  const [a, b] = args;
  if (args.length <= 1) return true;
  if (args.length === 3 && b !== undefined && BINARY.test(b)) return true;
  if (a === "!") return isPlainTest("test", args.slice(1));
  return args.length === 2 && a !== undefined && UNARY.test(a);
}

const BINARY = /^(=|==|!=|-(eq|ne|lt|le|gt|ge|nt|ot|ef))$/;
const UNARY = /^-[abcdefghknprstuwxzGLNOS]$/;

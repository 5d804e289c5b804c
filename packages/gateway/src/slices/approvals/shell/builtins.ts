/** Shell builtins: those that change nothing outside the script, and the others, which are always asked for. */

const BUILTINS = new Set(
  (
    ". : [ alias bg bind break builtin caller cd chdir command compgen complete compopt continue declare dirs disown echo " +
    "enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf " +
    "pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit " +
    "umask unalias unset wait"
  ).split(" "),
);

const HARMLESS = new Set(
  ": true false echo pwd cd chdir pushd popd dirs exit return break continue shift wait jobs times type hash".split(
    " ",
  ),
);

/** Whether the shell itself does it. */
export function isBuiltin(name: string): boolean {
  return BUILTINS.has(name);
}

/** Why a builtin must be asked for, as a sentence without a full stop; undefined when it changes nothing outside. */
export function builtinProblem(argv: readonly [string, ...(string | undefined)[]]): string | undefined {
  const [name, ...args] = argv;
  if (name === "printf") return isPlainFormat(args) ? undefined : "printf is given an option or a computed format";
  if (name === "test" || name === "[")
    return isPlainTest(name, args) ? undefined : `${name} is used in a way that can run code`;
  if (name === "set") return isPlainSet(args) ? undefined : "set changes how the shell runs";
  if (name === "wait" || name === "hash") return args.length === 0 ? undefined : `${name} is given arguments`;
  return HARMLESS.has(name) ? undefined : `“${name}” changes how the shell runs`;
}

/** Without `-v`, which evaluates a name. */
function isPlainFormat([format]: readonly (string | undefined)[]): boolean {
  return format !== undefined && !format.startsWith("-") && !/%[^a-zA-Z]*\d{4}/.test(format);
}

/** Only what stops a script early. */
function isPlainSet(args: readonly (string | undefined)[]): boolean {
  return args.length > 0 && args.every((arg) => arg !== undefined && /^-[eux]+$|^-[eux]*o$|^pipefail$/.test(arg));
}

/** One operator at a known place, none of those that evaluate names. Computed words must be one word each. */
function isPlainTest(name: string, given: readonly (string | undefined)[]): boolean {
  const args = name === "[" ? given.slice(0, -1) : given;
  const [a, b] = args;
  if (args.length <= 1) return true;
  if (args.length === 3 && b !== undefined && BINARY.test(b)) return true;
  if (a === "!") return isPlainTest("test", args.slice(1));
  return args.length === 2 && a !== undefined && UNARY.test(a);
}

const BINARY = /^(=|==|!=|-(eq|ne|lt|le|gt|ge|nt|ot|ef))$/;
const UNARY = /^-[abcdefghknprstuwxzGLNOS]$/;

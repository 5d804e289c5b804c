/** Names of programs that read programs of their own, and names of variables by their effect. */

const SHELLS = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "rbash", "yash"]);

/** Language interpreters. Their names only make a reason clearer; unknown programs need approval anyway. */
const LANGUAGES = new Set(
  (
    "python pypy node nodejs deno bun tsx perl ruby php lua luajit tclsh wish expect osascript r rscript julia groovy " +
    "scala jshell java ghci runghc erl elixir iex ocaml guile racket sbcl clisp gforth pwsh powershell irb ipython octave"
  ).split(" "),
);

/** Programs that read commands of their own, whatever their arguments. */
const CONSOLES = new Set(
  "psql mysql mariadb sqlite mongosh redis-cli bc dc gnuplot ftp sftp lftp smbclient".split(" "),
);

/** No file has a longer name (NAME_MAX). */
const MAX_NAME_CHARS = 255;

/** The common name of a program: without folder, version and ending. */
export function familyOf(program: string): string {
  const name = (program.split("/").at(-1) ?? "").toLowerCase().replace(/\.exe$/, "");
  if (name.length > MAX_NAME_CHARS) return name;
  const bare = name.replace(/[-.]?\d[\d.]*$/, "");
  return bare === "" ? name : bare;
}

/** Whether a program is a shell. */
export function isShell(program: string): boolean {
  return SHELLS.has(familyOf(program));
}

/** Whether a program runs its input when it has no arguments. */
export function isInterpreter(program: string): boolean {
  return SHELLS.has(familyOf(program)) || LANGUAGES.has(familyOf(program));
}

/** Whether a program reads commands that can start other programs. */
export function readsCommands(program: string): boolean {
  return CONSOLES.has(familyOf(program));
}

/** Variables that only change how a program writes. */
const HARMLESS =
  /^(LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|CLICOLOR|CI|NODE_ENV|RUST_BACKTRACE|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE)$/;

/** Values of such variables: never a path, from which message catalogues or time zones would be loaded. */
const HARMLESS_VALUE = /^[A-Za-z0-9_.@:+, -]*$/;

/** Whether a variable given to a program only changes how it writes. An unknown value is the worst one. */
export function isHarmlessVariable(name: string, value: string | undefined): boolean {
  return HARMLESS.test(name) && value !== undefined && HARMLESS_VALUE.test(value) && !value.includes("..");
}

/**
 * Whether a variable of a script is only data: the shell and the environment use names in capitals, except for two of
 * interactive bash.
 */
export function isPlainVariable(name: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(name) && name !== "auto_resume" && name !== "histchars";
}

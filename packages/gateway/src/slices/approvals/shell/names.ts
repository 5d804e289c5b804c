/** Names of programs by what they can do beyond their own work, and names of variables by what they steer. */

const SHELLS = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "rbash", "yash"]);

/** Languages: what follows on the command line, or comes in, is a program. */
const LANGUAGES = new Set(
  (
    "python pypy node nodejs deno bun tsx perl ruby php lua luajit tclsh wish expect osascript r rscript julia groovy " +
    "scala jshell java ghci runghc erl elixir iex ocaml guile racket sbcl clisp gforth pwsh powershell irb ipython octave"
  ).split(" "),
);

/** Programs that read commands of their own, whatever they are given beside. */
const CONSOLES = new Set(
  "psql mysql mariadb sqlite mongosh redis-cli bc dc gnuplot ftp sftp lftp smbclient".split(" "),
);

/** Programs that run what their arguments or files of the folder say. */
const EXECUTORS = new Set(
  (
    "awk gawk mawk nawk original-awk sed gsed ed ex vi vim view nvim emacs emacsclient nano less more most man info gdb lldb strace ltrace " +
    "make gmake bmake cmake ninja meson rake just task npm npx pnpm pnpx yarn corepack pip pipx uv uvx poetry cargo go rustc " +
    "gcc cc clang tsc gradle gradlew mvn ant bundle gem composer dotnet swift zig nix nix-shell nix-build brew apt apt-get " +
    "dpkg yum dnf rpm pacman apk docker podman nerdctl kubectl helm lxc incus ssh scp sftp mosh telnet nc ncat netcat socat " +
    "ansible ansible-playbook terraform vagrant systemctl systemd-run launchctl crontab at batch screen tmux script " +
    "su runuser chroot unshare nsenter setpriv capsh pkexec doas busybox toybox parallel entr inotifywait git-shell " +
    "tar gtar bsdtar rsync zip gpg openssl start-stop-daemon run-parts update-alternatives ld.so ld-linux tclkit moltbot clawdbot"
  ).split(" "),
);

/** Of these, those that look for such files by themselves. */
const BUILDERS = new Set(
  (
    "make gmake bmake cmake ninja meson rake just task npm npx pnpm pnpx yarn corepack pip pipx uv uvx poetry cargo go tsc " +
    "gradle gradlew mvn ant bundle gem composer dotnet swift zig nix nix-shell nix-build docker vagrant ansible terraform"
  ).split(" "),
);

/** Programs that otherwise do their own work only, and the arguments that make them run something else. */
const HANDLES: Readonly<Record<string, RegExp>> = {
  git: /^(-c|--config-env|--exec-path|--upload-pack|--receive-pack|--exec|-x|-u|--open-files-in-pager|--ext-diff|--textconv|--extcmd|--output|-[a-zA-Z]*x)(=.*)?$|^-O|^(bisect|filter-branch|submodule|rebase|config|alias|difftool|mergetool|hook|daemon|instaweb|send-email)$|::/,
  sort: /^--compress-program/,
  find: /^-(fprint|fprint0|fprintf|fls|files0-from)$/,
  rg: /^--(pre|hostname-bin)/,
  fd: /^(-x|-X|--exec|--exec-batch)/,
  curl: /^(-K|--config|-[a-zA-Z]*K)/,
  wget: /^(--use-askpass|--config|-e|--execute)/,
  date: /^(-s|--set)/,
  split: /^--filter/,
};

/** The name under which a program is known: without folder, version and ending. */
export function familyOf(program: string): string {
  const name = (program.split("/").at(-1) ?? "").toLowerCase().replace(/\.exe$/, "");
  const bare = name.replace(/[-.]?\d[\d.]*$/, "");
  return bare === "" ? name : bare;
}

/** Whether a program is a shell. */
export function isShell(program: string): boolean {
  return SHELLS.has(familyOf(program));
}

/** Whether a program runs what it reads when it is given nothing else. */
export function isInterpreter(program: string): boolean {
  return SHELLS.has(familyOf(program)) || LANGUAGES.has(familyOf(program));
}

/** Whether a program does what files of the folder say in which it runs. */
export function readsFolder(program: string): boolean {
  return BUILDERS.has(familyOf(program));
}

/** Whether a program reads commands that can start other programs. */
export function readsCommands(program: string): boolean {
  return CONSOLES.has(familyOf(program));
}

/** Whether a call can do whatever its arguments say: then trusting the program is trusting anything. */
export function runsAnything(program: string, args: readonly (string | undefined)[]): boolean {
  const family = familyOf(program);
  return SHELLS.has(family) || LANGUAGES.has(family) || EXECUTORS.has(family) || isHandled(program, args);
}

/** Whether an argument makes a program that does its own work run, or write, something else. */
export function isHandled(program: string, args: readonly (string | undefined)[]): boolean {
  const family = familyOf(program);
  const handle = Object.hasOwn(HANDLES, family) ? HANDLES[family] : undefined;
  return handle !== undefined && args.some((arg) => arg === undefined || handle.test(arg));
}

/** Variables that change no more than how a program writes. */
const HARMLESS =
  /^(LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|CLICOLOR|CI|NODE_ENV|RUST_BACKTRACE|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE)$/;

/** Variables that steer the shell itself or what every program is given. */
const STEERING =
  /^(PATH|HOME|IFS|ENV|SHELL|CDPATH|GLOBIGNORE|SHELLOPTS|POSIXLY_CORRECT|TMPDIR|USER|LOGNAME|PWD|OLDPWD|PS\d|PROMPT_.*|BASH.*|EXECIGNORE|HIST.*|OPT.*|LD_.*|DYLD_.*|NODE_.*|MALLOC_.*|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|LANG|LC_.*|TZ|TERM)$/;

/** Whether a variable given to a program only changes how it writes. */
export function isHarmlessVariable(name: string): boolean {
  return HARMLESS.test(name);
}

/** Whether a variable of a script changes how the script itself runs. */
export function isSteeringVariable(name: string): boolean {
  return STEERING.test(name);
}

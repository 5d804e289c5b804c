/** `moltbot completion` — words for the shell to complete, read off the commands. */

import { type Command, defineCommand } from "../command.ts";
import { usageError } from "../exit.ts";
import { commands } from "./index.ts";

const SHELLS = { bash, zsh, fish } as const;

/** Prints a script for the shell to source. */
export const completion = defineCommand({
  summary: "Print completions for bash, zsh or fish",
  positionals: [{ name: "SHELL" }],
  examples: [
    "moltbot completion bash > ~/.local/share/bash-completion/completions/moltbot",
    "moltbot completion zsh > ~/.zfunc/_moltbot",
    "moltbot completion fish > ~/.config/fish/completions/moltbot.fish",
  ],
  async run({ words, flags, out }) {
    const [shell = ""] = words;
    if (!Object.hasOwn(SHELLS, shell))
      throw usageError(`Completions exist for bash, zsh and fish, not ${JSON.stringify(shell)}.`);
    const entries = await readCommands();
    if (flags.json) out.json(entries);
    else out.print(SHELLS[shell as keyof typeof SHELLS](entries));
  },
});

interface Completable {
  /** The words that lead here: "" at the top, `devices`, `devices list`. */
  readonly path: string;
  readonly summary: string;
  readonly words: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly {
    readonly name: string;
    readonly summary: string;
    readonly choices: readonly string[];
    readonly takesValue: boolean;
  }[];
}

async function readCommands(): Promise<Completable[]> {
  const top = Object.entries(commands).map(([name, { summary }]) => ({ name, summary }));
  const entries: Completable[] = [{ path: "", summary: "moltbot", words: top, flags: [] }];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const entry = await load();
    if (entry.kind === "command") {
      const words = name === "completion" ? Object.keys(SHELLS).map((shell) => ({ name: shell, summary: "" })) : [];
      entries.push({ path: name, summary, words, flags: flagsOf(entry) });
      continue;
    }
    const words = Object.entries(entry.commands).map(([word, { summary }]) => ({ name: word, summary }));
    entries.push({ path: name, summary, words, flags: entry.alone ? flagsOf(entry.alone) : [] });
    for (const [word, command] of Object.entries(entry.commands)) {
      entries.push({ path: `${name} ${word}`, summary: command.summary, words: [], flags: flagsOf(command) });
    }
  }
  return entries;
}

function flagsOf({ ownFlags, commonFlags }: Command): Completable["flags"] {
  return Object.entries({ ...ownFlags, ...commonFlags }).map(([name, { summary, choices = [], kind }]) => ({
    name: `--${name}`,
    summary,
    choices,
    takesValue: kind !== "switch",
  }));
}

function bash(entries: readonly Completable[]): string {
  const cases = entries.map(
    ({ path, words, flags }) =>
      `    ${quote(path)}) words=${quote([...words, ...flags].map(({ name }) => name).join(" "))} ;;`,
  );
  const choices = flagChoices(entries).map(
    ([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W ${quote(values.join(" "))} -- "$word")); return ;;`,
  );
  return `# moltbot completion for bash
_moltbot() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" each words=""
  case "$before" in
${choices.join("\n")}
  esac
  for each in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$each" in
      -*) ;;
      *) path="\${path:+$path }$each" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _moltbot moltbot`;
}

function zsh(entries: readonly Completable[]): string {
  const described = (name: string, summary: string) => quote(`${name.replaceAll(":", "\\:")}:${summary}`);
  const cases = entries.map(({ path, words, flags }) => {
    const all = [...words, ...flags].map(({ name, summary }) => described(name, summary)).join(" ");
    return `    ${quote(path)}) offered=(${all}) ;;`;
  });
  const choices = flagChoices(entries).map(
    ([flag, values]) => `    ${flag}) compadd -- ${values.join(" ")}; return ;;`,
  );
  return `#compdef moltbot
# moltbot completion for zsh
_moltbot() {
  local -a offered taken
  local each
  case "\${words[CURRENT-1]}" in
${choices.join("\n")}
  esac
  for each in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$each" == -* ]] || taken+=("$each")
  done
  case "\${(j: :)taken}" in
${cases.join("\n")}
  esac
  _describe 'moltbot' offered
}
if [ "\${funcstack[1]}" = "_moltbot" ]; then _moltbot "$@"; else compdef _moltbot moltbot; fi`;
}

function fish(entries: readonly Completable[]): string {
  const lines = entries.flatMap(({ path, words, flags }) => {
    const condition = `-n ${quote(`__moltbot_at ${path}`.trimEnd())}`;
    return [
      ...words.map(({ name, summary }) => `complete -c moltbot -f ${condition} -a ${quote(name)} -d ${quote(summary)}`),
      ...flags.map(({ name, summary, choices, takesValue }) => {
        const values = choices.length > 0 ? ` -x -a ${quote(choices.join(" "))}` : takesValue ? " -r" : "";
        return `complete -c moltbot ${condition} -l ${name.slice(2)}${values} -d ${quote(summary)}`;
      }),
    ];
  });
  return `# moltbot completion for fish
function __moltbot_at
    set -l taken (string match -v -- '-*' (commandline -opc))
    test "$taken[2..]" = "$argv"
end
${lines.join("\n")}`;
}

/** Flags with a closed list of values, where the flag means the same everywhere. */
function flagChoices(entries: readonly Completable[]): (readonly [string, readonly string[]])[] {
  const seen = new Map<string, readonly string[]>();
  for (const { flags } of entries)
    for (const { name, choices } of flags) if (choices.length > 0) seen.set(name, choices);
  return [...seen];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `moltbot completion` — scripts with which a shell asks, at each Tab, what may be there. */

import { defineCommand } from "../language/command.ts";
import { type Candidate, complete } from "../language/complete.ts";
import { gatewayValues } from "../language/complete-values.ts";
import { usageError } from "../language/exit.ts";

/** The word with which the scripts ask; it is no shell. */
const ASK = "words";

const BASH = `# moltbot completion for bash
_moltbot() {
  local line="\${COMP_LINE:0:COMP_POINT}" words word before
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  local IFS=$'\\n'
  COMPREPLY=($(moltbot completion ${ASK} -- "\${words[@]:1}" 2>/dev/null | cut -f 1))
  # Bash takes ":" and "=" for ends of words, and replaces only what comes after the last of them.
  before="\${word%"\${word##*[:=]}"}"
  COMPREPLY=("\${COMPREPLY[@]#"$before"}")
}
complete -o default -F _moltbot moltbot`;

const ZSH = `#compdef moltbot
# moltbot completion for zsh
_moltbot() {
  local -a offered
  local value summary
  while IFS=$'\\t' read -r value summary; do
    offered+=("\${value//:/\\\\:}:$summary")
  done < <(moltbot completion ${ASK} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#offered} )) && _describe -o nosort 'moltbot' offered || _files
}
if [ "\${funcstack[1]}" = "_moltbot" ]; then _moltbot "$@"; else compdef _moltbot moltbot; fi`;

const FISH = `# moltbot completion for fish
function __moltbot_words
    set -l taken (commandline -opc)
    set -l word (commandline -ct)
    moltbot completion ${ASK} -- $taken[2..] "$word" 2>/dev/null
end
complete -c moltbot -f -a '(__moltbot_words)'`;

const SHELLS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** Prints a script for the shell to source. */
export const completion = defineCommand({
  summary: "Print completions for bash, zsh or fish",
  positionals: [
    { name: "SHELL", choices: Object.keys(SHELLS) },
    { name: "WORDS", optional: true, rest: true, hidden: true },
  ],
  examples: [
    "moltbot completion bash > ~/.local/share/bash-completion/completions/moltbot",
    "moltbot completion zsh > ~/.zfunc/_moltbot",
    "moltbot completion fish > ~/.config/fish/completions/moltbot.fish",
  ],
  async run({ words, env, out }) {
    const [shell = "", ...rest] = words;
    if (shell === ASK) return out.raw((await complete(rest, gatewayValues(env))).map(lineOf).join("\n"));
    const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
    if (script === undefined)
      throw usageError(`Completions exist for bash, zsh and fish, not ${JSON.stringify(shell)}.`);
    out.raw(script);
  },
});

function lineOf({ value, summary }: Candidate): string {
  return summary === "" ? value : `${value}\t${summary.replace(/\s+/g, " ").slice(0, 80)}`;
}

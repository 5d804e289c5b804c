/** Help texts, read off the commands. */

import type { Flag, Flags } from "./args.ts";
import type { Command, Group } from "./command.ts";
import { commands } from "./commands/index.ts";
import { displayWidth, type Look } from "./render.ts";

/** `moltbot --help`. */
export function overview(look: Look): string {
  const { style } = look;
  return [
    `${style.bold("moltbot")} — a personal messaging gateway`,
    "",
    usageLine("COMMAND [flags]", look),
    "",
    pairs(
      Object.entries(commands).map(([name, { summary }]) => [name, summary]),
      look,
    ),
    "",
    `Start with ${style.cyan("moltbot gateway")}; it prints the link to open.`,
    "`moltbot COMMAND --help` tells more.",
  ].join("\n");
}

/** `moltbot GROUP --help`. */
export function groupHelp(name: string, group: Group, look: Look): string {
  const lines = Object.entries(group.commands).map(([word, { summary }]) => [`${name} ${word}`, summary] as const);
  return [
    sentence(group.summary),
    "",
    usageLine(`${name}${group.alone ? " [COMMAND]" : " COMMAND"} [flags]`, look),
    "",
    pairs(lines, look),
    ...(group.alone ? ["", flagLines(group.alone.ownFlags, look)] : []),
  ].join("\n");
}

/** `moltbot COMMAND --help`. */
export function commandHelp(name: string, command: Command, look: Look): string {
  const { ownFlags, commonFlags, otherFlags } = command;
  const words = command.positionals.map((each) => {
    const word = each.rest ? `${each.name}…` : each.name;
    return each.optional ? `[${word}]` : word;
  });
  return [
    sentence(command.summary),
    "",
    usageLine([name, ...words, "[flags]"].join(" "), look),
    ...(Object.keys(ownFlags).length > 0 ? ["", flagLines(ownFlags, look, otherFlags)] : []),
    "",
    look.style.dim("Everywhere"),
    flagLines(commonFlags, look),
    ...(command.examples.length > 0
      ? ["", look.style.dim("Examples"), ...command.examples.map((each) => `  ${each}`)]
      : []),
  ].join("\n");
}

function usageLine(text: string, { style }: Look): string {
  return `${style.dim("Usage:")} moltbot ${text}`;
}

function flagLines(flags: Flags, look: Look, others?: readonly [string, string]): string {
  const label = ([name, flag]: [string, Flag]) => {
    const short = flag.short ? `-${flag.short}, ` : "";
    return `${short}--${name}${flag.kind === "switch" ? "" : ` ${flag.value ?? "VALUE"}`}`;
  };
  const summary = ({ summary, choices }: Flag) => (choices ? `${summary}: ${choices.join(", ")}` : summary);
  return pairs(
    [...Object.entries(flags).map((entry) => [label(entry), summary(entry[1])] as const), ...(others ? [others] : [])],
    look,
  );
}

/** Two columns; the second wraps at words. */
function pairs(rows: readonly (readonly [string, string])[], { width, style }: Look): string {
  const left = Math.max(...rows.map(([name]) => displayWidth(name)));
  const room = Math.max(24, width - left - 4);
  return rows
    .flatMap(([name, text]) =>
      wrap(text, room).map((line, at) => `  ${style.cyan((at === 0 ? name : "").padEnd(left))}  ${line}`),
    )
    .join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines;
}

function sentence(summary: string): string {
  return /[.!?]$/.test(summary) ? summary : `${summary}.`;
}

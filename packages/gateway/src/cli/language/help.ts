/** Help texts, read off the commands. */

import { commands } from "../commands/index.ts";
import { displayWidth } from "../terminal/display-width.ts";
import type { RenderOptions } from "../terminal/render.ts";
import { beside, wrapCommand } from "../terminal/wrap.ts";
import { type Flag, type Flags, flagBlocks, shownFlags, shownWords } from "./args.ts";
import { type Command, type Group, nameOfAlone } from "./command.ts";

/** `moltbot --help`. */
export function overview(look: RenderOptions): string {
  const { style } = look;
  return [
    `${style.bold("moltbot")} — a personal messaging gateway`,
    "",
    usageLine("COMMAND [flags]", look),
    "",
    ...groups(look),
    "",
    `Start with ${style.cyan("moltbot onboard")}, or open the link that ${style.cyan("moltbot gateway")} prints.`,
    "`moltbot COMMAND --help` tells more.",
  ].join("\n");
}

/** The commands under their headings, with the summaries in one column. */
function groups(look: RenderOptions): string[] {
  const entries = Object.entries(commands);
  const labelWidth = 2 + Math.max(...entries.map(([name]) => displayWidth(name)));
  return entries.flatMap(([name, { heading, summary }], index) => [
    ...(heading === undefined ? [] : [...(index === 0 ? [] : [""]), look.style.dim(heading)]),
    row(name, summary, labelWidth, look),
  ]);
}

/** `moltbot GROUP --help`. */
export function groupHelp(name: string, group: Group, look: RenderOptions): string {
  const lines = Object.entries(group.commands).map(([word, { summary }]) => [`${name} ${word}`, summary] as const);
  return [
    sentence(group.summary),
    "",
    usageLine(`${name} [COMMAND] [flags]`, look),
    "",
    pairs(lines, look),
    ...aloneLines(name, group, look),
  ].join("\n");
}

/** What the word alone does, and the flags that it takes then. */
function aloneLines(name: string, group: Group, look: RenderOptions): string[] {
  const word = nameOfAlone(group);
  const { positionals, summary } = group.alone;
  const usage = [name, ...shownWords(positionals)].join(" ");
  const takes = positionals.length === 0 ? [] : ["", look.style.dim(`\`moltbot ${usage}\`: ${sentence(summary)}`)];
  const means =
    word === undefined ? takes : ["", look.style.dim(`\`moltbot ${name}\` alone means \`moltbot ${name} ${word}\`.`)];
  const hasFlags = shownFlags(group.alone.ownFlags).length > 0;
  return [...means, ...(hasFlags ? ["", flagLines(group.alone.ownFlags, look)] : [])];
}

/** `moltbot COMMAND --help`. */
export function commandHelp(name: string, command: Command, look: RenderOptions): string {
  const { ownFlags, commonFlags, otherFlags } = command;
  return [
    sentence(command.summary),
    "",
    usageLine([name, ...shownWords(command.positionals), "[flags]"].join(" "), look),
    ...(shownFlags(ownFlags).length > 0 ? ["", flagLines(ownFlags, look, otherFlags)] : []),
    "",
    look.style.dim("Everywhere"),
    flagLines(commonFlags, look),
    ...(command.examples.length > 0 ? ["", look.style.dim("Examples"), ...exampleLines(command.examples, look)] : []),
  ].join("\n");
}

function usageLine(text: string, { style }: RenderOptions): string {
  return `${style.dim("Usage:")} moltbot ${text}`;
}

function flagLines(flags: Flags, look: RenderOptions, others?: readonly [string, string]): string {
  const label = ([name, flag]: readonly [string, Flag]) => {
    const short = flag.short ? `-${flag.short}, ` : "";
    return `${short}--${name}${flag.kind === "switch" ? "" : ` ${flag.value ?? "VALUE"}`}`;
  };
  const summary = ({ summary, choices }: Flag) => (choices ? `${summary}: ${choices.join(", ")}` : summary);
  const blocks = flagBlocks(flags).map(({ heading, entries }) => ({
    heading,
    rows: entries.map((entry) => [label(entry), summary(entry[1])] as const),
  }));
  if (others) blocks.push({ heading: undefined, rows: [others] });
  const labelWidth = widthOf(blocks.flatMap(({ rows }) => rows));
  return blocks
    .map(({ heading, rows }, index) => {
      const title = heading === undefined ? [] : [...(index === 0 ? [] : [""]), look.style.dim(heading)];
      return [...title, ...rows.map(([name, text]) => row(name, text, labelWidth, look))].join("\n");
    })
    .join("\n");
}

/** Two columns, the second beside the first or below it. */
function pairs(rows: readonly (readonly [string, string])[], look: RenderOptions): string {
  const labelWidth = widthOf(rows);
  return rows.map(([name, text]) => row(name, text, labelWidth, look)).join("\n");
}

/** The width of the first column, with the blanks before it. */
function widthOf(rows: readonly (readonly [string, string])[]): number {
  return 2 + Math.max(...rows.map(([name]) => displayWidth(name)));
}

function row(name: string, text: string, labelWidth: number, { width, style }: RenderOptions): string {
  return beside(`  ${style.cyan(name)}`, text, { labelWidth, width });
}

function exampleLines(examples: readonly string[], { width }: RenderOptions): string[] {
  return examples.flatMap((each) => wrapCommand(each, width - 2).map((line) => `  ${line}`));
}

function sentence(summary: string): string {
  return /[.!?]$/.test(summary) ? summary : `${summary}.`;
}

/** The manual: every command with its flags, the exit codes, the environment and the files. As a man page and as Markdown. */

import { VERSION } from "../../base/version.ts";
import { commands } from "../commands/index.ts";
import { commonFlags, type Flag, type Flags, flagBlocks, shownFlags, shownWords } from "./args.ts";
import { type Command, type Group, nameOfAlone } from "./command.ts";
import { EXIT_MEANINGS } from "./exit.ts";

/** One command with the words that call it. */
interface Page {
  readonly name: string;
  readonly command: Command;
  /** A shorter way to call it. */
  readonly alone?: string;
}

interface Chapter {
  readonly name: string;
  readonly summary: string;
  readonly pages: readonly Page[];
}

/** What the environment says, for the manual; `docs/operations.md` says more of each. */
const ENVIRONMENT: readonly (readonly [name: string, summary: string])[] = [
  ["MOLTBOT_STATE_DIR", "The state folder (~/.moltbot)."],
  ["MOLTBOT_CONFIG_PATH", "The config file (moltbot.json in the state folder)."],
  ["MOLTBOT_PROFILE", "Use the state folder ~/.moltbot-NAME."],
  ["MOLTBOT_GATEWAY_TOKEN, MOLTBOT_GATEWAY_PASSWORD", "The gateway's secret, when the config file has none."],
  ["MOLTBOT_GATEWAY_PORT", "The gateway's port."],
  ["MOLTBOT_DEBUG", "Set to 1, a failure shows where it happened."],
  ["NO_COLOR, FORCE_COLOR", "Never or always use colours."],
];

const NAME = "moltbot";
const WHAT = "a personal messaging gateway";

/** The man page in the macros of man(7). */
export async function manPage(): Promise<string> {
  const chapters = await readChapters();
  return [
    `.\\" Written by \`npm run generate\` from the definitions of the commands.`,
    `.TH MOLTBOT 1 "" "moltbot ${roff(VERSION)}" "User Commands"`,
    ".SH NAME",
    roff(`${NAME} - ${WHAT}`),
    ".SH SYNOPSIS",
    ".B moltbot",
    ".I COMMAND",
    "[flags]",
    ".SH DESCRIPTION",
    roff(
      "Start with `moltbot onboard`, or open the link that `moltbot gateway` prints. `moltbot COMMAND --help` shows one command.",
    ),
    ".SH COMMANDS",
    ...chapters.flatMap(({ summary, name, pages }) => [
      `.SS ${roff(name)}`,
      roff(sentence(summary)),
      ...pages.flatMap(manCommand),
    ]),
    ".SH FLAGS OF EVERY COMMAND",
    ...manFlags(commonFlags),
    ".SH EXIT STATUS",
    ...Object.entries(EXIT_MEANINGS).flatMap(([code, meaning]) => manItem(code, meaning)),
    ".SH ENVIRONMENT",
    ...ENVIRONMENT.flatMap(([name, summary]) => manItem(name, summary)),
    ".SH FILES",
    ...manItem("~/.moltbot/moltbot.json", "The settings."),
    ...manItem("~/.moltbot/logs/gateway.log", "The log; `moltbot logs` shows it."),
  ].join("\n");
}

/** The page of the docs about the command line. */
export async function manualPage(): Promise<string> {
  const chapters = await readChapters();
  return [
    "# Command line",
    "",
    "Written by `npm run generate` from the definitions of the commands. `moltbot COMMAND --help` shows the same in the",
    "terminal, and `man moltbot` where the package's man page is installed (`moltbot help --man` prints it).",
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`),
    "",
    "Results go to stdout, everything else to stderr. With `--json` a command prints its result as JSON.",
    "",
    "## Completion",
    "",
    "`moltbot completion bash|zsh|fish` prints a script that completes commands and flags, and asks the running gateway for",
    "channels, conversations, models, agents, devices and runs. Nothing is offered while it is down.",
    "",
    "## Flags of every command",
    "",
    ...flagTable(commonFlags),
    "",
    ...chapters.flatMap(({ name, summary, pages }) => [
      `## moltbot ${name}`,
      "",
      sentence(summary),
      "",
      ...pages.flatMap(markdownCommand),
    ]),
  ].join("\n");
}

async function readChapters(): Promise<Chapter[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => {
      const entry = await load();
      return { name, summary, pages: entry.kind === "command" ? [{ name, command: entry }] : pagesOf(name, entry) };
    }),
  );
}

function pagesOf(name: string, group: Group): Page[] {
  const alone = nameOfAlone(group);
  const named = Object.entries(group.commands).map(([word, command]) => ({
    name: `${name} ${word}`,
    command,
    ...(word === alone && { alone: name }),
  }));
  return alone === undefined ? [{ name, command: group.alone }, ...named] : named;
}

function usageOf({ name, command }: Page): string {
  return ["moltbot", name, ...shownWords(command.positionals)].join(" ");
}

function labelOf([long, flag]: readonly [string, Flag]): string {
  const short = flag.short ? `-${flag.short}, ` : "";
  return `${short}--${long}${flag.kind === "switch" ? "" : ` ${flag.value ?? "VALUE"}`}`;
}

function summaryOf({ summary, choices }: Flag): string {
  return choices ? `${summary}: ${choices.join(", ")}.` : sentence(summary);
}

function manCommand(page: Page): string[] {
  const { command, alone } = page;
  return [
    ".TP",
    `.B ${roff(usageOf(page))}`,
    roff(sentence(command.summary)),
    ...(alone === undefined ? [] : [roff(`\`moltbot ${alone}\` alone does the same.`)]),
    ...indented(manFlags(command.ownFlags)),
  ];
}

function indented(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [".RS", ...lines, ".RE"];
}

function manFlags(flags: Flags): string[] {
  return shownFlags(flags).flatMap((entry) => manItem(labelOf(entry), summaryOf(entry[1])));
}

function manItem(label: string, text: string): string[] {
  return [".TP", `.B ${roff(label)}`, roff(text)];
}

/** Text for troff: what it would read as a command or as typography is escaped. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("`", "")
    .replaceAll("…", "...")
    .replaceAll("“", "\\(lq")
    .replaceAll("”", "\\(rq")
    .replace(/^(?=[.'])/, "\\&");
}

function markdownCommand(page: Page): string[] {
  const { command, alone } = page;
  const { ownFlags, otherFlags, examples } = command;
  const flags = flagTable(ownFlags, otherFlags);
  return [
    `### ${usageOf(page)}`,
    "",
    `${sentence(command.summary)}${alone === undefined ? "" : ` \`moltbot ${alone}\` alone does the same.`}`,
    "",
    ...(flags.length > 0 ? [...flags, ""] : []),
    ...(examples.length > 0 ? ["```sh", ...examples, "```", ""] : []),
  ];
}

function flagTable(flags: Flags, others?: readonly [string, string]): string[] {
  const rows = [
    ...flagBlocks(flags).flatMap(({ heading, entries }) => [
      ...(heading === undefined ? [] : [`| **${heading}** | |`]),
      ...entries.map((entry) => flagRow(labelOf(entry), summaryOf(entry[1]))),
    ]),
    ...(others ? [flagRow(...others)] : []),
  ];
  return rows.length === 0 ? [] : ["| flag | what it does |", "|---|---|", ...rows];
}

function flagRow(flag: string, text: string): string {
  return `| \`${cell(flag)}\` | ${cell(text)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function sentence(text: string): string {
  return /[.!?\u2026]$/.test(text) ? text : `${text}.`;
}

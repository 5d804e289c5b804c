/** The entry of `moltbot`: finds the command, reads its flags, runs it, says what went wrong and sets the exit code. */

import { commands } from "./commands/index.ts";
import { checkPositionals, commonFlags, parseFlags, seeHelp } from "./language/args.ts";
import type { Command, Group } from "./language/command.ts";
import { type CliError, EXIT, type ExitCode, usageError } from "./language/exit.ts";
import { nearest } from "./language/nearest.ts";
import { type Output, processOutput } from "./terminal/output.ts";
import { printable } from "./terminal/render.ts";

const VERSION_FLAGS: readonly string[] = ["--version", "-V", "-v"];

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

/** Runs one command line. Never rejects: a failure is a sentence on stderr and an exit code. */
async function main(words: readonly string[]): Promise<ExitCode> {
  const { env } = process;
  const out = processOutput(env);
  try {
    return await run(words, { env, out });
  } catch (error) {
    // By name: in the published form each command is a file of its own, with its own copy of the class.
    const isExpected = error instanceof Error && (error.name === "CliError" || error.name === "StartError");
    // A refusal may repeat what a node, a file or a web site said.
    out.note(printable(isExpected ? error.message : unexpected(error)));
    if (env.MOLTBOT_DEBUG === "1" && error instanceof Error) out.note(error.stack ?? "");
    return (isExpected && (error as Partial<CliError>).exitCode) || EXIT.failed;
  }
}

async function run(words: readonly string[], io: { env: NodeJS.ProcessEnv; out: Output }): Promise<ExitCode> {
  const { leading, rest } = splitLeadingFlags(words);
  const [first, ...others] = rest;
  if (first === undefined || first === "help") {
    if (leading.some((word) => VERSION_FLAGS.includes(word))) return showVersion(io.out);
    if (first === "help" && others[0] === "--man") return showManual(io.out);
    if (first === "help" && others.length > 0) return run([...others, "--help"], io);
    parseFlags(leading, { name: "", flags: commonFlags, positionals: [] });
    const { overview } = await import("./language/help.ts");
    io.out.print(overview(io.out));
    return EXIT.ok;
  }
  if (first === "version") return showVersion(io.out);
  const entry = Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (!entry) throw unknownCommand(first, Object.keys(commands), "");
  const { name, command, rest: given } = pick(first, await entry.load(), others);
  if (command.kind === "group") return showHelp(name, command, io.out);
  const accepts = {
    name,
    flags: { ...command.ownFlags, ...command.commonFlags },
    positionals: command.positionals,
    takesOthers: command.otherFlags !== undefined,
  };
  const { values, words: positionals, others: otherFlags } = parseFlags([...leading, ...given], accepts);
  if (values.help) return showHelp(name, command, io.out);
  checkPositionals(positionals, accepts);
  const flags = values as Parameters<Command["run"]>[0]["flags"];
  const call = { flags, words: positionals, others: otherFlags, ...io };
  const code = (await command.run(call)) ?? EXIT.ok;
  const tells = command.page !== undefined && code === EXIT.ok && io.out.isTerminal && flags.json !== true;
  if (tells) (await import("./terminal/page-address.ts")).tellPage(command.page, call);
  return code;
}

/** Flags before the command belong to it: `moltbot --profile work health`. */
function splitLeadingFlags(words: readonly string[]) {
  let at = 0;
  while (words[at]?.startsWith("-")) {
    const name = words[at]?.replace(/^--/, "") ?? "";
    const flag = Object.hasOwn(commonFlags, name) ? commonFlags[name as keyof typeof commonFlags] : undefined;
    at += flag && flag.kind !== "switch" ? 2 : 1;
  }
  return { leading: words.slice(0, at), rest: words.slice(at) };
}

/** Descends into a group: its subcommand, or what its word alone means; the group itself when help is asked for. */
function pick(name: string, entry: Command | Group, rest: readonly string[]) {
  if (entry.kind === "command") return { name, command: entry, rest };
  const [given, ...others] = rest;
  const word = given !== undefined && Object.hasOwn(entry.formerly ?? {}, given) ? entry.formerly?.[given] : given;
  const command = word !== undefined && Object.hasOwn(entry.commands, word) ? entry.commands[word] : undefined;
  if (command) return { name: `${name} ${word}`, command, rest: others };
  const asksHelp = word === "--help" || word === "-h" || word === "help";
  if (word !== undefined && !word.startsWith("-") && !asksHelp && !isWordFor(entry, word)) {
    throw unknownCommand(word, Object.keys(entry.commands), name);
  }
  return { name, command: asksHelp ? entry : entry.alone, rest };
}

/** Whether the group's word alone takes this word. One that looks like a command is a mistyped one, unless any text is taken. */
function isWordFor({ alone, commands }: Group, word: string): boolean {
  const [first] = alone.positionals;
  return first !== undefined && (first.rest === true || nearest(word, Object.keys(commands)) === undefined);
}

function unknownCommand(word: string, known: readonly string[], under: string): CliError {
  const prefix = under === "" ? "moltbot" : `moltbot ${under}`;
  const close = nearest(word, known);
  const hint = close === undefined ? "" : ` Did you mean \`${prefix} ${close}\`?`;
  return usageError(`There is no command \`${prefix} ${word}\`.${hint} ${seeHelp(under)}`);
}

async function showHelp(name: string, entry: Command | Group, out: Output): Promise<ExitCode> {
  const { commandHelp, groupHelp } = await import("./language/help.ts");
  out.print(entry.kind === "command" ? commandHelp(name, entry, out) : groupHelp(name, entry, out));
  return EXIT.ok;
}

async function showVersion(out: Output): Promise<ExitCode> {
  const { VERSION } = await import("../base/version.ts");
  out.print(VERSION);
  return EXIT.ok;
}

async function showManual(out: Output): Promise<ExitCode> {
  const { manPage } = await import("./language/manual.ts");
  out.raw(await manPage());
  return EXIT.ok;
}

const ELSEWHERE = "choose another place with MOLTBOT_STATE_DIR";
const OWNER = "check that it belongs to you and can be written";
/** What to do about a file that cannot be used, by the system's code. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist; check the path, or make the state with `moltbot gateway` first",
  ENOTDIR: `a part of this path is a file and no folder; ${ELSEWHERE}`,
  EISDIR: "it is a folder where a file is wanted; move it away",
  EROFS: `its disk is read-only; ${ELSEWHERE}`,
  ELOOP: `its links lead round in a circle; ${ELSEWHERE}`,
  ENAMETOOLONG: `its name is too long; ${ELSEWHERE}`,
};

/** A file that cannot be used is the machine's fault and has a name; everything else is ours. */
function unexpected(error: unknown): string {
  const { code, path } = error as Partial<NodeJS.ErrnoException>;
  if (code === "ENOSPC") return "The disk is full; make room and try again. Nothing was overwritten.";
  if (path !== undefined) return `${path} cannot be used (${code}); ${ADVICE[code ?? ""] ?? OWNER}.`;
  return "Something went wrong inside moltbot. Set MOLTBOT_DEBUG=1 and run it again to see what and where.";
}

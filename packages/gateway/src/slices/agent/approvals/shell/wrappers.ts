/** Programs that run another command; the inner command is judged too. */
import { familyOf, isInterpreter, isShell, readsCommands } from "./names.ts";
import type { ShellKind } from "./types.ts";

type Arg = string | undefined;

/** A command that a wrapper runs. */
export interface InnerCall {
  readonly argv: readonly [string, ...Arg[]];
  readonly isOpenEnded: boolean;
}

/** The commands that a command runs. */
export type Wrapped =
  | { readonly kind: "none" }
  | { readonly kind: "unclear"; readonly why: string }
  | {
      readonly kind: "inner";
      readonly calls: readonly InnerCall[];
      readonly script?: { readonly text: string; readonly shell: ShellKind };
      /** Variables that it sets, each with its value. */
      readonly sets: readonly (readonly [name: string, value: string])[];
    };

/** The form of a wrapper's own arguments: flags, flags with a value, and words before the command. */
interface Shape {
  readonly flags: RegExp;
  readonly withValue?: RegExp;
  readonly words?: number;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  sudo: { flags: /^-[nHSkKbP]+$/, withValue: /^-[ugpC]$/ },
  nice: { flags: /^(-n?-?\d+|--adjustment=-?\d+)$/, withValue: /^-n$/ },
  nohup: { flags: /^$/ },
  setsid: { flags: /^-[cfw]+$|^--(ctty|fork|wait)$/ },
  timeout: {
    flags: /^(--foreground|--preserve-status|-v|--verbose|--kill-after=[\d.]+[smhd]?|--signal=\w+|-[ks][\w.]+)$/,
    withValue: /^-[ks]$/,
    words: 1,
  },
  stdbuf: { flags: /^-[ioe][L\d]\w*$|^--(input|output|error)=\w+$/, withValue: /^-[ioe]$/ },
  ionice: { flags: /^-t$|^-[cn]\d$/, withValue: /^-[cn]$/ },
  time: { flags: /^-[pvqa]+$/ },
  caffeinate: { flags: /^-[dimsu]+$/ },
  xargs: {
    flags:
      /^(-0|-r|-t|-x|-[nPLs]\d+|-I.+|-d.+|--null|--no-run-if-empty|--max-args=\d+|--max-procs=\d+|--delimiter=.+|--verbose)$/,
    withValue: /^-[nPLsId]$/,
  },
  watch: { flags: /^(-[dtbegcx]+|-n[\d.]+|--(differences|no-title|exec|color))$/, withValue: /^-n$/ },
  command: { flags: /^$/ },
  builtin: { flags: /^$/ },
  exec: { flags: /^$/ },
};

/** Whether a program only runs another one. */
export function isWrapper(program: string): boolean {
  const family = familyOf(program);
  return Object.hasOwn(SHAPES, family) || family === "env" || family === "find" || isShell(program);
}

/** The commands that a command runs. `isOpenEnded` says that further arguments come at run time. */
export function unwrap(argv: readonly [string, ...Arg[]], { isOpenEnded }: { isOpenEnded: boolean }): Wrapped {
  const [name, ...args] = argv;
  const family = familyOf(name);
  if (isShell(name) && !isOpenEnded) return unwrapShell(name, args);
  if (isOpenEnded && (isInterpreter(name) || isWrapper(name)))
    return unclear(`${name} is given arguments that are known only when it runs`);
  if (readsCommands(name)) return unclear(`${name} can run what it is given as input`);
  if (isInterpreter(name) && readsProgram(args)) return unclear(`${name} runs what it is given as input`);
  if (family === "env") return unwrapEnv(args);
  if (family === "find") return unwrapFind(args);
  if (family === "command" && (args[0] === "-v" || args[0] === "-V")) return { kind: "inner", calls: [], sets: [] };
  if (family === "exec" && args.length === 0) return { kind: "inner", calls: [], sets: [] };
  const shape = Object.hasOwn(SHAPES, family) ? SHAPES[family] : undefined;
  if (!shape) return { kind: "none" };
  const rest = afterOwn(args, shape);
  if (rest === undefined) return unclear(`what ${name} runs is not understood`);
  if (family === "xargs" && rest[0] !== undefined && isReplaced(rest[0], args))
    return unclear("what xargs runs is known only when it runs");
  if (family === "watch" && !args.some((arg) => arg === "-x" || arg === "--exec")) return scriptOf(name, rest, "sh");
  return innerOf(name, rest, family === "xargs");
}

function innerOf(
  name: string,
  rest: readonly Arg[],
  isOpenEnded: boolean,
  sets: readonly (readonly [string, string])[] = [],
): Wrapped {
  const [inner, ...args] = rest;
  if (rest.length === 0) {
    // `xargs` without a command prints its input; the others have nothing to run.
    return isOpenEnded ? { kind: "inner", calls: [{ argv: ["echo"], isOpenEnded }], sets } : { kind: "none" };
  }
  if (inner === undefined || inner === "") return unclear(`what ${name} runs is known only when it runs`);
  return { kind: "inner", calls: [{ argv: [inner, ...args], isOpenEnded }], sets };
}

function scriptOf(name: string, words: readonly Arg[], shell: ShellKind): Wrapped {
  if (words.length === 0) return { kind: "none" };
  if (words.includes(undefined)) return unclear(`what ${name} runs is known only when it runs`);
  return { kind: "inner", calls: [], script: { text: words.join(" "), shell }, sets: [] };
}

/** The arguments after a wrapper's own flags and words; undefined when a flag is unknown. */
function afterOwn(args: readonly Arg[], { flags, withValue, words = 0 }: Shape): readonly Arg[] | undefined {
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined) return undefined;
    if (arg === "--") {
      at++;
      break;
    }
    if (!arg.startsWith("-") || arg === "-") break;
    if (withValue?.test(arg)) {
      at++;
      if (args[at] === undefined) return undefined;
    } else if (!flags.test(arg)) return undefined;
  }
  const own = args.slice(at, at + words);
  if (own.includes(undefined) || own.length < words) return undefined;
  return args.slice(at + words);
}

function unwrapEnv(args: readonly Arg[]): Wrapped {
  const rest = afterOwn(args, { flags: /^(-i|-0|--ignore-environment|--null)$/ });
  if (rest === undefined) return unclear("what env runs is not understood");
  const first = rest.findIndex((arg) => arg === undefined || !arg.includes("="));
  const settings = (first === -1 ? rest : rest.slice(0, first)) as readonly string[];
  const sets = settings.map((setting) => {
    const at = setting.indexOf("=");
    return [setting.slice(0, at), setting.slice(at + 1)] as const;
  });
  return innerOf("env", first === -1 ? [] : rest.slice(first), false, sets);
}

/** Whether the command's name contains what `-I` of xargs replaces. */
function isReplaced(name: string, args: readonly Arg[]): boolean {
  const at = args.findIndex((arg) => arg?.startsWith("-I"));
  const mark = at === -1 ? undefined : args[at] === "-I" ? args[at + 1] : args[at]?.slice(2);
  return mark !== undefined && name.includes(mark);
}

const FIND_RUNS = new Set(["-exec", "-execdir", "-ok", "-okdir"]);

function unwrapFind(args: readonly Arg[]): Wrapped {
  const calls: InnerCall[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined || !FIND_RUNS.has(arg)) continue;
    const end = args.findIndex((each, index) => index > at && (each === ";" || each === "+"));
    const [inner, ...rest] = args.slice(at + 1, end === -1 ? args.length : end);
    if (end === -1 || inner === undefined || inner.includes("{}")) return unclear("what find runs is not understood");
    calls.push({ argv: [inner, ...rest.map((each) => (each?.includes("{}") ? undefined : each))], isOpenEnded: true });
    at = end;
  }
  if (args.includes(undefined)) return unclear("what find does is known only when it runs");
  return calls.length === 0 ? { kind: "none" } : { kind: "inner", calls, sets: [] };
}

/** Looks into a shell with a script on its command line; a shell that reads a file is a program like others. */
function unwrapShell(name: string, args: readonly Arg[]): Wrapped {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === undefined) return unclear(`what ${name} runs is known only when it runs`);
    if (/^-[eux]*o$/.test(arg)) {
      if (!/^(pipefail|errexit|nounset|xtrace)$/.test(args[++at] ?? ""))
        return unclear(`how ${name} runs is not understood`);
    } else if (/^-[eux]*c$/.test(arg)) return unwrapScript(name, args[at + 1]);
    else if (arg === "--version" || arg === "--help") return { kind: "none" };
    else if (!arg.startsWith("-") && !arg.startsWith("+")) return { kind: "none" };
    else if (!/^(-[eux]+|--norc|--noprofile)$/.test(arg)) return unclear(`how ${name} runs is not understood`);
  }
  return unclear(`${name} runs what it is given as input`);
}

function unwrapScript(name: string, script: Arg): Wrapped {
  const family = familyOf(name);
  if (script === undefined) return unclear(`what ${name} runs is known only when it runs`);
  if (family !== "bash" && family !== "sh" && family !== "dash" && family !== "ash")
    return unclear(`scripts of ${name} are not understood`);
  return { kind: "inner", calls: [], script: { text: script, shell: family === "bash" ? "bash" : "sh" }, sets: [] };
}

/** Whether an interpreter has neither a program, nor a file, nor a question about itself. */
function readsProgram(args: readonly Arg[]): boolean {
  const isOption = (arg: Arg) => arg?.startsWith("-") === true;
  return args.every(isOption) && !args.some((arg) => GIVES_PROGRAM.test(arg ?? ""));
}

const GIVES_PROGRAM = /^(-[a-zA-Z]*[ceEpVvh]|--(eval|print|version|help)(=.*)?)$/;

function unclear(why: string): Wrapped {
  return { kind: "unclear", why };
}

/**
 * Walks a parsed script and collects every command that it can run. Whatever is not known to be harmless to the analysis
 * itself — computed commands, functions, arithmetic over variables, a kind of node that is new — is a reason to ask.
 */
import type { Assignment, Command, CommandNode, CompoundList, ParsedScript, Pipeline, Redirection } from "unbash";
import { builtinProblem, isBuiltin } from "./builtins.ts";
import { isHarmlessVariable, isInterpreter, isSteeringVariable } from "./names.ts";
import type { Analysis, SimpleCommand } from "./types.ts";
import { type Context, isOneWord, shown, Words } from "./words.ts";
import { unwrap } from "./wrappers.ts";

type Argv = readonly [string, ...(string | undefined)[]];
type Parse = (script: string) => ParsedScript;

/** How a command is called. */
interface Manner {
  readonly context: Context;
  /** By another program: the shell's builtins are not meant. */
  readonly isProgram?: boolean;
  readonly isOpenEnded?: boolean;
}

const MAX_DEPTH = 8;
const MAX_COMMANDS = 200;

/** Collects what a script runs. One object for one analysis. */
export class Walk {
  readonly #parse: Parse;
  readonly #words: Words;
  readonly #commands: SimpleCommand[] = [];
  readonly #unclear = new Set<string>();

  constructor(parse: Parse) {
    this.#parse = parse;
    this.#words = new Words({ ask: (why) => this.#ask(why), inner: (...script) => this.#inner(...script) });
  }

  get analysis(): Analysis {
    return { commands: this.#commands, unclear: [...this.#unclear] };
  }

  /** Takes in a script as text. */
  text(script: string, context: Context): void {
    if (context.depth > MAX_DEPTH) return this.#ask("it is nested too deeply");
    this.script(this.#parse(script), context);
  }

  /** Takes in a parsed script. */
  script(script: ParsedScript, context: Context): void {
    if (script.errors && script.errors.length > 0) this.#ask("its syntax is not understood");
    this.#statements(script.commands, context);
  }

  #ask(why: string): void {
    this.#unclear.add(why);
  }

  #statements(statements: CompoundList["commands"], context: Context): void {
    for (const { command, background } of statements) {
      if (background) this.#ask("it leaves something running beside it");
      if (command.type !== "AndOr") this.#pipeline(command, context);
      else for (const each of command.commands) this.#pipeline(each, context);
    }
  }

  #list({ commands }: CompoundList, context: Context): void {
    this.#statements(commands, context);
  }

  #pipeline(node: CommandNode | Pipeline, context: Context): void {
    if (node.type !== "Pipeline") return this.#node(node, context);
    if (node.operators.includes("|&")) this.#words.bashOnly("|&", context);
    if (node.prefixes.some(({ type }) => type === "Time")) this.#words.bashOnly("time", context);
    for (const command of node.commands) this.#node(command, context);
  }

  #node(node: CommandNode, context: Context): void {
    switch (node.type) {
      case "Command":
        return this.#command(node, context);
      case "Redirected":
        for (const redirect of node.redirects) this.#redirect(redirect, context);
        return this.#node(node.command, context);
      case "Subshell":
      case "BraceGroup":
        return this.#list(node.body, context);
      case "If":
        for (const { clause, then } of [node, ...node.elif]) {
          this.#list(clause, context);
          this.#list(then, context);
        }
        return node.else && this.#list(node.else, context);
      case "While":
        this.#list(node.clause, context);
        return this.#list(node.body, context);
      case "For":
        this.#variable(node.name.value);
        for (const word of node.wordlist ?? []) this.#words.listed(word, context);
        return this.#list(node.body, context);
      case "Case":
        this.#words.word(node.word, context);
        for (const { pattern, body } of node.items) {
          for (const word of pattern) this.#words.word(word, context);
          this.#list(body, context);
        }
        return;
      case "TestCommand":
        this.#words.bashOnly("[[", context);
        return this.#words.test(node.expression, context);
      case "ArithmeticCommand":
        this.#words.bashOnly("((", context);
        return this.#words.arithmetic(node.expression, context);
      case "Function":
        return this.#ask(`it defines a function, ${shown(node.name.text)}`);
      default:
        return this.#ask(`it uses ${node.type.toLowerCase()}`);
    }
  }

  #command(node: Command, context: Context): void {
    for (const each of node.prefix) {
      if (each.type !== "Assignment") this.#redirect(each, context);
      else if (node.name) this.#given(each, context);
      else this.#assignment(each, context);
    }
    const argv: (string | undefined)[] = [];
    let isSplit = false;
    for (const each of node.suffix) {
      if (each.type === "Word") {
        argv.push(this.#words.word(each, context));
        isSplit ||= argv.at(-1) === undefined && !isOneWord(each);
      } else if (each.type === "Assignment") {
        argv.push(this.#assigned(each, context));
      } else this.#redirect(each, context);
    }
    if (!node.name) return;
    const name = this.#words.word(node.name, context);
    if (name === undefined || name === "")
      return this.#ask(`which command ${shown(node.name.text)} is, is known only when it runs`);
    if (isSplit && isBuiltin(name)) this.#ask(`${name} is given words that are not quoted: they can be names of files`);
    const takesInput = node.redirects.some(({ type }) => type === "HereDoc" || type === "HereString");
    if (takesInput && isInterpreter(name)) this.#ask(`${shown(name)} runs what it is given as input`);
    this.#call([name, ...argv], { context });
  }

  /** A command with its arguments, and what it calls in turn. */
  #call(argv: Argv, { context, isProgram = false, isOpenEnded = false }: Manner): void {
    const [name] = argv;
    if (this.#commands.length >= MAX_COMMANDS) return this.#ask("it has too many commands");
    if (context.depth > MAX_DEPTH) return this.#ask("it is nested too deeply");
    const inside = { ...context, depth: context.depth + 1 };
    const wrapped = unwrap(argv, { isOpenEnded });
    const isOwn = !isProgram && isBuiltin(name);
    if (wrapped.kind === "unclear") this.#ask(wrapped.why);
    if (!isOwn) this.#commands.push({ argv, isOpenEnded, isLookedThrough: wrapped.kind === "inner" });
    else if (wrapped.kind === "none") this.#builtin(argv);
    if (wrapped.kind !== "inner") return;
    for (const variable of wrapped.sets) this.#givenName(variable);
    for (const inner of wrapped.calls)
      this.#call(inner.argv, { context: inside, isProgram: !isOwn || name === "exec", isOpenEnded: inner.isOpenEnded });
    if (wrapped.script) this.text(wrapped.script.text, { shell: wrapped.script.shell, depth: inside.depth });
  }

  #builtin(argv: Argv): void {
    if (argv[0] === "read") return this.#read(argv.slice(1));
    const problem = builtinProblem(argv);
    if (problem !== undefined) this.#ask(problem);
  }

  #read(args: readonly (string | undefined)[]): void {
    for (const arg of args) {
      if (arg === undefined) return this.#ask("read is given a computed name");
      if (arg === "-r") continue;
      this.#variable(arg);
    }
  }

  /** A variable of the script itself. */
  #variable(name: string): void {
    if (!/^[A-Za-z_]\w*$/.test(name)) this.#ask(`${shown(name)} is not a plain name of a variable`);
    else if (isSteeringVariable(name)) this.#ask(`it sets ${name}`);
  }

  #assignment(assignment: Assignment, context: Context): void {
    this.#variable(assignment.name);
    this.#assigned(assignment, context);
  }

  /** A variable that one command is given. */
  #given(assignment: Assignment, context: Context): void {
    this.#givenName(assignment.name);
    this.#assigned(assignment, context);
  }

  #givenName(name: string): void {
    if (!isHarmlessVariable(name)) this.#ask(`it sets ${shown(name)} for a command`);
  }

  /** An assignment as one word. */
  #assigned({ name, value, index, append, text }: Assignment, context: Context): string | undefined {
    if (index) this.#ask(`it sets a part of ${shown(name)}`);
    if (value.type === "Word") {
      const literal = this.#words.word(value, context);
      return literal === undefined || append ? undefined : `${name}=${literal}`;
    }
    this.#words.bashOnly("an array", context);
    for (const word of value.elements) this.#words.listed(word, context);
    if (/(^|[\s(])\[/.test(text)) this.#ask(`it sets parts of ${shown(name)}`);
    return undefined;
  }

  #redirect(redirect: Redirection, context: Context): void {
    if (redirect.descriptor?.type === "FileDescriptorVariable") {
      this.#variable(redirect.descriptor.name);
      this.#words.bashOnly("{name}>", context);
    }
    if (redirect.type === "HereDoc") {
      for (const part of redirect.body.parts ?? []) this.#words.part(part, context);
      return;
    }
    if (!redirect.target) return this.#ask("its syntax is not understood");
    const { operator, target } = redirect;
    const literal = this.#words.word(target, context);
    if (redirect.type === "HereString") return this.#words.bashOnly("<<<", context);
    if (operator.startsWith("&>")) this.#words.bashOnly(operator, context);
    const isDescriptor = (operator === ">&" || operator === "<&") && literal !== undefined && /^\d*-?$/.test(literal);
    if (isDescriptor || (literal !== undefined && HARMLESS_FILES.has(literal))) return;
    if (target.parts?.every(({ type }) => type === "ProcessSubstitution")) return;
    this.#ask(`it ${operator === "<" ? "reads" : "writes to"} ${shown(target.text)}`);
  }

  #inner(script: ParsedScript | undefined, context: Context): void {
    const depth = context.depth + 1;
    if (!script) this.#ask("its syntax is not understood");
    else if (depth > MAX_DEPTH) this.#ask("it is nested too deeply");
    else this.script(script, { ...context, depth });
  }
}

const HARMLESS_FILES = new Set([
  "/dev/null",
  "/dev/stdout",
  "/dev/stderr",
  "/dev/stdin",
  "/dev/fd/0",
  "/dev/fd/1",
  "/dev/fd/2",
]);

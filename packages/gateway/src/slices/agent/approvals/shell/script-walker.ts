/**
 * Walks a parsed script and collects every command that it can run. Whatever is not known to be harmless to the analysis
 * itself — computed commands, functions, arithmetic over variables, a kind of node that is new — is a reason to ask.
 */
import type { Assignment, Command, CommandNode, CompoundList, ParsedScript, Pipeline, Redirection } from "unbash";
import { builtinProblem, isBuiltin } from "./builtins.ts";
import { isHarmlessVariable, isInterpreter, isPlainVariable } from "./names.ts";
import type { Analysis, InputForm, SimpleCommand, Sought, WrittenWord } from "./types.ts";
import { type Context, isOneWord, LOOKS_AT_ONE, LOOKS_AT_TWO, shown, soughtBy, Words } from "./words.ts";
import { unwrap } from "./wrappers.ts";

type Argv = readonly [string, ...(string | undefined)[]];
type Parse = (script: string) => ParsedScript;

/** How a command is called. */
interface Manner {
  readonly context: Context;
  /** Called by another program, so that the shell's builtins are not meant. */
  readonly isProgram?: boolean;
  readonly isOpenEnded?: boolean;
}

const MAX_DEPTH = 8;
const MAX_COMMANDS = 200;

/** Collects the commands of a script. One object for one analysis. */
export class ScriptWalker {
  readonly #parse: Parse;
  readonly #words: Words;
  readonly #commands: SimpleCommand[] = [];
  readonly #unclear = new Set<string>();
  readonly #met: WrittenWord[] = [];
  readonly #folders: string[] = [];
  readonly #sought: Sought[] = [];
  readonly #values: { name: string; text: string }[] = [];
  #enters: readonly string[] = [];
  #moves = 0;

  constructor(parse: Parse) {
    this.#parse = parse;
    this.#words = new Words({
      ask: (why) => this.#ask(why),
      inner: (...script) => this.#inner(...script),
      met: (word) => this.#met.push(word),
      sought: (place) => this.#sought.push(place),
    });
  }

  get analysis(): Analysis {
    return {
      ...{ commands: this.#commands, unclear: [...this.#unclear] },
      enters: this.#moves === this.#enters.length ? this.#enters : undefined,
      ...{ words: this.#met, folders: this.#folders, sought: this.#sought, values: this.#values },
    };
  }

  /** Walks the whole script: all that runs, with this input. */
  whole(script: string, { shell, input }: Pick<Context, "shell" | "input">): void {
    const parsed = this.#parse(script);
    this.#enters = entered(parsed);
    this.script(parsed, { shell, input, depth: 0 });
  }

  /** Walks a script given as text. */
  text(script: string, context: Context): void {
    if (context.depth > MAX_DEPTH) return this.#ask("it is nested too deeply");
    this.script(this.#parse(script), context);
  }

  /** Walks a parsed script. */
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
    for (const [index, command] of node.commands.entries())
      this.#node(command, index === 0 ? context : { ...context, input: "pipe" });
  }

  #node(node: CommandNode, context: Context): void {
    switch (node.type) {
      case "Command":
        return this.#command(node, context);
      case "Redirected":
        for (const redirect of node.redirects) this.#redirect(redirect, context);
        return this.#node(node.command, reading(node.redirects, context));
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
        for (const word of node.wordlist ?? []) {
          this.#values.push({ name: node.name.value, text: word.text });
          this.#words.listed(word, context);
        }
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
    for (const each of node.suffix) {
      const sought = each.type === "Word" && !MOVES.has(name) ? soughtBy(each) : undefined;
      if (sought) this.#sought.push(sought);
    }
    if (isSplit && isBuiltin(name)) this.#ask(`${name} is given words that are not quoted: they can be names of files`);
    if (MOVES.has(name) || name === "command" || name === "builtin")
      for (const { text } of node.args) this.#folders.push(text);
    const inner = reading(node.redirects, context);
    if (inner.input === "heredoc" && isInterpreter(name)) this.#ask(`${shown(name)} runs what it is given as input`);
    this.#call([name, ...argv], { context: inner });
  }

  /** Handles a command with its arguments, and the commands that it calls. */
  #call(argv: Argv, { context, isProgram = false, isOpenEnded = false }: Manner): void {
    const [name] = argv;
    if (this.#commands.length >= MAX_COMMANDS) return this.#ask("it has too many commands");
    if (context.depth > MAX_DEPTH) return this.#ask("it is nested too deeply");
    const inside = { ...context, depth: context.depth + 1 };
    const wrapped = unwrap(argv, { isOpenEnded });
    const isOwn = !isProgram && isBuiltin(name);
    if (wrapped.kind === "unclear") this.#ask(wrapped.why);
    if (isOwn && MOVES.has(name)) this.#moves++;
    if (isOwn) this.#sought.push(...soughtByBuiltin(argv));
    if (!isOwn)
      this.#commands.push({ argv, isOpenEnded, isLookedThrough: wrapped.kind === "inner", input: context.input });
    else if (wrapped.kind === "none") this.#builtin(argv);
    if (wrapped.kind !== "inner") return;
    for (const [variable, value] of wrapped.sets) this.#givenName(variable, value);
    for (const inner of wrapped.calls)
      this.#call(inner.argv, { context: inside, isProgram: !isOwn || name === "exec", isOpenEnded: inner.isOpenEnded });
    if (wrapped.script) this.text(wrapped.script.text, { ...inside, shell: wrapped.script.shell });
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
    else if (!isPlainVariable(name)) this.#ask(`it sets ${name}`);
  }

  #assignment(assignment: Assignment, context: Context): void {
    this.#variable(assignment.name);
    this.#assigned(assignment, context);
  }

  /** A variable that one command is given. */
  #given(assignment: Assignment, context: Context): void {
    this.#givenName(assignment.name, this.#assigned(assignment, context)?.slice(assignment.name.length + 1));
  }

  #givenName(name: string, value: string | undefined): void {
    if (!isHarmlessVariable(name, value)) this.#ask(`it sets ${shown(name)} for a command`);
  }

  /** An assignment as one word. */
  #assigned({ name, value, index, append, text }: Assignment, context: Context): string | undefined {
    if (index) this.#ask(`it sets a part of ${shown(name)}`);
    this.#values.push({ name, text: value.type === "Word" ? value.text : text });
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

/** The places whose existence a builtin reveals. The root always exists. */
function soughtByBuiltin([name, ...args]: Argv): Sought[] {
  const paths = MOVES.has(name)
    ? args.filter((arg) => arg !== "/" && !/^[-+]/.test(arg ?? ""))
    : name === "command"
      ? args.filter((arg) => arg === undefined || (/^-[vV]$/.test(args[0] ?? "") && arg.includes("/")))
      : name === "test" || name === "["
        ? testedBy(args)
        : [];
  return paths.map((path) => ({ text: path ?? name, path }));
}

/** The files that a test looks at. */
function testedBy(args: readonly (string | undefined)[]): (string | undefined)[] {
  return args.filter(
    (_, at) =>
      (at > 0 && LOOKS_AT_ONE.test(args[at - 1] ?? "")) ||
      LOOKS_AT_TWO.test(args[at - 1] ?? "") ||
      LOOKS_AT_TWO.test(args[at + 1] ?? ""),
  );
}

/** Builtins that change the folder. */
const MOVES: ReadonlySet<string> = new Set(["cd", "chdir", "pushd", "popd"]);

/** The context of a command that has these redirections, among other things. */
function reading(redirects: readonly { readonly type: string }[], context: Context): Context {
  const isHere = redirects.some(({ type }) => type === "HereDoc" || type === "HereString");
  return isHere ? { ...context, input: "heredoc" satisfies InputForm } : context;
}

/** The folders of `cd A && cd B && …` at the start of a script of one list; they hold for everything that follows. */
function entered({ commands: [only, ...more] }: ParsedScript): string[] {
  const list = only?.command;
  if (more.length > 0 || list?.type !== "AndOr" || list.operators.some((operator) => operator !== "&&")) return [];
  const folders: string[] = [];
  for (const node of list.commands) {
    if (node.type !== "Command" || node.name?.text !== "cd" || node.suffix.length !== 1) break;
    if (node.prefix.length > 0 || node.redirects.length > 0) break;
    const [word] = node.suffix;
    if (word?.type !== "Word" || word.parts || !/^[^-~]/.test(word.value)) break;
    folders.push(word.value);
  }
  return folders;
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

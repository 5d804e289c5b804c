/** Evaluates the words of a script: their values at run time, if known, and the commands in them. */
import type {
  ArithmeticExpression,
  ParameterExpansionPart,
  ParsedScript,
  TestExpression,
  Word,
  WordPart,
} from "unbash";
import type { InputForm, ShellKind, Sought, WrittenWord } from "./types.ts";

/** A place in a script. */
export interface Context {
  readonly shell: ShellKind;
  /** The depth of nested scripts. */
  readonly depth: number;
  /** The input of a command there. */
  readonly input: InputForm;
}

/** Operators of tests that look at files. */
export const LOOKS_AT_ONE = /^-[abcdefghkprsuwxGLNOS]$/;
export const LOOKS_AT_TWO = /^-(nt|ot|ef)$/;

/** Receives the findings. */
export interface WordPorts {
  /** A reason to ask for the whole script. */
  ask(why: string): void;
  /** A script within a word; undefined when it cannot be parsed. */
  inner(script: ParsedScript | undefined, context: Context): void;
  /** A word as it is written. */
  met(word: WrittenWord): void;
  /** A place where the shell looks for files. */
  sought(place: Sought): void;
}

const MAX_BRACES = 4;
const SHOWN_CHARS = 60;

export class Words {
  readonly #ports: WordPorts;

  constructor(ports: WordPorts) {
    this.#ports = ports;
  }

  /**
   * Reads a word of a list that the shell expands itself, such as `*.py`. File names that nobody has seen must not become
   * arguments.
   */
  listed(word: Word, context: Context): void {
    if (this.word(word, context) === undefined && !isOneWord(word))
      this.#ports.ask(`${shown(word.text)} can be names of files`);
  }

  /** The value of a word if it is known; its expansions are walked. */
  word(word: Word, context: Context): string | undefined {
    const literal = this.#literal(word, context);
    this.#ports.met({ text: word.text, literal });
    return literal;
  }

  #literal(word: Word, context: Context): string | undefined {
    const isTilde = word.text.startsWith("~");
    if (!word.parts) return isTilde ? undefined : word.value;
    if ((word.text.match(/\{/g)?.length ?? 0) > MAX_BRACES && word.parts.some(({ type }) => type === "BraceExpansion"))
      this.#ports.ask(`${shown(word.text)} can be very many words`);
    const pieces = word.parts.map((part) => this.part(part, context));
    if (isTilde || pieces.includes(undefined)) return undefined;
    const joined = pieces.join("");
    if (joined !== word.value) this.#ports.ask(`${shown(word.text)} is not understood`);
    return joined;
  }

  /** The value of a part of a word if it is known. */
  part(part: WordPart, context: Context): string | undefined {
    switch (part.type) {
      case "Literal":
      case "SingleQuoted":
        return part.value;
      case "DoubleQuoted": {
        const pieces = part.parts.map((each) => this.part(each, context));
        return pieces.includes(undefined) ? undefined : pieces.join("");
      }
      case "SimpleExpansion":
      case "Glob":
        return undefined;
      case "BraceExpansion":
        for (const each of part.parts ?? []) this.part(each, context);
        // A few characters can stand for more words than fit into memory.
        if (part.text.includes("..")) this.#ports.ask(`${shown(part.text)} can be very many words`);
        // The parser does not always parse the inside.
        if (!part.parts && /[$`<>]/.test(part.text)) this.#ports.ask(`${shown(part.text)} is not understood`);
        return undefined;
      case "ParameterExpansion":
        this.#parameter(part, context);
        return undefined;
      case "CommandExpansion":
        if (/^\$\{/.test(part.text)) this.bashOnly(part.text, context);
        this.#ports.inner(part.script, context);
        return undefined;
      case "ProcessSubstitution":
        this.bashOnly("<( )", context);
        this.#ports.inner(part.script, context);
        return undefined;
      case "ArithmeticExpansion":
        this.arithmetic(part.expression, context);
        return undefined;
      default:
        this.#ports.ask(`${shown(part.text)} is not understood`);
        return undefined;
    }
  }

  /** Values of variables are data; forms that evaluate them are unclear. */
  #parameter({ prefix, index, operation, text }: ParameterExpansionPart, context: Context): void {
    const isPlainIndex = index === undefined || /^([@*]|\d+)$/.test(index.text);
    if (prefix === "!" || !isPlainIndex) return this.#ports.ask(`${shown(text)} evaluates a value`);
    if (index) this.bashOnly("an array", context);
    switch (operation?.type) {
      case undefined:
        return;
      case "Default":
        if (operation.operator.endsWith("=")) this.#ports.ask(`${shown(text)} sets a variable`);
        return void this.word(operation.operand, context);
      case "Remove":
        return void this.word(operation.operand, context);
      case "Replace":
        this.bashOnly(text, context);
        this.word(operation.pattern, context);
        return void this.word(operation.replacement, context);
      case "CaseModification":
        this.bashOnly(text, context);
        return operation.operand && void this.word(operation.operand, context);
      default:
        this.#ports.ask(`${shown(text)} evaluates a value`);
    }
  }

  /** Numbers are clear. A variable in arithmetic is evaluated, and may hold a command. */
  arithmetic(expression: ArithmeticExpression | undefined, context: Context): void {
    switch (expression?.type) {
      case "ArithmeticBinary":
        this.arithmetic(expression.left, context);
        return this.arithmetic(expression.right, context);
      case "ArithmeticGroup":
        return this.arithmetic(expression.expression, context);
      case "ArithmeticUnary":
        return this.arithmetic(expression.operand, context);
      case "ArithmeticTernary":
        for (const each of [expression.test, expression.consequent, expression.alternate])
          this.arithmetic(each, context);
        return;
      case "ArithmeticWord":
        if (/^\d+$/.test(expression.value) && !expression.parts) return;
    }
    this.#ports.ask("it calculates with values that are known only when it runs");
  }

  /** A condition between double brackets: some of its operators evaluate values. */
  test(expression: TestExpression, context: Context): void {
    switch (expression.type) {
      case "TestUnary":
        this.#looked(expression.operand, LOOKS_AT_ONE.test(expression.operator), context);
        if (/^-[vR]$/.test(expression.operator)) this.#ports.ask(`[[ ${expression.operator} evaluates a name`);
        return;
      case "TestBinary":
        for (const word of [expression.left, expression.right])
          this.#looked(word, LOOKS_AT_TWO.test(expression.operator), context);
        if (/^-(eq|ne|lt|le|gt|ge)$/.test(expression.operator))
          this.#ports.ask(`[[ ${expression.operator} evaluates values`);
        return;
      case "TestLogical":
        for (const each of expression.operands) this.test(each, context);
        return;
      case "TestNot":
        return this.test(expression.operand, context);
      case "TestGroup":
        return this.test(expression.expression, context);
    }
  }

  #looked(word: Word, isFile: boolean, context: Context): void {
    const path = this.word(word, context);
    if (isFile) this.#ports.sought({ text: word.text, path });
  }

  /** Notes a form that only bash understands. */
  bashOnly(what: string, { shell }: Context): void {
    if (shell !== "bash") this.#ports.ask(`${shown(what)} means something else to other shells than bash`);
  }
}

/** Whether an expansion stays one word. */
export function isOneWord({ parts = [], text }: Word): boolean {
  return (
    parts.every(({ type }) => type === "DoubleQuoted" || type === "Literal" || type === "SingleQuoted") &&
    !/[@*]/.test(text)
  );
}

/** The place where the shell looks for files to make an argument; undefined when it does not look. */
export function soughtBy({ parts = [], text }: Word): Sought | undefined {
  if (text.startsWith("~")) return { text, path: undefined };
  if (!parts.some(canBeNames)) return undefined;
  return { text, path: PATTERN.test(text) ? text.slice(0, text.lastIndexOf("/") + 1) || "." : undefined };
}

function canBeNames({ type, text }: WordPart): boolean {
  if (type === "BraceExpansion") return /[*?[~$`]/.test(text);
  // Numbers of the shell.
  if (type === "SimpleExpansion") return !/^\$[?#$!]$/.test(text);
  return !PLAIN_PARTS.has(type);
}

const PLAIN_PARTS: ReadonlySet<string> = new Set([
  "Literal",
  "SingleQuoted",
  "DoubleQuoted",
  "ProcessSubstitution",
  "ArithmeticExpansion",
]);

/** A folder in plain characters, then a pattern that does not match its parent. */
const PATTERN = /^((?:[\w.+@%,-]+\/|\/)*)[\w+@%,*?[\]-][\w.+@%,*?[\]-]*$/;

/** A piece of a script as quoted in reasons. */
export function shown(text: string): string {
  const short = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
  return `“${short.replace(/\s+/g, " ")}”`;
}

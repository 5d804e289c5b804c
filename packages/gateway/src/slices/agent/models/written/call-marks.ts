/**
 * The marks of calls that models write as text, and how much of a text may be the beginning of one. Sources: the models'
 * chat templates, and OpenAI's guide to the harmony format.
 */

/** Where a call begins, and what ends it; the end of an answer ends a call, too. */
export interface CallMark {
  readonly start: RegExp;
  readonly end: RegExp;
  /** The start says something of the call and belongs to what is written. */
  readonly isPart?: boolean;
  /** The mark opens a code block: it begins a line, and people see it when it is no call. */
  readonly isBlock?: boolean;
}

const NAME = String.raw`[\w.:-]{1,64}`;
/** What some models put before the names of their tags: DeepSeek, and copies of Claude. */
const PREFIX = "(?:antml:|[|｜]DSML[|｜])?";
const WRAPPERS = "tool_call|tool_calls|function_call|function_calls|toolcall|seed:tool_call|minimax:tool_call";

export const CALL_MARKS: readonly CallMark[] = [
  // Qwen, Hermes, GLM, Nemotron; MiniMax, Seed, Claude.
  {
    start: new RegExp(String.raw`<\s{0,8}${PREFIX}(?:${WRAPPERS})\s{0,8}>`, "i"),
    end: new RegExp(String.raw`<\s{0,8}/\s{0,8}${PREFIX}(?:${WRAPPERS})\s{0,8}>`, "i"),
  },
  // Llama, Qwen's coders.
  { start: /<function=[\w.-]{1,64}>/i, end: /<\/function>/i, isPart: true },
  {
    start: new RegExp(String.raw`<${PREFIX}invoke\s{1,8}name=["']?${NAME}["']?\s{0,8}>`, "i"),
    end: new RegExp(`</${PREFIX}invoke>`, "i"),
    isPart: true,
  },
  // Mistral.
  { start: /\[TOOL_CALLS\]/i, end: /<\/s>/ },
  // Llama.
  { start: /<\|python_tag\|>/i, end: /<\|eom_id\|>|<\|eot_id\|>/i },
  // DeepSeek, Kimi.
  {
    start: /<[|｜]tool[_▁]calls[_▁](?:section[_▁])?begin[|｜]>/i,
    end: /<[|｜]tool[_▁]calls[_▁](?:section[_▁])?end[|｜]>/i,
  },
  { start: /<[|｜]tool[_▁]call[_▁]begin[|｜]>/i, end: /<[|｜]tool[_▁]call[_▁]end[|｜]>/i, isPart: true },
  // LFM.
  { start: /<\|tool_call_start\|>/i, end: /<\|tool_call_end\|>/i },
  // Granite, Phi.
  { start: /<\|tool_call\|>/i, end: /<\|\/tool_call\|>/i },
  // Command.
  { start: /<\|START_ACTION\|>/i, end: /<\|END_ACTION\|>/i },
  // Gemma.
  { start: /```(?:tool_code|tool_call)[ \t]{0,8}\n/i, end: /\n[ \t]{0,8}```/, isBlock: true },
];

/** Marks without blanks and in small letters, as far as they are always the same. */
const FIXED: readonly string[] = [
  ...WRAPPERS.split("|").flatMap((name) => ["", "antml:", "|dsml|"].map((before) => `<${before}${name}>`)),
  ...["[tool_calls]", "<|python_tag|>", "<|tool_call_start|>", "<|tool_call|>", "<|start_action|>"],
  ...["<|tool_calls_section_begin|>", "<|tool_calls_begin|>", "<|tool_call_begin|>"],
  ...["<function=", "<invoke", "<invoke", "<|dsml|invoke"],
  ...["```tool_code", "```tool_call"],
];
const OPEN =
  /^<(?:function=[\w.-]{0,64}|(?:antml:|\|dsml\|)?invoke(?:n(?:a(?:m(?:e(?:=["']?[\w.:-]{0,64}["']?)?)?)?)?)?)$/;

/** Whether a text, in small letters and without blanks, may be the beginning of a call's mark. */
export function mayBeginCall(tail: string): boolean {
  const plain = tail.replaceAll("｜", "|").replaceAll("▁", "_");
  return FIXED.some((mark) => mark.startsWith(plain)) || OPEN.test(plain);
}

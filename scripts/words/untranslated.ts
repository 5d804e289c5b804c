/** Texts for people in a source that no catalogue is asked for. Told apart from other strings by how they look and where they are. */
import type { Node } from "web-tree-sitter";
import type { UntranslatedText } from "./source.ts";
import { isSpoken, ownersOf } from "./template.ts";

/** Functions and constructors whose strings are no texts, or which translate them. */
const CALLS =
  /^(?:t|said|plural|ignore|recall|remember|remembered|RegExp|URL|NodeFailure|badParams|import|customElements\.define|matchMedia|fetch|dispatchEvent|CustomEvent|Blob|dates|numbers|(?:.*\.)?(?:querySelector|querySelectorAll|closest|matches|addEventListener|removeEventListener|request|createElement|setAttribute|test|startsWith|endsWith|includes|getContext|on|getItem|setItem|execCommand|set|has|get|getElementById|listen|register))$/;
/** Properties whose values are no texts. */
const PROPERTIES = new Set([
  "width",
  "command",
  "className",
  "d",
  "style",
  "notation",
  "currency",
  "key",
  "type",
  "kind",
  "id",
]);
/** Names, keys, samples, and what programs and models are told; each with its file. */
const NOT_FOR_PEOPLE: Readonly<Record<string, readonly string[]>> = {
  "canvas/frame.ts": ["it is too long"],
  "channels/link.ts": ["the dialog was closed"],
  "chat/activity.ts": ["Waits for approval"],
  "visit/credentials.ts": ["Edg", "Edge"],
  "devices/node-commands.ts": ["Hello", "This came from the gateway."],
  "kit/held-keys.ts": ["Enter", "Backspace"],
  "node/app.ts": ["Moltbot node"],
  "node/canvas/action.ts": ["CANVAS_A2UI {} default=update_canvas"],
  "node/canvas/canvas-frame.ts": ["the surface was refused"],
  "node/identity.ts": ["{} on {}"],
  "node/permissions.ts": ["nobody answered"],
  "visit/notify.ts": ["Notification"],
  "palette/palette.ts": ["Ctrl K", "Enter", "Shift Enter", "Tab, Shift Tab", "Esc"],
  "visit/push.ts": ["this page has no worker"],
  "store/connection.ts": ["not signed in"],
  "words/languages.ts": ["Deutsch", "English", "Español", "Français", "Português"],
};
/** HTML, style sheets, selectors, options of a command, and our own name. */
const OTHER_LANGUAGE =
  /<\/?[a-z{]|^-{0,2}[a-z-]+: |^ --[a-z]|^form :is|^bar \{|^button primary$|^button:not|^(?:tailscale|moltbot) |^Moltbot$|^\*\*\{\}|^(?:p br|div table|target rel) /;
const TYPES = new Set(["literal_type", "import_statement", "export_statement", "property_signature"]);
/** Two words, or one that begins a sentence. */
const PROSE = /\p{L}{2,}[,.:;…!?’”]*\s+[\p{L}“{]|[}\p{L}]\s+\p{L}{2,}|^\p{Lu}\p{Ll}+[.…!?]?$/u;

/** All stray texts of a source; `file` is its path below the sources. */
export function untranslatedTexts(root: Node, file: string): UntranslatedText[] {
  const strings = [...root.descendantsOfType("string"), ...root.descendantsOfType("template_string")];
  const known = NOT_FOR_PEOPLE[file] ?? [];
  const untranslated = strings.filter(
    (node) => node !== null && isUntranslated(node) && !known.includes(staticText(node)),
  );
  const early = root.descendantsOfType("call_expression").filter((call) => call !== null && isTooEarly(call));
  return [
    ...untranslated.flatMap((node) =>
      node ? [untranslatedText(node, "goes through neither a template nor `t`")] : [],
    ),
    ...early.flatMap((node) =>
      node ? [untranslatedText(node, "is asked for before a language is chosen; use `said`")] : [],
    ),
  ];
}

/** Whether a text is asked for as the file is loaded: it would stay in the language of that moment. */
function isTooEarly(call: Node): boolean {
  if (!/^(?:t|plural)$/.test(call.childForFieldName("function")?.text ?? "")) return false;
  for (let at = call.parent; at !== null; at = at.parent)
    if (/function|method_definition|public_field_definition/.test(at.type)) return false;
  return true;
}

function untranslatedText(node: Node, why: string): UntranslatedText {
  return { text: node.text, line: node.startPosition.row + 1, why };
}

function isUntranslated(node: Node): boolean {
  const { parent } = node;
  if (parent === null || !PROSE.test(staticText(node)) || OTHER_LANGUAGE.test(staticText(node))) return false;
  if (parent.type === "call_expression") return false; // a tagged template
  return !isNoText(node);
}

/** The characters of a literal, with `{}` for what is computed. */
function staticText(node: Node): string {
  const holes = node.namedChildren.filter((each): each is Node => each?.type === "template_substitution");
  let text = "";
  let at = node.startIndex + 1;
  for (const { startIndex, endIndex } of holes) {
    text += `${node.text.slice(at - node.startIndex, startIndex - node.startIndex)}{}`;
    at = endIndex;
  }
  return text + node.text.slice(at - node.startIndex, -1);
}

/** Whether where it is says that it is no text for people. */
function isNoText(node: Node): boolean {
  let child = node;
  for (let at = node.parent; at !== null; child = at, at = at.parent) {
    if (TYPES.has(at.type) && (at.type !== "export_statement" || child.type === "string")) return true;
    if (at.type === "binary_expression" && /^[=!]==?$/.test(at.childForFieldName("operator")?.text ?? "")) return true;
    if (at.type === "switch_case" && child.id === at.childForFieldName("value")?.id) return true;
    if (at.type === "subscript_expression" && child.id === at.childForFieldName("index")?.id) return true;
    if (at.type === "pair")
      return child.id === at.childForFieldName("key")?.id || PROPERTIES.has(at.childForFieldName("key")?.text ?? "");
    if (at.type === "arguments") return isNoArgument(at);
    if (at.type === "template_substitution") return isInOtherAttribute(at);
    if (/function|method|statement|declaration|class/.test(at.type)) return false;
  }
  return false;
}

function isNoArgument(given: Node): boolean {
  const call = given.parent;
  const name = (call?.childForFieldName("function") ?? call?.childForFieldName("constructor"))?.text ?? "";
  return CALLS.test(name);
}

/** Whether an expression of a template is in an attribute that nobody reads. */
function isInOtherAttribute(hole: Node): boolean {
  const template = hole.parent;
  if (template?.parent?.childForFieldName("function")?.text !== "html") return template !== null && isNoText(template);
  const holes = template.namedChildren.filter((each): each is Node => each?.type === "template_substitution");
  const start = template.startIndex;
  const starts = [1, ...holes.map(({ endIndex }) => endIndex - start)];
  const ends = [...holes.map(({ startIndex }) => startIndex - start), template.text.length - 1];
  const owner = ownersOf(starts.map((from, index) => template.text.slice(from, ends[index])))[
    holes.findIndex(({ id }) => id === hole.id)
  ];
  return owner !== undefined && owner !== "" && !isSpoken(owner) && !owner.startsWith(".");
}

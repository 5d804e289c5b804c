// Which commands, or words behind a command, fit what has been typed so far. Pure functions.

import type { CommandEntry } from "@moltbot/protocol";

/** One line of the menu. `text` is what the field holds once it was chosen. */
export interface Suggestion {
  readonly text: string;
  readonly title: string;
  readonly usage: string;
  readonly summary: string;
}

/** What can be chosen now. `isComplete`: what has been typed can be sent as it is. */
export interface Suggestions {
  readonly list: readonly Suggestion[];
  readonly isComplete: boolean;
}

const NOTHING: Suggestions = { list: [], isComplete: true };

/** What fits a text that begins with a slash; nothing for any other. */
export function suggestionsFor(text: string, commands: readonly CommandEntry[]): Suggestions {
  const match = /^\/(\S*)(?:[ \t]+([^\n]*))?$/.exec(text);
  if (match === null) return NOTHING;
  const [, word = "", rest] = match;
  return rest === undefined ? ofNames(word.toLowerCase(), commands) : ofChoices(word.toLowerCase(), rest, commands);
}

/** Commands whose name or another name begins with the word; those whose name does come first. */
function ofNames(word: string, commands: readonly CommandEntry[]): Suggestions {
  const byName = commands.filter(({ name }) => name.startsWith(word));
  const byAlias = commands.filter((each) => !byName.includes(each) && each.aliases.some((one) => one.startsWith(word)));
  const isComplete = commands.some(({ name, aliases }) => name === word || aliases.includes(word));
  const list = [...byName, ...byAlias].map(({ name, usage, summary, choices }) => ({
    text: `/${name}${usage !== "" || choices.length > 0 ? " " : ""}`,
    title: `/${name}`,
    usage,
    summary,
  }));
  return list.length === 1 && list[0]?.text === `/${word}` ? NOTHING : { list, isComplete };
}

/** Words that may follow a command and begin with what was typed; a choice may be several words. */
function ofChoices(word: string, rest: string, commands: readonly CommandEntry[]): Suggestions {
  const command = commands.find(({ name, aliases }) => name === word || aliases.includes(word));
  if (command === undefined) return NOTHING;
  const typed = rest.toLowerCase();
  const list = command.choices
    .filter((choice) => choice.toLowerCase().startsWith(typed) && choice.toLowerCase() !== typed)
    .map((choice) => ({ text: `/${word} ${choice}`, title: choice, usage: "", summary: "" }));
  return { list, isComplete: true };
}

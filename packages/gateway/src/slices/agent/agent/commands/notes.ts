/** Notes: the simplest thing that a gateway without a model can do for a person. */

import { type Command, firstWord, peerOf } from "../../../../kit/command.ts";
import { literal } from "../../../../kit/text/one-line.ts";
import type { Note } from "../notes.ts";
import { defineCommand } from "../slice.ts";

/** The most characters of a peer's note that are shown. */
const MAX_PEER_CHARS = 1_000;

const note = defineCommand({
  name: "note",
  aliases: ["remember"],
  usage: "TEXT",
  needs: "operator.write",
  summary: "keeps a note",
  run({ args, gateway: { agent }, runId, starter }) {
    if (args === "") return "What should I note? Write for example `/note the spare key is with Ada`.";
    return `Noted as number ${agent.notes.add(runId, args, peerOf(starter)).id}.`;
  },
});

const notes = defineCommand({
  name: "notes",
  usage: "[search WORDS | remove NUMBER]",
  needs: "operator.read",
  isPrivate: true,
  summary: "shows, searches and removes notes",
  run({ args, gateway: { agent }, starter }) {
    const guest = peerOf(starter);
    const { word, rest } = firstWord(args);
    const action = word.toLowerCase();
    if (action === "remove" || action === "delete" || action === "rm")
      return remove(agent.notes.remove(Number(rest), guest), rest);
    const words = action === "search" || action === "list" ? rest : args;
    const found = agent.notes.list(words, guest);
    if (found.length > 0) return found.map(line).join("\n");
    return words === "" ? "There are no notes yet. `/note TEXT` keeps one." : `No note contains “${words}”.`;
  },
});

export const noteCommands: readonly Command[] = [note, notes];

function line({ id, at, text, guest }: Note): string {
  const said = guest === null ? text : `${literal(guest)}: ${literal(text, MAX_PEER_CHARS)}`;
  return `${id}. ${said} _(${new Date(at).toISOString().slice(0, 10)})_`;
}

function remove(removed: Note | undefined, number: string): string {
  return removed
    ? `Removed note ${removed.id}: ${removed.text}`
    : `There is no note ${number || "without a number"}; \`/notes\` shows them.`;
}

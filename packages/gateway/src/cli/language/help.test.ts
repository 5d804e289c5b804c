import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../commands/index.ts";
import { displayWidth } from "../terminal/display-width.ts";
import { createStyle } from "../terminal/render.ts";
import { fold } from "../terminal/wrap.ts";
import { flagBlocks, shownFlags } from "./args.ts";
import { type Command, nameOfAlone } from "./command.ts";
import { commandHelp, groupHelp } from "./help.ts";

const entries = await Promise.all(
  Object.entries(commands).map(async ([name, { load }]) => ({ name, entry: await load() })),
);
const all: readonly (readonly [name: string, command: Command])[] = entries.flatMap(({ name, entry }) =>
  entry.kind === "command"
    ? [[name, entry] as const]
    : Object.entries(entry.commands).map(([word, command]) => [`${name} ${word}`, command] as const),
);

/** As a terminal of 50 columns gets it. */
function narrow(text: (look: { width: number; style: ReturnType<typeof createStyle> }) => string): string[] {
  return fold(text({ width: 50, style: createStyle(false) }), 50).split("\n");
}

test("no help is wider than 50 columns, but for a word that is", () => {
  const lines = [
    ...all.flatMap(([name, command]) => narrow((look) => commandHelp(name, command, look))),
    ...entries.flatMap(({ name, entry }) =>
      entry.kind === "group" ? narrow((look) => groupHelp(name, entry, look)) : [],
    ),
  ];

  assert.deepEqual(
    lines.filter((line) => displayWidth(line) > 50 && line.trim().includes(" ")),
    [],
  );
});

test("flags of a command that has many stand under headings", () => {
  const look = { width: 80, style: createStyle(false) };
  const add = all.find(([name]) => name === "cron add")![1];

  const many = all.filter(([, { ownFlags }]) => shownFlags(ownFlags).length > 15);
  const headings = commandHelp("cron add", add, look).match(/^(?! |Add|Usage)\S.*$/gm);

  assert.deepEqual(
    many.filter(([, { ownFlags }]) => flagBlocks(ownFlags).some(({ heading }) => heading === undefined)),
    [],
  );
  assert.deepEqual(headings, [
    "The job",
    "Schedule: one of --at, --every and --cron",
    "What it does: one of --message, --system-event and --command",
    "Delivery of its answer",
    "When it fails",
    "Everywhere",
    "Examples",
  ]);
});

test("a flag means one thing: no name of a flag is another one's in the same command", () => {
  const twice = all.flatMap(([name, { ownFlags, commonFlags }]) => {
    const names = Object.entries({ ...ownFlags, ...commonFlags }).flatMap(([long, { short, formerly = [] }]) => [
      ...[long, ...formerly],
      ...(short === undefined ? [] : [`-${short}`]),
    ]);
    return names.filter((each, at) => names.indexOf(each) !== at).map((each) => `${name} ${each}`);
  });

  assert.deepEqual(twice, []);
});

test("a conversation, an agent and a number of rows are named by one flag everywhere", () => {
  const flags = all.flatMap(([, { ownFlags }]) => Object.entries(ownFlags));
  const called = (pattern: RegExp) => [...new Set(flags.map(([long]) => long).filter((long) => pattern.test(long)))];
  const kinds = flags.map(([long, { completes }]) => `${long}: ${completes}`);

  assert.deepEqual(
    [called(/session/), called(/^agent/), called(/limit|^count|^rows/)],
    [["session"], ["agent"], ["limit"]],
  );
  assert.deepEqual(
    kinds.filter((each) => /^(session|agent): undefined/.test(each)),
    [],
  );
});

test("the word of a group alone does what the group's list does, where there is one and it takes no text", () => {
  const groups = entries.flatMap(({ name, entry }) => (entry.kind === "group" ? [{ name, entry }] : []));
  const others = groups.filter(({ entry }) => entry.alone.positionals.every(({ rest }) => rest !== true));

  assert.deepEqual(
    others.filter(({ entry }) => entry.commands.list && nameOfAlone(entry) !== "list").map(({ name }) => name),
    [],
  );
});

// Every command that the documentation or a message of ours names exists, with the flags that it is given there.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { CHANNELS } from "../../packages/gateway/src/channels/index.ts";
import { commands } from "../../packages/gateway/src/cli/commands/index.ts";
import { parseFlags } from "../../packages/gateway/src/cli/language/args.ts";
import type { Command, Group } from "../../packages/gateway/src/cli/language/command.ts";
import { COMMANDS } from "../../packages/gateway/src/definitions.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What follows `moltbot` in inline code. In a template of ours the backticks are escaped. */
const INLINE = /`(?:\$ )?moltbot ((?:[^`\\]|\\[^`])+?)\\?`/g;
/** What follows it on a line of a code block, where it may also read from another program. */
const LINE = /^(?:\$ |.* \| )?moltbot (.+)$/gm;
const BLOCK = /^```.*?^```/gms;
/** A word as a shell reads it. */
const WORD = /(?:'[^']*'|"[^"]*"|[^\s'"])+/g;

interface Mention {
  readonly file: string;
  readonly line: string;
}

function mentionsIn(pattern: string): Mention[] {
  return globSync(pattern, { cwd: root }).flatMap((file) => {
    const text = readFileSync(`${root}/${file}`, "utf8");
    const blocks = file.endsWith(".md") ? (text.match(BLOCK) ?? []).join("\n") : "";
    const found = [...text.replace(BLOCK, "").matchAll(INLINE), ...blocks.matchAll(LINE)];
    return found.map(([, line = ""]) => ({ file, line: line.replace(/\$\{[^}]*\}/g, "X") }));
  });
}

/** Why there is no such command; undefined when there is. */
async function problemOf(line: string): Promise<string | undefined> {
  const [command = ""] = line.split(/ [|<>&#]|;/, 1);
  const words = command.match(WORD) ?? [];
  const at = words.findIndex((word, index) => !word.startsWith("-") && words[index - 1] !== "--profile");
  const name = words[at];
  if (name === undefined || name === "help" || /^[A-Z[|…<$]/.test(name)) return undefined;
  if (!Object.hasOwn(commands, name)) return `no command ${name}`;
  const { found, rest } = pick(await commands[name]!.load(), words.slice(at + 1));
  if (found === undefined) return `no command ${name} ${rest[0]}`;
  try {
    const takesOthers = found.otherFlags !== undefined;
    parseFlags(rest, { name, flags: { ...found.ownFlags, ...found.commonFlags }, positionals: [], takesOthers });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function pick(
  entry: Command | Group,
  rest: readonly string[],
): { found: Command | undefined; rest: readonly string[] } {
  if (entry.kind === "command") return { found: entry, rest };
  const [word = "", ...others] = rest;
  if (Object.hasOwn(entry.commands, word)) return { found: entry.commands[word], rest: others };
  const isForAlone = word === "" || word.startsWith("-") || entry.alone.positionals.length > 0 || /^[A-Z[…]/.test(word);
  return { found: isForAlone ? entry.alone : undefined, rest };
}

for (const pattern of [
  "README.md",
  "docs/**/*.md",
  "packages/*/README.md",
  "packages/gateway/src/**/*.ts",
  "packages/web/src/**/*.ts",
])
  test(`commands named in ${pattern} exist`, async () => {
    const mentions = mentionsIn(pattern);
    const problems = await Promise.all(
      mentions.map(async ({ file, line }) => {
        const problem = await problemOf(line);
        return problem === undefined ? [] : [`${file}: moltbot ${line}: ${problem}`];
      }),
    );

    assert.ok(mentions.length > 0 || pattern.startsWith("packages/web"));
    assert.deepEqual(problems.flat(), []);
  });

test("every command of a conversation stands in its page", () => {
  const page = readFileSync(`${root}/docs/commands.md`, "utf8");

  assert.deepEqual(
    COMMANDS.map(({ name }) => name).filter((name) => !new RegExp(`\`/${name}\\b`).test(page)),
    [],
  );
});

test("a person or chat that the documentation sends to is one that the channel takes", () => {
  const targets = ["README.md", "docs/**/*.md"].flatMap(mentionsIn).flatMap(({ file, line }) => {
    const words = line.match(WORD) ?? [];
    const after = (...flags: string[]) => words[words.findIndex((word) => flags.includes(word)) + 1] ?? "";
    const channel = words[0] === "message" && CHANNELS.find(({ id }) => id === after("--channel"));
    return channel ? [{ file, channel, target: after("-t", "--target").replaceAll(/['"]/g, "") }] : [];
  });

  for (const { file, channel, target } of targets) assert.doesNotThrow(() => channel.target(target), file);
  assert.ok(targets.length >= 5);
});

/** `moltbot canvas` — pages that agents write and screens that they draw: open, draw, look back, take back. */

import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import type { Methods } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { ignore } from "../../base/errors.ts";
import { defineCommand, defineGroup } from "../language/command.ts";
import { agentFlag, limitFlag, sessionFlag } from "../language/common-flags.ts";
import { CliError, usageError } from "../language/exit.ts";
import { chosenNode, invokeNode } from "../nodes/invoke.ts";
import { saveMedia } from "../nodes/save.ts";
import { withGateway } from "../reach/connect.ts";
import { openInBrowser } from "../terminal/browser.ts";
import type { Output } from "../terminal/output.ts";
import { ago, printable, table } from "../terminal/render.ts";

type Entry = Methods["canvas.history"]["result"]["entries"][number];

const USUAL_LIMIT = 20;
const SNAPSHOT_MS = 20_000;
/** Nodes are waited for, too. */
const DRAW_MS = 20_000;
const nodeFlag = { node: { kind: "text", value: "NODE", summary: "Only this node: its id, or its name" } } as const;

const open = defineCommand({
  summary: "Open the canvas in the browser",
  positionals: [{ name: "PAGE", optional: true }],
  flags: {
    ...sessionFlag,
    screen: { kind: "switch", summary: "The screen that the conversation draws, instead of its pages" },
    "no-open": { kind: "switch", summary: "Only print the address" },
  },
  examples: ["moltbot canvas open", "moltbot canvas open charts/week.html", "moltbot canvas open --screen"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, words, out, env } = call;
      const wanted = defined({ sessionKey: flags.session, path: words[0] });
      const page = flags.screen ? "screen" : "files";
      const { url, ttlMs } = await client.request("canvas.open", { ...wanted, page }, { timeoutMs });
      if (flags.json) return out.json({ url, ttlMs });
      out.raw(url);
      if (!flags["no-open"] && out.isTerminal && openInBrowser(url, env)) out.note("Opened in the browser.");
      out.note(`Whoever has this address sees the canvas. It ends when it is not used for ${ttlMs / 60_000} minutes.`);
    }),
});

const push = defineCommand({
  summary: "Draw on the screen of a conversation: A2UI, one message a line",
  positionals: [{ name: "FILE", optional: true }],
  flags: { ...sessionFlag, ...nodeFlag },
  examples: ["moltbot canvas push screen.jsonl", "moltbot canvas replay 12 | moltbot canvas push"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, words, out } = call;
      const jsonl = words[0] === undefined ? await readAll(process.stdin) : textOf(words[0]);
      const params = { jsonl, ...defined({ sessionKey: flags.session, node: flags.node }) };
      const result = await client.request("canvas.push", params, { timeoutMs: Math.max(timeoutMs, DRAW_MS) });
      if (flags.json) return out.json(result);
      out.print(`Drawn as entry ${result.seq}; the screen shows ${result.surfaces.join(", ") || "nothing"}.`);
      showNodes(result.nodes, out);
    }),
});

const reset = defineCommand({
  summary: "Empty the screen of a conversation",
  flags: { ...sessionFlag, ...nodeFlag },
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, out } = call;
      const params = defined({ sessionKey: flags.session, node: flags.node });
      const result = await client.request("canvas.reset", params, { timeoutMs: Math.max(timeoutMs, DRAW_MS) });
      if (flags.json) return out.json(result);
      out.print("The screen is empty. `moltbot canvas undo` brings back what was on it.");
      showNodes(result.nodes, out);
    }),
});

const history = defineCommand({
  summary: "Show what was drawn and which pages were changed",
  flags: {
    ...sessionFlag,
    ...limitFlag("entries", USUAL_LIMIT),
    diff: { kind: "switch", summary: "With what was changed in pages" },
  },
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, out } = call;
      const limit = Math.min(500, Math.max(1, Math.floor(flags.limit ?? USUAL_LIMIT)));
      const params = { limit, ...defined({ sessionKey: flags.session }) };
      const result = await client.request("canvas.history", params, { timeoutMs });
      if (flags.json) return out.json(result);
      if (result.entries.length === 0) return out.print("Nothing has been drawn in this conversation yet.");
      const columns = [{ title: "Entry", align: "right" as const }, { title: "When" }, { title: "Who" }];
      const rows = result.entries.map(rowOf);
      out.print(table([...columns, { title: "What", flexible: true }], rows, out));
      if (flags.diff) for (const entry of result.entries) showDiff(entry, out);
    }),
});

const replay = defineCommand({
  summary: "Print the screen as it was after an entry, or is now: A2UI, one message a line",
  positionals: [{ name: "ENTRY", optional: true }],
  flags: sessionFlag,
  examples: ["moltbot canvas replay", "moltbot canvas replay 12"],
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, words, out } = call;
      const at = words[0] === undefined ? undefined : entryOf(words[0]);
      const params = defined({ sessionKey: flags.session, at });
      const result = await client.request("canvas.replay", params, { timeoutMs });
      if (flags.json) return out.json(result);
      if (result.messages.length === 0) return out.note("The screen is empty.");
      for (const message of result.messages) out.raw(JSON.stringify(message));
    }),
});

const undo = defineCommand({
  summary: "Take back the newest drawing, or the newest change of a page",
  flags: sessionFlag,
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, out } = call;
      const result = await client.request("canvas.undo", defined({ sessionKey: flags.session }), { timeoutMs });
      if (flags.json) return out.json(result);
      out.print(`Took back entry ${result.undone.seq}: ${printable(result.undone.summary)}.`);
    }),
});

const snapshot = defineCommand({
  summary: "Take a picture of the canvas on a node",
  flags: {
    ...nodeFlag,
    out: { kind: "text", value: "FILE", summary: "Where to save it (a new file here)" },
    "max-width": { kind: "number", value: "PIXELS", summary: "The widest picture" },
    format: { kind: "text", value: "FORMAT", summary: "The kind of picture (png)", choices: ["png", "jpeg"] },
  },
  run: (call) =>
    withGateway(call, async (link) => {
      const { flags, out } = call;
      const node = await chosenNode(link, flags.node, "canvas.snapshot");
      const params = { format: flags.format ?? "png", ...defined({ maxWidth: flags["max-width"] }) };
      const payload = await invokeNode(link, { node, command: "canvas.snapshot", params, timeoutMs: SNAPSHOT_MS });
      const file = saveMedia(payload, { name: "canvas", out: flags.out });
      if (flags.json) return out.json({ file });
      out.raw(file);
    }),
});

const path = defineCommand({
  summary: "Print the folder of an agent's pages, and say what is wrong with it",
  flags: agentFlag,
  run: (call) =>
    withGateway(call, async ({ client, timeoutMs }) => {
      const { flags, out } = call;
      const status = await client.request("canvas.status", defined({ agentId: flags.agent }), { timeoutMs });
      if (flags.json) return out.json(status);
      if (!status.enabled) throw new CliError("The canvas is off; set canvasHost.enabled to true.");
      if (status.path !== undefined) out.raw(status.path);
      for (const problem of status.problems) out.note(`${printable(problem)}.`);
    }),
});

/** `canvas`, with nothing after it, opens it. */
export const canvas = defineGroup({
  summary: "See the pages and screens of agents",
  commands: { open, push, reset, history, replay, undo, snapshot, path },
  alone: open,
});

function rowOf({ seq, at, author, kind, summary, undoneBy }: Entry): string[] {
  const who = author === "person" ? "you" : author;
  const what = kind === "edit" ? summary : summary.replace(/^./, (first) => first.toUpperCase());
  return [String(seq), ago(at), who, printable(undoneBy === undefined ? what : `${what} (taken back by ${undoneBy})`)];
}

function showDiff({ path, diff }: Entry, out: Output): void {
  if (diff === undefined) return;
  out.print(`\n${out.style.bold(printable(path ?? ""))}`);
  for (const line of diff.split("\n")) out.print(printable(line));
}

function showNodes(nodes: Methods["canvas.push"]["result"]["nodes"], out: Output): void {
  for (const { nodeId, ok, error } of nodes) {
    const name = nodeId.slice(0, 12);
    out.print(
      ok ? `Shown on node ${name}.` : `Node ${name} does not show it: ${printable(error ?? "it did not say why")}.`,
    );
  }
}

function entryOf(text: string): number {
  const seq = Number(text);
  if (Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw usageError("Name an entry by its number; `moltbot canvas history` shows them.");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    ignore(error, "the sentence says which file");
    throw new CliError(`${file} cannot be read; name a file with one A2UI message a line.`);
  }
}

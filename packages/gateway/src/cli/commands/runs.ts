/** `moltbot runs` — what the agent did: which runs there were, what happened in one, and the same run again. */

import { readFileSync, writeFileSync } from "node:fs";
import type { RunsGetResult, RunsListResult, RunsReplayResult } from "@moltbot/protocol";
import { messageOf } from "../../base/errors.ts";
import { type Call, defineCommand, defineGroup } from "../language/command.ts";
import { limitFlag } from "../language/common-flags.ts";
import { CliError, type ExitCode } from "../language/exit.ts";
import { briefKey, shortRun } from "../language/names.ts";
import { type Link, withGateway } from "../reach/connect.ts";
import { ago, bytes, duration, facts, printable, type Style, table } from "../terminal/render.ts";

/** As many as the gateway gives at once: ids are looked for among them. */
const MAX_RUNS = 200;
const REPLAY_MS = 70_000;

const list = defineCommand({
  summary: "List runs, the latest first",
  page: "runs",
  flags: limitFlag("to list", 20),
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { out, flags } = call;
      const limit = Math.min(MAX_RUNS, Math.max(1, Math.trunc(flags.limit ?? 20)));
      const result = await client.request("runs.list", { limit }, { timeoutMs });
      if (flags.json) return out.json(result);
      if (result.runs.length === 0) return out.print("No run yet. Begin one with `moltbot chat`.");
      const columns = [
        { title: "Run" },
        { title: "When" },
        { title: "Session" },
        { title: "Status", paint: (cell: string, row: number) => paintOf(result.runs[row], out.style)(cell) },
        { title: "Took", align: "right" as const },
        { title: "Model", flexible: true },
        { title: "Kept" },
      ];
      const rows = result.runs.map((run) => [
        ...[
          shortRun(run.runId),
          ago(run.acceptedAt),
          briefKey(run.sessionKey, link),
          run.status,
          tookOf(run),
          run.model ?? "",
        ],
        run.recorded ? "yes" : "",
      ]);
      out.print(table(columns, rows, out));
      out.print(out.style.dim(`\n${hintOf(result)}`));
    }),
});

const show = defineCommand({
  summary: "Show what happened in a run",
  positionals: [{ name: "RUN", optional: true, completes: "run" }],
  flags: { events: { kind: "switch", summary: "Show its events as well" } },
  examples: ["moltbot runs show", "moltbot runs show 3f2a91c0 --events"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { client, timeoutMs } = link;
      const { out, flags, words } = call;
      const { runId } = await findRun(link, words[0]);
      const details = await client.request("runs.get", { runId }, { timeoutMs });
      const events = flags.events ? (await client.request("runs.events", { runId }, { timeoutMs })).events : [];
      if (flags.json) return out.json(flags.events ? { ...details, eventLog: events } : details);
      showDetails(call, details);
      if (events.length > 0) out.print(`\n${out.style.bold("Events")}\n${eventLines(events, out.width).join("\n")}`);
    }),
});

const replay = defineCommand({
  summary: "Run a recorded run again, offline, and show where it differs",
  positionals: [{ name: "RUN|FILE", optional: true, completes: "run" }],
  examples: ["moltbot runs replay", "moltbot runs replay 3f2a91c0", "moltbot runs replay run.json"],
  run: (call) =>
    withGateway(call, async (link): Promise<ExitCode | undefined> => {
      const { out, flags, words } = call;
      const params = isFile(words[0])
        ? { recording: readExported(words[0]) }
        : { runId: (await findRun(link, words[0])).runId };
      const work = link.client.request("runs.replay", params, { timeoutMs: Math.max(link.timeoutMs, REPLAY_MS) });
      const result = await out.during("Replaying", work);
      if (flags.json) out.json(result);
      else showReplay(call, result);
      return result.same ? undefined : 1;
    }),
});

const exportRun = defineCommand({
  summary: "Write a recorded run to a file, to replay it elsewhere",
  positionals: [
    { name: "RUN", completes: "run" },
    { name: "FILE", optional: true },
  ],
  examples: ["moltbot runs export last run.json", "moltbot runs export 3f2a91c0 > run.json"],
  run: (call) =>
    withGateway(call, async (link) => {
      const { out, flags, words } = call;
      const { runId } = await findRun(link, words[0]);
      const { recording } = await link.client.request("runs.export", { runId }, { timeoutMs: link.timeoutMs });
      const [, file] = words;
      if (file === undefined) return out.json(recording);
      const text = `${JSON.stringify(recording, undefined, 2)}\n`;
      writeFileSync(file, text, { mode: 0o600 });
      if (flags.json) return out.json({ runId, file, bytes: Buffer.byteLength(text) });
      out.print(`Wrote ${file} (${bytes(Buffer.byteLength(text))}). It holds what was said; keys are left out.`);
    }),
});

/** Runs that were, and recordings of them. */
export const runs = defineGroup({
  summary: "See what the agent did, and run it again offline",
  alone: list,
  commands: { list, show, replay, export: exportRun },
});

type Row = RunsListResult["runs"][number];

/** The run of an id, of its beginning, or the latest one. */
async function findRun({ client, timeoutMs }: Link, named = "last"): Promise<Row> {
  const { runs } = await client.request("runs.list", { limit: MAX_RUNS }, { timeoutMs });
  const found = named === "last" ? runs.slice(0, 1) : runs.filter(({ runId }) => runId.startsWith(named));
  const exact = found.find(({ runId }) => runId === named) ?? found[0];
  if (!exact) throw new CliError(`There is no run ${printable(named)}. \`moltbot runs list\` shows them.`);
  if (found.length > 1 && exact.runId !== named)
    throw new CliError(`${printable(named)} begins the ids of ${found.length} runs; write more of it.`);
  return exact;
}

function showDetails({ out }: Call, { run, message, text, error, exchanges, tools, events }: RunsGetResult): void {
  const { bold, dim, red } = out.style;
  out.print(`${bold(`Run ${printable(run.runId)}`)}, ${ago(run.acceptedAt)}`);
  out.print(
    facts(
      [
        ["Session", printable(run.sessionKey)],
        ["Status", `${paintOf(run, out.style)(run.status)}${tookOf(run) ? `, took ${tookOf(run)}` : ""}`],
        ["Model", run.model],
        ["Tokens", run.totalTokens === undefined ? undefined : String(run.totalTokens)],
        ["Asked", oneLine(message, out.width - 12)],
        ["Said", text === "" ? undefined : oneLine(text, out.width - 12)],
        ["Problem", error === undefined ? undefined : red(printable(error))],
        ["Recorded", run.recorded ? `yes, ${events} events` : "no; `/record on` keeps the next ones"],
      ],
      out,
    ),
  );
  if (exchanges.length > 0) {
    out.print("");
    const columns = [
      { title: "At", align: "right" as const },
      { title: "Request", flexible: true },
      { title: "Status" },
      { title: "Took", align: "right" as const },
      { title: "Sent", align: "right" as const },
      { title: "Got", align: "right" as const },
    ];
    const rows = exchanges.map((each) => [
      ...[duration(each.at), each.url.replace(/^https?:\/\//, ""), each.error ?? String(each.status ?? "")],
      ...[each.durationMs === undefined ? "" : duration(each.durationMs)],
      ...[bytes(each.requestChars), bytes(each.responseChars)],
    ]);
    out.print(table(columns, rows, out));
  }
  if (tools.length === 0) return;
  const lines = tools.map(
    ({ name, isError, chars }) => `${isError ? red("✗") : "●"} ${printable(name)} ${dim(bytes(chars))}`,
  );
  out.print(`\n${bold("Tools")}\n${lines.join("\n")}`);
}

function showReplay({ out }: Call, { same, text, requests, differences, durationMs }: RunsReplayResult): void {
  const { green, red, dim } = out.style;
  const what = `${requests} ${requests === 1 ? "request" : "requests"} in ${duration(durationMs)}`;
  out.print(same ? `${green("●")} The same again: ${what}.` : `${red("✗")} Not the same: ${what}.`);
  if (text !== "") out.print(dim(oneLine(text, out.width)));
  for (const { at, recorded, replayed } of differences) {
    out.print(`\n${printable(at)}`);
    out.print(`  ${red("-")} ${oneLine(recorded, out.width - 4)}`);
    out.print(`  ${green("+")} ${oneLine(replayed, out.width - 4)}`);
  }
}

function eventLines(events: readonly { stream: string; data: Record<string, unknown> }[], width: number): string[] {
  return events.map(({ stream, data }) => {
    const { phase, name, text, error, result, args } = data;
    const what = [phase, name].filter((part) => typeof part === "string").join(" ");
    const detail = [text, error, result, args].find((part) => part !== undefined);
    const shown = detail === undefined ? "" : typeof detail === "string" ? detail : JSON.stringify(detail);
    return oneLine(`${stream.padEnd(10)} ${what}${what && shown ? ": " : ""}${shown}`, width);
  });
}

function isFile(word: string | undefined): word is string {
  return word !== undefined && /\.json$|[/\\]/.test(word);
}

function readExported(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof SyntaxError ? "it is not JSON" : messageOf(error);
    throw new CliError(`${file} cannot be read: ${why}. \`moltbot runs export\` writes such files.`);
  }
}

function tookOf({ startedAt, endedAt }: Row): string {
  return startedAt === undefined || endedAt === undefined ? "" : duration(endedAt - startedAt);
}

function hintOf({ recording, runs }: RunsListResult): string {
  if (runs.some(({ recorded }) => recorded))
    return "Look into one with `moltbot runs show RUN`, run it again with `replay`.";
  return recording ? "The next runs are kept." : "None is kept for replay; `/record on` in a chat changes that.";
}

function paintOf(run: Row | undefined, style: Style): (text: string) => string {
  if (run?.status === "ok") return style.green;
  return run?.status === "error" ? style.red : style.yellow;
}

function oneLine(text: string, width: number): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  return line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line;
}

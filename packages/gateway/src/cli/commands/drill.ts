/** `moltbot drill` — proves on this machine that kills and faults lose nothing and say nothing twice. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FaultRow } from "../drill/faults.ts";
import type { Program } from "../drill/subject.ts";
import { defineCommand } from "../language/command.ts";
import { EXIT, type ExitCode, usageError } from "../language/exit.ts";
import type { Output } from "../terminal/output.ts";
import { duration, table } from "../terminal/render.ts";

const DEFAULT_KILLS = 10;
const DEFAULT_BURST = 6;
const MAX_KILLS = 1_000;

export const drill = defineCommand({
  summary: "Test that no message is lost: kill a gateway, or trouble its machine, and count",
  flags: {
    kills: { kind: "number", summary: `How often it is killed; ${DEFAULT_KILLS} by default`, value: "N" },
    seed: { kind: "number", summary: "Repeats a drill: the same bursts and pauses", value: "N" },
    burst: { kind: "number", summary: `Messages of a burst on each channel; at most ${DEFAULT_BURST}`, value: "N" },
    channel: { kind: "text", summary: "Only this channel", value: "ID" },
    cron: { kind: "switch", summary: "Instead of messages: jobs every few seconds, kills, and a clock that is set" },
    node: {
      kind: "switch",
      summary: "Instead of messages: programs on a node, while the gateway or the node is killed",
    },
    faults: { kind: "switch", summary: "Instead of kills: a full disk, few descriptors, a wrong clock, no reader" },
  },
  examples: [
    "moltbot drill --kills 30",
    "moltbot drill --channel telegram --seed 7",
    "moltbot drill --faults",
    "moltbot drill --cron --kills 50",
    "moltbot drill --node",
  ],
  async run({ flags, out }) {
    const { kills = DEFAULT_KILLS, seed = Math.floor(Math.random() * 2 ** 31), burst = DEFAULT_BURST } = flags;
    if (!Number.isInteger(kills) || kills < 1 || kills > MAX_KILLS)
      throw usageError(`--kills is a whole number from 1 to ${MAX_KILLS}.`);
    if (flags.faults)
      return await drillFaults({ seed, burst, channel: flags.channel, isJson: flags.json === true }, out);
    if (flags.node) return await drillNode({ kills, seed, isJson: flags.json === true }, out);
    if (flags.cron) return await drillCron({ kills, seed, isJson: flags.json === true }, out);
    const { startFakes } = await import("../drill/platforms.ts");
    const { runDrill } = await import("../drill/drill.ts");
    const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
    const { platforms, left } = await startFakes(flags.channel);
    if (left.length > 0 && !flags.json)
      out.print(`Left out, because its library is not installed: ${left.join(", ")}.`);
    try {
      const result = await runDrill({
        ...{ kills, seed, burst, platforms },
        stateDir: join(folder, "state"),
        program: ownProgram(),
        progress: (sentence) => {
          if (!flags.json) out.print(out.style.dim(sentence));
        },
      });
      const { sent, answered, inDoubt, lost, doubled, stale, byChannel } = result;
      if (flags.json) out.json({ seed, ...result });
      else {
        const rows = Object.entries(byChannel).map(([channel, counts]) => [
          channel,
          ...[counts.sent, counts.answered, counts.inDoubt].map(String),
        ]);
        const columns = [
          { title: "Channel" },
          { title: "Sent", align: "right" as const },
          { title: "Answered", align: "right" as const },
          { title: "In doubt", align: "right" as const },
        ];
        out.print(table(columns, rows, out));
        out.print("");
        const doubt = inDoubt > 0 ? `in doubt ${inDoubt}, ` : "";
        out.print(
          `sent ${sent}, answered ${answered}, ${doubt}lost ${lost.length}, doubled ${doubled.length}, stale ${stale.length}`,
        );
        for (const text of [...lost, ...doubled, ...stale]) out.print(out.style.dim(`  ${text}`));
        if (inDoubt > 0)
          out.print(
            out.style.dim(
              "In doubt: the platform cannot say whether it has them, so they were reported, not repeated.",
            ),
          );
        out.print(out.style.dim(`Seed ${seed} repeats this drill.`));
      }
      return lost.length + doubled.length + stale.length + result.undecided === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      for (const platform of platforms) await platform[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

/** This very program, to be started again as the gateway under drill. */
function ownProgram(): Program {
  return { file: process.execPath, args: [...process.execArgv, process.argv[1]!] };
}

/** Kills a gateway whose jobs are due all the time; prints what became of the times. */
async function drillCron(call: { kills: number; seed: number; isJson: boolean }, out: Output): Promise<ExitCode> {
  const { kills, seed, isJson } = call;
  const { runCronDrill } = await import("../drill/cron.ts");
  const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
  try {
    const result = await runCronDrill({
      ...{ kills, seed, folder, program: ownProgram() },
      progress: (sentence) => {
        if (!isJson) out.print(out.style.dim(sentence));
      },
    });
    const { jobs, slots, ran, missed, repeats, lost, doubled } = result;
    if (isJson) out.json({ seed, kills, ...result });
    else {
      out.print(`\n${jobs} jobs were due ${slots} times: ${ran} run, ${missed} missed as their rules say.`);
      out.print(`lost ${lost.length}, doubled ${doubled.length}; ${repeats} posts came again under their name`);
      for (const text of [...lost, ...doubled]) out.print(out.style.dim(`  ${text}`));
      out.print(out.style.dim(`Seed ${seed} repeats this drill.`));
    }
    return lost.length + doubled.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Kills a gateway, and its node, while programs are asked for on the node; prints what became of the calls. */
async function drillNode(call: { kills: number; seed: number; isJson: boolean }, out: Output): Promise<ExitCode> {
  const { kills, seed, isJson } = call;
  const { runNodeDrill } = await import("../drill/node.ts");
  const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
  try {
    const result = await runNodeDrill({
      ...{ kills, seed, folder, program: ownProgram() },
      progress: (sentence) => {
        if (!isJson) out.print(out.style.dim(sentence));
      },
    });
    const { calls, answered, refused, broken, unknown, programs, lost, doubled } = result;
    if (isJson) out.json({ seed, kills, ...result });
    else {
      out.print(
        `\n${calls} calls: ${answered} answered, ${refused} refused, ${broken} told that the connection ended,`,
      );
      out.print(`${unknown} waited and are told to look; ${programs} programs ran`);
      out.print(`lost ${lost.length}, doubled ${doubled.length}`);
      for (const text of [...lost, ...doubled]) out.print(out.style.dim(`  ${text}`));
      out.print(out.style.dim(`Seed ${seed} repeats this drill.`));
    }
    return lost.length + doubled.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface FaultsCall {
  readonly seed: number;
  readonly burst: number;
  readonly channel: string | undefined;
  readonly isJson: boolean;
}

/** Tries the faults one after the other; prints a row for each, whatever became of it. */
async function drillFaults({ seed, burst, channel, isJson }: FaultsCall, out: Output): Promise<ExitCode> {
  const { startFakes } = await import("../drill/platforms.ts");
  const { FAULT_LIMIT_MS, FAULT_NAMES, runFaults } = await import("../drill/faults.ts");
  const folder = mkdtempSync(join(tmpdir(), "moltbot-drill-"));
  const say = (sentence: string) => {
    if (!isJson) out.print(out.style.dim(sentence));
  };
  say(`${FAULT_NAMES.length} faults, one after the other; each ends after ${duration(FAULT_LIMIT_MS)} at the latest.`);
  try {
    const rows = await runFaults({
      ...{ seed, burst, folder, program: ownProgram(), progress: say },
      platforms: async () => (await startFakes(channel)).platforms,
    });
    if (isJson) out.json({ seed, faults: rows });
    else showFaults(rows, out);
    return rows.every(isSound) ? EXIT.ok : EXIT.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function showFaults(rows: readonly FaultRow[], out: Output): void {
  const right = (title: string) => ({ title, align: "right" as const });
  const columns = [
    { title: "Fault" },
    ...["Sent", "Answered", "In doubt", "Lost", "Doubled"].map(right),
    { title: "Verdict" },
  ];
  const cells = rows.map((row) => {
    const { fault, result } = row;
    if (!result) return [fault, "", "", "", "", "", "left out"];
    const { sent, answered, inDoubt, lost, doubled } = result;
    const counts = [sent, answered, inDoubt, lost.length, doubled.length].map(String);
    return [fault, ...counts, isSound(row) ? "ok" : "failed"];
  });
  out.print(`\n${table(columns, cells, out)}\n`);
  for (const { fault, how, result, problem } of rows) {
    if (!result) out.print(out.style.dim(`${fault} was left out: ${how}.`));
    if (problem !== undefined) out.print(`${fault}: ${problem.replace(/\.$/, "")}.`);
    for (const text of [...(result?.lost ?? []), ...(result?.doubled ?? [])]) out.print(out.style.dim(`  ${text}`));
  }
}

/** Whether a fault has done no harm. What was left out has done none. */
function isSound({ result, problem }: FaultRow): boolean {
  if (!result) return true;
  const { lost, doubled, stale, undecided } = result;
  return problem === undefined && lost.length + doubled.length + stale.length + undecided === 0;
}

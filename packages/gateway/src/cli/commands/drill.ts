/** `moltbot drill` — proves on this machine that kills lose nothing and say nothing twice. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCommand } from "../command.ts";
import { EXIT, usageError } from "../exit.ts";
import { table } from "../render.ts";

const DEFAULT_KILLS = 10;
const DEFAULT_BURST = 6;
const MAX_KILLS = 1_000;

export const drill = defineCommand({
  summary: "Kill a gateway again and again and count what is lost",
  flags: {
    kills: { kind: "number", summary: `How often it is killed; ${DEFAULT_KILLS} by default`, value: "N" },
    seed: { kind: "number", summary: "Repeats a drill: the same bursts and pauses", value: "N" },
    burst: { kind: "number", summary: `Messages of a burst on each channel; at most ${DEFAULT_BURST}`, value: "N" },
    channel: { kind: "text", summary: "Only this channel", value: "ID" },
  },
  examples: ["moltbot drill --kills 30", "moltbot drill --channel telegram --seed 7"],
  async run({ flags, out }) {
    const { kills = DEFAULT_KILLS, seed = Math.floor(Math.random() * 2 ** 31), burst = DEFAULT_BURST } = flags;
    if (!Number.isInteger(kills) || kills < 1 || kills > MAX_KILLS)
      throw usageError(`--kills is a whole number from 1 to ${MAX_KILLS}.`);
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
        program: { file: process.execPath, args: [...process.execArgv, process.argv[1]!] },
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

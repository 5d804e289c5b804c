/** What the statement journal costs: a message and a start with it, over those without it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { against, type Bench, type Figure } from "./figures.ts";
import { startMs } from "./full-state.ts";
import { inTurns, Life, modelStub } from "./life.ts";
import { median } from "./process.ts";

/** A line of JSON with its checksum and an fsync for each of some ten transactions. */
const MESSAGE_REACH = 1.3;
const START_REACH = 1.1;

/** CPU of a message, and spawn to hello-ok. */
export async function journal(bench: Bench): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "moltbot-bench-journal-"));
  const stream = { backup: { schedule: "off", stream: join(folder, "messages.journal") } };
  try {
    const message = await messageCpu(bench, stream);
    const start = await starts(bench, folder);
    return [
      against("statement journal: CPU of a message and its reply, over none", "ms", {
        ...message,
        reach: MESSAGE_REACH,
      }),
      against("statement journal: spawn to first hello-ok, over none", "ms", { ...start, reach: START_REACH }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function messageCpu(bench: Bench, sections: object): Promise<{ ours: number; floor: number }> {
  await using model = await modelStub(bench);
  await using ours = await Life.begin(bench, model.url, sections);
  await using floor = await Life.begin({ ...bench, port: bench.port + 1 }, model.url, { backup: { schedule: "off" } });
  return await inTurns(bench.quick ? 300 : 1_500, { ours, floor });
}

async function starts(bench: Bench, folder: string): Promise<{ ours: number; floor: number }> {
  const [ours, floor]: number[][] = [[], []];
  const stateDir = join(folder, "state");
  const own = { ...bench, stateDir, env: { ...bench.env, MOLTBOT_STATE_DIR: stateDir } };
  const settings = { models: { detectLocal: false }, backup: { stream: join(folder, "starts.journal") } };
  rmSync(stateDir, { recursive: true, force: true });
  await startMs({ ...own, env: { ...own.env, MOLTBOT_BACKUP_STREAM: settings.backup.stream } });
  writeFileSync(join(stateDir, "moltbot.json"), JSON.stringify(settings));
  for (let round = 0; round < (bench.quick ? 5 : 15); round++) {
    floor!.push(await startMs(bench));
    ours!.push(await startMs(own));
  }
  return { ours: median(ours!), floor: median(floor!) };
}

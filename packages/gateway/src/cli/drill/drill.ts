/**
 * The kill drill: people write on every channel while the gateway is killed at random moments and started again. At the
 * end each message has one outcome, and what the platforms hold says whether anything was lost or said twice.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { FakePlatform } from "@moltbot/fakes";
import { Random } from "./random.ts";
import { type Program, Subject } from "./subject.ts";
import { burst, configFor, type DrillMessage, type DrillResult, judge, LINK_LIMIT_MS, link, settled } from "./talk.ts";

export interface DrillOptions {
  /** How often the gateway is killed. */
  readonly kills: number;
  /** Decides the bursts and pauses; a drill is repeated with its seed. */
  readonly seed: number;
  /** Messages of a burst, at most, on each channel. */
  readonly burst: number;
  /** A folder of the drill's own. */
  readonly stateDir: string;
  readonly program: Program;
  readonly platforms: readonly FakePlatform[];
  /** Told what happens, a sentence at a time. */
  progress(sentence: string): void;
}

const MAX_PAUSE_MS = 900;

export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const { kills, seed, platforms, progress } = options;
  const random = new Random(seed);
  await using subject = new Subject({
    stateDir: options.stateDir,
    program: options.program,
    config: configFor(platforms),
    env: Object.assign({}, ...platforms.map(({ env = {} }) => env)) as Record<string, string>,
    preloads: platforms.flatMap(({ preload }) => (preload === undefined ? [] : [preload])),
  });
  subject.launch();
  for (const platform of platforms) await link(platform, subject);
  progress(`Linked: ${platforms.map(({ channel }) => channel).join(", ")}.`);
  const spoken: DrillMessage[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const saying = burst(platforms, { random, kill, most: options.burst, spoken });
    // Every other kill strikes a gateway that is at work, not one that still starts.
    if (kill % 2 === 0) {
      const limit = sleep(LINK_LIMIT_MS, undefined, { ref: false });
      await Promise.any([...platforms.map((each) => each.linked()), limit]);
    }
    await sleep(random.below(MAX_PAUSE_MS));
    await subject.kill();
    await saying;
    progress(`kill ${kill} of ${kills}: ${spoken.length} messages so far`);
    await sleep(random.below(MAX_PAUSE_MS / 3));
    subject.launch();
  }
  progress("Waiting until everything has its outcome.");
  await settled(subject, spoken);
  return await judge(platforms, spoken, subject);
}

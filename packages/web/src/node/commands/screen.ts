// Records what the person shares of the screen. Phones do not offer it.

import { t } from "../../words/t.ts";
import type { NodeCommand } from "./command.ts";
import { record, withScreen } from "./media.ts";
import { flagIn, numberIn } from "./params.ts";

export const screenRecord: NodeCommand = {
  ...{ name: "screen.record", cap: "screen", worksHidden: false },
  asksFor: (params) => t("{0} s of the screen", Math.round(durationIn(params) / 1_000)),
  async run({ params, signal }) {
    const fps = numberIn(params, "fps", { fallback: 10, min: 1, max: 60 });
    const wanted = { video: { frameRate: { ideal: fps } }, audio: flagIn(params, "includeAudio", false) };
    const recording = await withScreen(wanted, signal, (stream) => record(stream, durationIn(params), signal));
    return { ...recording, fps, screenIndex: 0 };
  },
};

function durationIn(params: Parameters<NodeCommand["asksFor"]>[0]): number {
  return numberIn(params, "durationMs", { fallback: 10_000, min: 250, max: 60_000 });
}

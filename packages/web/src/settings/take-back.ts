// What was saved can be taken back at once, by one press, for a few seconds; later the history does that.

import type { Methods } from "@moltbot/protocol";
import { offerUndo } from "../kit/undo.ts";
import type { PageHost } from "../view.ts";
import { t } from "../words/t.ts";
import { RESTART_MS } from "./review.ts";

/** What the gateway has said after the change was written. */
interface Saved {
  readonly file: Methods["config.get"]["result"];
  readonly versions: Methods["config.history"]["result"]["versions"];
}

/** Offers to write the text before the newest change again. Where somebody else was faster, the gateway refuses. */
export function offerTakeBack(host: PageHost, { file, versions }: Saved, say: (text: string) => void): void {
  const [newest] = versions;
  if (newest === undefined) return;
  offerUndo({
    text: t("Saved."),
    undo: async () => {
      const params = { version: newest.id, baseHash: file.hash ?? "", restartDelayMs: RESTART_MS };
      const answer = await host.ask("config.undo", params);
      if (answer !== undefined) say(t("Taken back."));
    },
  });
}

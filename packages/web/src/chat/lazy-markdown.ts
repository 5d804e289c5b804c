// Markdown for messages, without its weight in the first view: the part that reads it is fetched while the page connects.

import { ignore } from "../ignore.ts";
import type { Known } from "./markdown.ts";

type Render = typeof import("./markdown.ts").renderBlocks;

let render: Render | undefined;
let coming: Promise<void> | undefined;

/** Fetches what reads markdown; call it as early as somebody may need it. Never rejects. */
export function fetchMarkdown(): Promise<void> {
  coming ??= import("./markdown.ts").then(
    ({ renderBlocks }) => {
      render = renderBlocks;
    },
    (error: unknown) => {
      coming = undefined;
      ignore(error, "without this part messages are shown as they were written");
    },
  );
  return coming;
}

/** See `renderBlocks`; `undefined` until the part is there, and then `onArrival` is called. */
export function blocksOf(text: string, known: Known, onArrival: () => void): string[] | undefined {
  if (render !== undefined) return render(text, known);
  void fetchMarkdown().then(() => render !== undefined && onArrival());
  return undefined;
}

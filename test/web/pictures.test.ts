// The pictures of the documentation show the pages as they are, by roles and names.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { structureOf, takePictures } from "../support/pictures.ts";

/** How long a page may take to show all of its parts, ms. */
const SETTLES_MS = 15_000;
const IMAGES = join(import.meta.dirname, "..", "..", "docs", "images");

test("each picture of the documentation looks like its page; `npm run screenshots` makes them anew", async () => {
  const pictured: Record<string, string> = {};
  const shown: Record<string, string> = {};

  await takePictures(async (name, page) => {
    const wanted = readFileSync(join(IMAGES, `${name}.txt`), "utf8");
    pictured[name] = wanted;
    // Parts of a page come one after another.
    const end = performance.now() + SETTLES_MS;
    do shown[name] = await structureOf(page);
    while (shown[name] !== wanted && performance.now() < end);
  });

  assert.deepEqual(shown, pictured);
});

// The pictures of the documentation show the pages as they are, by roles and names.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { structureOf, takePictures } from "../support/pictures.ts";

const IMAGES = join(import.meta.dirname, "..", "..", "docs", "images");

test("each picture of the documentation looks like its page; `npm run screenshots` makes them anew", async () => {
  const pictured: Record<string, string> = {};
  const shown: Record<string, string> = {};

  await takePictures(async (name, page) => {
    pictured[name] = readFileSync(join(IMAGES, `${name}.txt`), "utf8");
    shown[name] = await structureOf(page);
  });

  assert.deepEqual(shown, pictured);
});

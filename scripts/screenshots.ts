/**
 * Makes the pictures of the documentation anew from the real page: `npm run screenshots`. Beside each stands what it shows as
 * roles and names, by which a test sees that a page no longer looks like its picture.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { structureOf, takePictures } from "../test/support/pictures.ts";

const IMAGES = join(import.meta.dirname, "..", "docs", "images");

await takePictures(async (name, page) => {
  await page.screenshot({ path: join(IMAGES, `${name}.png`), animations: "disabled" });
  writeFileSync(join(IMAGES, `${name}.txt`), await structureOf(page));
});

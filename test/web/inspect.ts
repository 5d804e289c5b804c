// What every screen must be: usable by everyone, as far as axe can tell, and no wider than the window.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { photograph } from "../support/webchat.ts";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong. What it finds right is neither gathered nor sent, which is most of its work. */
const violations = (more: object = {}) =>
  `axe.run(document, ${JSON.stringify({ resultTypes: ["violations"], ...more })}).then(({ violations }) => violations)`;

/** The themes, the usual one last: the page is left in it. They differ in nothing but their colours. */
const THEMES = [
  ["dark", violations({ runOnly: { type: "rule", values: ["color-contrast"] } })],
  ["light", violations()],
] as const;
/** Half of the work of axe is to measure contrast. */
const BUT_COLOURS = [["light", violations({ rules: { "color-contrast": { enabled: false } } })]] as const;

/** Resolves when nothing moves any more, in shadow trees too: what still moves has another contrast for a moment. */
const SETTLED = `(async () => {
  const trees = (root) =>
    [root, ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot }) => (shadowRoot ? trees(shadowRoot) : []))];
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const moving = trees(document)
    .flatMap((root) => root.getAnimations())
    .filter((each) => each.playState === "running" && each.effect.getComputedTiming().iterations < 9);
  await Promise.allSettled(moving.map(({ finished }) => finished));
})()`;

/**
 * Asks axe for everything that it finds wrong, in both themes; takes pictures where they are asked for. `colours` is false for a
 * screen whose colours another test looks at: it differs from that in its words.
 */
export async function inspect(
  { page }: { readonly page: Page },
  name: string,
  { colours = true }: { readonly colours?: boolean } = {},
): Promise<void> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(AXE);
  for (const [colorScheme, wrong] of colours ? THEMES : BUT_COLOURS) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(SETTLED);
    await photograph(page, `${name}-${colorScheme}`);
    const found = (await page.evaluate(wrong)) as { id: string; nodes: { html: string }[] }[];
    assert.deepEqual(
      found.map(({ id, nodes }) => [name, colorScheme, id, nodes.map(({ html }) => html)]),
      [],
    );
  }
  const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.equal(overflow, 0, `${name} is wider than the screen`);
}

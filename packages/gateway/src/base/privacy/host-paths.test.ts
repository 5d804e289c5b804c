import assert from "node:assert/strict";
import { test } from "node:test";
import { concealer } from "./host-paths.ts";

const conceal = concealer([
  { path: "/home/ann", shown: "~" },
  { path: "/home/ann/.moltbot", shown: "(state)" },
  { path: "/", shown: "never" },
]);

const CASES: readonly [text: string, shown: string][] = [
  ["/home/ann", "~"],
  ["/home/ann/notes.txt", "~/notes.txt"],
  ["saved as /home/ann/.moltbot/media/a.png]", "saved as (state)/media/a.png]"],
  ["file:///home/ann/a", "file://~/a"],
  ['{"text":"one\\n/home/ann/a"}', '{"text":"one\\n~/a"}'],
  ["/home/anna and /home/ann-2", "/home/anna and /home/ann-2"],
  ["https://example.org/home/ann", "https://example.org/home/ann"],
  ["and/or", "and/or"],
];

for (const [text, shown] of CASES) test(`${text} is shown as ${shown}`, () => assert.equal(conceal(text), shown));

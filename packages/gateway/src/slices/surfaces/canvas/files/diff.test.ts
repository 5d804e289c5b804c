import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { diffOf } from "./diff.ts";

const MANY = 100_000;

test("equal texts have no difference", () => {
  assert.equal(diffOf("a\nb\n", "a\nb\n", MANY), "");
});

test("a changed line is shown with three lines around it", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

  assert.equal(diffOf(before, before.replace("5", "five"), MANY), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8");
});

test("changes that are far apart are shown apart", () => {
  const before = Array.from({ length: 30 }, (_, index) => `${index}`).join("\n");
  const after = before.replace("\n2\n", "\ntwo\n").replace("\n27\n", "\ntwenty\n");

  assert.equal(diffOf(before, after, MANY).match(/^@@ /gm)?.length, 2);
});

test("a long difference is cut at a line, and says so", () => {
  const cut = diffOf("", "line\n".repeat(1_000), 200);

  assert.match(cut, /\n… the difference is longer; read the file$/);
  assert.ok(cut.length < 300);
});

test("the difference with its signs taken away is each of the two texts", () => {
  const texts = fc
    .array(fc.constantFrom("a", "b", "c", ""), { maxLength: 30 })
    .map((lines) => lines.map((line) => `${line}x`));

  fc.assert(
    fc.property(texts, texts, (before, after) => {
      // With as many equal lines as the context has, the whole of both texts is in the difference.
      const [one, two] = [
        ["begin", ...before],
        ["other", ...after],
      ];
      const lines = diffOf(one.join("\n"), two.join("\n"), MANY)
        .split("\n")
        .filter((line) => !line.startsWith("@@"));
      const without = (sign: string) => lines.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1));
      const isSubsequence = (part: string[], whole: string[]) => {
        let at = 0;
        for (const line of whole) if (line === part[at]) at++;
        return at === part.length;
      };
      assert.ok(isSubsequence(without("+"), one));
      assert.ok(isSubsequence(without("-"), two));
    }),
  );
});

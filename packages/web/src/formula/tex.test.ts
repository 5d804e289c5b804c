import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { MathNode } from "./nodes.ts";
import { mathOf } from "./tex.ts";
import { NotReadable } from "./tokens.ts";

/** A formula as short text: `msup(mi:x mn:2)`. */
function told(node: MathNode | string): string {
  if (typeof node === "string") return node;
  const inside = node.children.map(told).join(" ");
  return node.children.every((child) => typeof child === "string") ? `${node.tag}:${inside}` : `${node.tag}(${inside})`;
}

const inner = (tex: string) => told(mathOf(tex, false)).replace(/^math\(([\s\S]*)\)$/, "$1");

const CASES: readonly (readonly [tex: string, mathml: string])[] = [
  ["x^2", "msup(mi:x mn:2)"],
  ["x_12", "mrow(msub(mi:x mn:1) mn:2)"],
  ["12.5^2", "msup(mn:12.5 mn:2)"],
  ["x_i^{2n}", "msubsup(mi:x mi:i mrow(mn:2 mi:n))"],
  ["f''(x)", "mrow(msup(mi:f mo:′′) mo:( mi:x mo:))"],
  ["\\frac12", "mfrac(mn:1 mn:2)"],
  ["\\frac{a}{b+c}", "mfrac(mi:a mrow(mi:b mo:+ mi:c))"],
  ["{a \\over b}", "mfrac(mi:a mi:b)"],
  ["\\sqrt[3]{x}", "mroot(mi:x mn:3)"],
  ["\\alpha - \\Omega", "mrow(mi:α mo:− mi:Ω)"],
  ["\\mathbb{R}", "mi:ℝ"],
  ["\\mathbf{x}_\\mathrm{d}", "msub(mi:𝐱 mi:d)"],
  ["\\sum_{i=1}^n i", "mrow(munderover(mo:∑ mrow(mi:i mo:= mn:1) mi:n) mi:i)"],
  ["\\int_0^1", "msubsup(mo:∫ mn:0 mn:1)"],
  ["\\lim_{x \\to 0}", "munder(mo:lim mrow(mi:x mo:→ mn:0))"],
  ["\\sin x", "mrow(mi:sin mspace: mi:x)"],
  ["\\hat{x}", "mover(mi:x mo:^)"],
  ["\\underbrace{a}_{n}", "munder(munder(mi:a mo:⏟) mi:n)"],
  ["\\text{if } x", "mrow(mtext:if\u00a0 mi:x)"],
  ["\\left( x \\right.", "mrow(mo:( mi:x mo:)"],
  ["\\left\\| x \\right\\|", "mrow(mo:‖ mi:x mo:‖)"],
  ["\\binom{n}{k}", "mrow(mo:( mfrac(mi:n mi:k) mo:))"],
  ["a \\not= b", "mrow(mi:a mo:=\u0338 mi:b)"],
  [
    "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}",
    "mrow(mo:( mtable(mtr(mtd(mi:a) mtd(mi:b)) mtr(mtd(mi:c) mtd(mi:d))) mo:))",
  ],
  ["\\begin{align*} x &= 1 \\\\ \\end{align*}", "mtable(mtr(mtd(mi:x) mtd(mrow(mo:= mn:1))))"],
  ["\\operatorname{rank} A", "mrow(mi:rank mspace: mi:A)"],
  ["50\\,\\%", "mrow(mn:50 mspace: mi:%)"],
  ["x % a remark\n+ 1", "mrow(mi:x mo:+ mn:1)"],
  ["é \\in \\{1\\}", "mrow(mi:é mo:∈ mi:{ mn:1 mi:})"],
];

for (const [tex, mathml] of CASES)
  test(`${JSON.stringify(tex)} is read`, () => {
    assert.equal(inner(tex), mathml);
  });

test("what is not known, or has no end, is refused", () => {
  const bad = [
    "\\unknown",
    "\\frac{a}",
    "{a",
    "a}",
    "\\left( a",
    "\\begin{pmatrix} a",
    "x^2^3",
    "a & b",
    "\\left! a \\right)",
  ];
  for (const tex of bad) assert.throws(() => mathOf(tex, false), NotReadable, tex);
  assert.throws(() => mathOf("{".repeat(200) + "}".repeat(200), false), NotReadable);
  assert.throws(() => mathOf("x".repeat(10_000), false), NotReadable);
});

test("whatever is written, it is read or refused", () => {
  const pieces = fc.constantFrom(
    ..."a 1 { } ^ _ & ' \\\\ \\frac \\sqrt [ ] \\left( \\right) \\begin{cases} \\end{cases} \\sum \\text \\bf ~ %".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      try {
        assert.equal(mathOf(parts.join(" "), true).tag, "math");
      } catch (error) {
        assert.ok(error instanceof NotReadable, String(error));
      }
    }),
  );
});

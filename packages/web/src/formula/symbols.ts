// What the commands of TeX stand for: letters and signs by their names, and letters in other shapes.

/** Pairs of a name and a sign, with blanks between them. */
function table(text: string): ReadonlyMap<string, string> {
  const words = text.split(/[ \n]+/).filter((word) => word !== "");
  return new Map(words.flatMap((name, at) => (at % 2 === 0 ? [[name, words[at + 1] ?? ""] as const] : [])));
}

/** Letters, and what stands where a letter may. */
export const LETTERS = table(`
alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ varkappa ϰ lambda λ mu μ
nu ν xi ξ omicron ο pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω
infty ∞ partial ∂ nabla ∇ ell ℓ hbar ℏ hslash ℏ imath ı jmath ȷ Re ℜ Im ℑ wp ℘ aleph ℵ beth ℶ emptyset ∅ varnothing ∅
angle ∠ measuredangle ∡ triangle △ square □ Box □ blacksquare ■ diamond ⋄ Diamond ◊ bigstar ★ top ⊤ bot ⊥ degree ° prime ′
checkmark ✓ dagger † ddagger ‡ S § P ¶ pounds £ euro € copyright © complement ∁ mho ℧ eth ð Bbbk 𝕜 backslash \\
clubsuit ♣ diamondsuit ♢ heartsuit ♡ spadesuit ♠ flat ♭ natural ♮ sharp ♯
ldots … dots … dotsc … dotsb ⋯ dotsm ⋯ dotsi ⋯ dotso … cdots ⋯ vdots ⋮ ddots ⋱
% % # # $ $ & & _ _ { { } }
`);

/** Relations, arrows and operators between two things. */
export const SIGNS = table(`
times × div ÷ pm ± mp ∓ cdot ⋅ ast ∗ star ⋆ circ ∘ bullet ∙ cap ∩ cup ∪ uplus ⊎ sqcap ⊓ sqcup ⊔ vee ∨ lor ∨ wedge ∧ land ∧
setminus ∖ smallsetminus ∖ wr ≀ oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙ amalg ⨿ ltimes ⋉ rtimes ⋊ bowtie ⋈
leq ≤ le ≤ leqslant ⩽ geq ≥ ge ≥ geqslant ⩾ neq ≠ ne ≠ ll ≪ gg ≫ lll ⋘ ggg ⋙ equiv ≡ sim ∼ simeq ≃ approx ≈ cong ≅ propto ∝
asymp ≍ doteq ≐ triangleq ≜ coloneqq ≔ prec ≺ succ ≻ preceq ⪯ succeq ⪰ lesssim ≲ gtrsim ≳ lessgtr ≶ nless ≮ ngtr ≯ nleq ≰ ngeq ≱
in ∈ ni ∋ notin ∉ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ subsetneq ⊊ supsetneq ⊋ nsubseteq ⊈ sqsubseteq ⊑ sqsupseteq ⊒
vdash ⊢ dashv ⊣ models ⊨ vDash ⊨ Vdash ⊩ perp ⊥ parallel ∥ nparallel ∦ mid ∣ nmid ∤ smile ⌣ frown ⌢
forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬ therefore ∴ because ∵ surd √ colon :
to → rightarrow → gets ← leftarrow ← leftrightarrow ↔ Rightarrow ⇒ Leftarrow ⇐ Leftrightarrow ⇔ implies ⟹ impliedby ⟸ iff ⟺
longrightarrow ⟶ longleftarrow ⟵ longleftrightarrow ⟷ Longrightarrow ⟹ Longleftarrow ⟸ Longleftrightarrow ⟺ mapsto ↦ longmapsto ⟼
uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓ Updownarrow ⇕ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖
hookrightarrow ↪ hookleftarrow ↩ rightharpoonup ⇀ rightharpoondown ⇁ leftharpoonup ↼ leftharpoondown ↽ rightleftharpoons ⇌
leftrightharpoons ⇋ rightrightarrows ⇉ leftleftarrows ⇇ twoheadrightarrow ↠ rightsquigarrow ⇝ leadsto ⇝ upharpoonright ↾
nrightarrow ↛ nRightarrow ⇏ nleftarrow ↚ circlearrowleft ↺ circlearrowright ↻
`);

/** What opens and closes; it grows with \left and \right. */
export const FENCES = table(`
( ( ) ) [ [ ] ] | | / / . . < ⟨ > ⟩ lbrace { rbrace } { { } } lbrack [ rbrack ] lparen ( rparen ) langle ⟨ rangle ⟩ vert | lvert | rvert |
Vert ‖ lVert ‖ rVert ‖ \\| ‖ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lgroup ⟮ rgroup ⟯ llbracket ⟦ rrbracket ⟧ ulcorner ⌜ urcorner ⌝
backslash \\ uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓
`);

/** Large operators; their limits stand above and below, but for integrals. */
export const LARGE = table(`
sum ∑ prod ∏ coprod ∐ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigodot ⨀ biguplus ⨄ bigsqcup ⨆ bigvee ⋁ bigwedge ⋀
int ∫ iint ∬ iiint ∭ oint ∮ oiint ∯ oiiint ∰
`);
export const isIntegral = (sign: string) => "∫∬∭∮∯∰".includes(sign);

/** Functions that are written with their names. */
export const FUNCTIONS = new Set(
  `arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker lg ln log sec sin sinh tan tanh sgn tr`.split(
    " ",
  ),
);
/** Their limits stand below. */
export const LIMITS = table(`
lim lim max max min min sup sup inf inf limsup lim\u00a0sup liminf lim\u00a0inf argmax arg\u00a0max argmin arg\u00a0min det det gcd gcd Pr Pr
`);

/** Accents, and lines and braces over or under something; those in the second table are as wide as it. */
export const ACCENTS = table(
  `hat ^ check ˇ tilde ~ acute ´ grave \` dot ˙ ddot ¨ dddot ⃛ breve ˘ bar ¯ vec → mathring ˚`,
);
export const COVERS = table(`
widehat ^ widetilde ~ overline ¯ overrightarrow → overleftarrow ← overleftrightarrow ↔ overbrace ⏞ overparen ⏜ overbracket ⎴
`);
export const GROUNDS = table(`underline _ underbrace ⏟ underparen ⏝ underbracket ⎵ underrightarrow → underleftarrow ←`);

/** Room, in the width of an m. */
export const ROOM =
  table(`, 0.167em thinspace 0.167em : 0.222em > 0.222em medspace 0.222em ; 0.278em thickspace 0.278em ! -0.167em
negthinspace -0.167em enspace 0.5em quad 1em qquad 2em space 0.25em nobreakspace 0.25em`);

/** A shape of letters: where A, a, 0, Α and α stand in Unicode, and those that stand elsewhere. */
interface Shape {
  readonly upper: number;
  readonly lower?: number;
  readonly digit?: number;
  readonly greek?: readonly [upper: number, lower: number];
  readonly others?: string;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  bold: { upper: 0x1d400, lower: 0x1d41a, digit: 0x1d7ce, greek: [0x1d6a8, 0x1d6c2] },
  boldItalic: { upper: 0x1d468, lower: 0x1d482, digit: 0x1d7ce, greek: [0x1d71c, 0x1d736] },
  double: { upper: 0x1d538, lower: 0x1d552, digit: 0x1d7d8, others: "CℂHℍNℕPℙQℚRℝZℤ" },
  script: { upper: 0x1d49c, lower: 0x1d4b6, others: "BℬEℰFℱHℋIℐLℒMℳRℛeℯgℊoℴ" },
  fraktur: { upper: 0x1d504, lower: 0x1d51e, others: "CℭHℌIℑRℜZℨ" },
  sans: { upper: 0x1d5a0, lower: 0x1d5ba, digit: 0x1d7e2 },
  mono: { upper: 0x1d670, lower: 0x1d68a, digit: 0x1d7f6 },
};

/** The shape that each command asks for; "" is upright. */
export const FONTS = table(`
mathbf bold textbf bold bf bold boldsymbol boldItalic bm boldItalic mathbb double Bbb double mathcal script mathscr script
mathfrak fraktur mathsf sans mathtt mono mathrm upright mathnormal italic mathit italic rm upright
`);

/** A letter or digit in another shape; itself where the shape has none. */
export function shaped(letter: string, font: string): string {
  const shape = SHAPES[font];
  if (shape === undefined) return letter;
  const others = [...(shape.others ?? "")];
  const at = others.indexOf(letter);
  if (at !== -1 && at % 2 === 0) return others[at + 1] as string;
  const ranges: readonly (readonly [string, string, number | undefined])[] = [
    ["A", "Z", shape.upper],
    ["a", "z", shape.lower],
    ["0", "9", shape.digit],
    ["Α", "Ω", shape.greek?.[0]],
    ["α", "ω", shape.greek?.[1]],
  ];
  const range = ranges.find(([first, last]) => letter >= first && letter <= last && letter.length === 1);
  if (range?.[2] === undefined) return letter;
  return String.fromCodePoint(range[2] + letter.charCodeAt(0) - range[0].charCodeAt(0));
}

/** A code in letters that can be read from across a table. */

/** Five rows of three dots for each letter, a digit a row: 5 is `# #`. */
const GLYPHS: Readonly<Record<string, string>> = {
  "0": "75557",
  "1": "26227",
  "2": "71747",
  "3": "71717",
  "4": "55711",
  "5": "74717",
  "6": "74757",
  "7": "71122",
  "8": "75757",
  "9": "75717",
  A: "25755",
  B: "65656",
  C: "34443",
  D: "65556",
  E: "74647",
  F: "74644",
  G: "34553",
  H: "55755",
  I: "72227",
  J: "11152",
  K: "55655",
  L: "44447",
  M: "57755",
  N: "65555",
  O: "25552",
  P: "65644",
  Q: "25563",
  R: "65655",
  S: "34216",
  T: "72222",
  U: "55557",
  V: "55552",
  W: "55775",
  X: "55255",
  Y: "55222",
  Z: "71247",
  "-": "00700",
};

const ROWS = 5;

/** The code as lines of blocks, 8 columns a letter; what has no glyph is left out. */
export function bigLetters(code: string): string {
  const glyphs = [...code.toUpperCase()].flatMap((letter) => GLYPHS[letter] ?? []);
  return Array.from({ length: ROWS }, (_, row) =>
    glyphs
      .map((glyph) => dots(Number(glyph[row])))
      .join("  ")
      .trimEnd(),
  ).join("\n");
}

function dots(bits: number): string {
  return [4, 2, 1].map((bit) => (bits & bit ? "██" : "  ")).join("");
}

/** A QR code for terminals, two modules in each character. The encoder is loaded on first use. */

/** Modules of white around the code: two are enough on a screen. */
const BORDER = 2;

/** The code's lines; `width` is how many columns they take. */
export interface DrawnQr {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** With colour it is black on white whatever the terminal's colours are; without, it suits dark terminals. */
export async function drawQr(content: string, { colour }: { colour: boolean }): Promise<DrawnQr> {
  const { encode } = await import("uqr");
  const { data, size } = encode(content, { ecc: "L", border: BORDER });
  const isDark = (x: number, y: number) => data[y]?.[x] ?? false;
  const lines: string[] = [];
  for (let y = 0; y < size; y += 2) {
    let line = "";
    for (let x = 0; x < size; x++) line += HALVES[`${isDark(x, y) === colour}-${isDark(x, y + 1) === colour}`];
    lines.push(colour ? `\x1b[30;107m${line}\x1b[0m` : line);
  }
  return { text: lines.join("\n"), width: size, height: lines.length };
}

/** By whether ink goes into the upper and the lower half. */
const HALVES: Readonly<Record<string, string>> = {
  "true-true": "█",
  "true-false": "▀",
  "false-true": "▄",
  "false-false": " ",
};

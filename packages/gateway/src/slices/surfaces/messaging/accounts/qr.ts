/** A QR code as a picture that every client can show: a PNG in a data URL. */
import { crc32, deflateSync } from "node:zlib";

/** Pixels of one module, and modules of white around the code (ISO 18004 asks for four). */
const SCALE = 6;
const BORDER = 4;

/** Loads the encoder on first use. */
export async function qrDataUrl(text: string): Promise<string> {
  const { encode } = await import("uqr");
  const { data, size } = encode(text, { ecc: "L", border: BORDER });
  const side = size * SCALE;
  // One bit a pixel, white is 1, each row padded to a byte and led by its filter (none).
  const rowBytes = Math.ceil(side / 8) + 1;
  const pixels = Buffer.alloc(rowBytes * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const isDark = data[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)];
      const at = y * rowBytes + 1 + (x >> 3);
      if (!isDark) pixels[at] = pixels[at]! | (0x80 >> (x & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const png = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return `data:image/png;base64,${png.toString("base64")}`;
}

/** A chunk of a PNG file: length, type, data, checksum of the last two. */
function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A QR code as text, which every client can show. Loads the encoder on first use. */
export async function drawnQr(content: string): Promise<string> {
  const { renderUnicodeCompact } = await import("uqr");
  return renderUnicodeCompact(content, { ecc: "L", border: 2 });
}

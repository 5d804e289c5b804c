/** Files with text in them, and files that nobody can read. */

/** A PDF of one page with one line. */
function pdf(line: string): Buffer {
  const stream = `BT /F1 24 Tf 72 720 Td (${line}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let body = "%PDF-1.4\n";
  const places = objects.map((object, index) => {
    const at = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = places.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`).join("");
  const end = `xref\n0 6\n0000000000 65535 f \n${table}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${body.length}\n%%EOF`;
  return Buffer.from(body + end, "latin1");
}

const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic"), Buffer.alloc(40, 3)]);

/** Files as people send them, and what a model must be shown of each. */
export const FILES: Record<string, { fileName: string; mimeType?: string; data: Buffer; shown: RegExp }> = {
  "a PDF": {
    fileName: "bill.pdf",
    mimeType: "application/pdf",
    data: pdf("Total: 42 euros"),
    shown: /Total: 42 euros/,
  },
  "a PDF without a type": { fileName: "bill", data: pdf("Total: 43 euros"), shown: /Total: 43 euros/ },
  "a PDF without text": {
    fileName: "scan.pdf",
    mimeType: "application/pdf",
    data: pdf(""),
    shown: /is a PDF without text in it/,
  },
  "a PDF that is broken": {
    fileName: "half.pdf",
    mimeType: "application/pdf",
    data: Buffer.from("%PDF-1.4\nnothing of the kind"),
    shown: /is a PDF without text in it/,
  },
  "a table of Excel's kind": {
    fileName: "a.csv",
    mimeType: "application/vnd.ms-excel",
    data: Buffer.from("name;age\nAda;36"),
    shown: /Ada;36/,
  },
  "a table of no kind": {
    fileName: "a.csv",
    mimeType: "application/octet-stream",
    data: Buffer.from("name;age\nBob;37"),
    shown: /Bob;37/,
  },
  "Markdown without a type": {
    fileName: "notes.md",
    data: Buffer.from("# Notes\n- milk"),
    shown: /# Notes[\s\S]{1,8}- milk/,
  },
  "Latin-1 text": {
    fileName: "old.txt",
    mimeType: "text/plain",
    data: Buffer.from("Grüße aus Köln", "latin1"),
    shown: /Grüße aus Köln/,
  },
  "UTF-16 text": {
    fileName: "w.txt",
    mimeType: "text/plain",
    data: Buffer.from("\uFEFFGrüße", "utf16le"),
    shown: /Grüße/,
  },
  "a HEIC picture": {
    fileName: "IMG_1.HEIC",
    mimeType: "image/heic",
    data: heic,
    shown: /is a HEIC picture \(it was said to be image\/heic\) and cannot be read/,
  },
  "an office document": {
    fileName: "a.docx",
    data: Buffer.from("PK\x03\x04\x14\0\x06"),
    shown: /is an archive or an office document and cannot be read/,
  },
  "bytes of no kind": {
    fileName: "a.bin",
    data: Buffer.from([1, 2, 0, 255, 254, 7]),
    shown: /is of a kind that is not known and cannot be read/,
  },
};

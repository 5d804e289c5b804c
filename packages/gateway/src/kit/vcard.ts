/** Reads a vCard (RFC 6350), as far as people read it. */
import type { Contact } from "./item.ts";

/** The contact of a card; `name` where the platform gives it separately. */
export function contactIn(vcard: string, name?: string): Contact {
  // A line that begins with a space continues the one before (RFC 6350, 3.2).
  const lines = vcard.replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  const valuesOf = (property: string) =>
    lines.flatMap((line) => {
      const [, found, value = ""] = /^(?:[\w-]+\.)?([\w-]+)[^:]*:(.*)$/.exec(line) ?? [];
      return found?.toUpperCase() === property && value.trim() !== "" ? [unescaped(value.trim())] : [];
    });
  return {
    kind: "contact",
    name: name || valuesOf("FN")[0],
    organization: valuesOf("ORG")[0]?.replace(/[;\s]+$/, ""),
    numbers: valuesOf("TEL").map((number) => number.replace(/^tel:/i, "")),
    mails: valuesOf("EMAIL"),
  };
}

function unescaped(value: string): string {
  return value.replace(/\\n/gi, " ").replace(/\\([,;\\])/g, "$1");
}

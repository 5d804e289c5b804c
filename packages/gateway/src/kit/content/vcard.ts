/** Reads a vCard (RFC 6350, and 2.1 as phones still write it), as far as people read it. */
import type { Contact } from "./item.ts";

/** What is shown beside the name, numbers and mails. */
const MORE: Readonly<Record<string, string>> = {
  TITLE: "title",
  ROLE: "role",
  ADR: "address",
  URL: "page",
  BDAY: "birthday",
  NOTE: "note",
};

interface Line {
  readonly property: string;
  readonly value: string;
}

/** The contact of a card; `name` where the platform gives it separately. */
export function contactIn(vcard: string, name?: string): Contact {
  const all = linesIn(vcard).flatMap(lineIn);
  const valuesOf = (property: string) => all.filter((line) => line.property === property).map(({ value }) => value);
  const called = name || valuesOf("FN")[0] || valuesOf("N")[0]?.split(";").slice(0, 2).reverse().join(" ").trim();
  const more = all.flatMap(({ property, value }) =>
    Object.hasOwn(MORE, property) ? [[MORE[property]!, listed(value)] as const] : [],
  );
  return {
    kind: "contact",
    name: called || undefined,
    organization: valuesOf("ORG")[0]?.replace(/[;\s]+$/, ""),
    numbers: valuesOf("TEL").map((number) => number.replace(/^tel:/i, "")),
    mails: valuesOf("EMAIL"),
    ...(more.length > 0 && { more }),
  };
}

/** A line that begins with a blank continues the one before (RFC 6350, 3.2); in 2.1 one that ends with "=" goes on. */
function linesIn(vcard: string): string[] {
  const joined = vcard.replace(/\r?\n[ \t]/g, "");
  return joined
    .replace(/^([^:\r\n]*QUOTED-PRINTABLE[^:\r\n]*:(?:.*=\r?\n)+)/gim, (lines) => lines.replace(/=\r?\n/g, ""))
    .split(/\r?\n/);
}

function lineIn(line: string): Line[] {
  const [, property = "", params = "", text = ""] =
    /^(?:[\w-]+\.)?([\w-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)$/.exec(line) ?? [];
  const written = /QUOTED-PRINTABLE/i.test(params) ? unquoted(text, params) : text;
  const value = unescaped(written.trim());
  return value === "" ? [] : [{ property: property.toUpperCase(), value }];
}

/** "Gr=C3=BC=C3=9Fe", in the charset that the line names. */
function unquoted(text: string, params: string): string {
  const bytes = text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const charset = /CHARSET=([\w-]+)/i.exec(params)?.[1] ?? "utf-8";
  const known = ["utf-8", "utf8", "iso-8859-1", "windows-1252"].includes(charset.toLowerCase()) ? charset : "utf-8";
  return new TextDecoder(known).decode(Buffer.from(bytes, "latin1"));
}

function unescaped(value: string): string {
  return value.replace(/\\n/gi, " ").replace(/\\([,;:\\])/g, "$1");
}

/** The parts of an address, without the empty ones. */
function listed(value: string): string {
  return value
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join(", ");
}

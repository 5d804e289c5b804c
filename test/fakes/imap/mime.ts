/** A mail as IMAP describes it: its envelope, its parts, and the bytes of each section. */

export interface Part {
  readonly type: string;
  readonly subtype: string;
  readonly head: string;
  readonly body: string;
  readonly parts: readonly Part[];
}

/** Reads a mail or a part of one; its characters are bytes. */
export function partOf(source: string): Part {
  const gap = source.indexOf("\r\n\r\n");
  const head = gap < 0 ? source : source.slice(0, gap + 4);
  const body = gap < 0 ? "" : source.slice(gap + 4);
  const [type = "text", subtype = "plain"] = (header(head, "content-type") ?? "text/plain")
    .split(/[;\s]/)[0]!
    .split("/");
  const boundary = parameter(header(head, "content-type"), "boundary");
  const isMany = type.toLowerCase() === "multipart" && boundary !== undefined;
  return { type, subtype, head, body, parts: isMany ? piecesOf(body, boundary).map(partOf) : [] };
}

function piecesOf(body: string, boundary: string): string[] {
  const [inner = ""] = `\r\n${body}`.split(`\r\n--${boundary}--`);
  return inner
    .split(`\r\n--${boundary}`)
    .slice(1)
    .map((piece) => piece.replace(/^[ \t]*\r\n/, ""));
}

/** The text of a header field, unfolded. */
export function header(head: string, name: string): string | undefined {
  const unfolded = head.replace(/\r\n[ \t]+/g, " ");
  const line = unfolded.split("\r\n").find((each) => each.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function parameter(value: string | undefined, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\s]+))`, "i").exec(value ?? "");
  return found?.[1] ?? found?.[2];
}

/** A string as the wire has it: a literal when it cannot be quoted. */
export function stringOf(text: string | undefined): string {
  if (text === undefined) return "NIL";
  return /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(text) ? `"${text}"` : `{${text.length}}\r\n${text}`;
}

/** RFC 3501, 7.4.2: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id. */
export function envelopeOf({ head }: Part): string {
  const field = (name: string) => header(head, name);
  const from = peopleOf(field("from"));
  const people = [from, peopleOf(field("sender"), from), peopleOf(field("reply-to"), from)];
  const others = ["to", "cc", "bcc"].map((name) => peopleOf(field(name)));
  const ids = ["in-reply-to", "message-id"].map((name) => stringOf(field(name)));
  return `(${[stringOf(field("date")), stringOf(field("subject")), ...people, ...others, ...ids].join(" ")})`;
}

function peopleOf(value: string | undefined, otherwise = "NIL"): string {
  if (value === undefined) return otherwise;
  const people = [...value.matchAll(/(?:"?([^"<,]*?)"?\s*)<([^@>]+)@([^>]+)>/g)];
  if (people.length === 0) return otherwise;
  return `(${people.map(([, name, box, host]) => `(${[stringOf(name || undefined), "NIL", stringOf(box), stringOf(host)].join(" ")})`).join("")})`;
}

export function structureOf(part: Part): string {
  if (part.parts.length > 0)
    return `(${part.parts.map(structureOf).join("")} ${stringOf(part.subtype.toUpperCase())} NIL NIL NIL NIL)`;
  const { type, subtype, head, body } = part;
  const content = header(head, "content-type") ?? "text/plain; charset=us-ascii";
  const encoding = header(head, "content-transfer-encoding") ?? "7bit";
  const names = ["charset", "name"].flatMap((name) => {
    const value = parameter(content, name);
    return value === undefined ? [] : [`"${name.toUpperCase()}" ${stringOf(value)}`];
  });
  const basic = [
    ...[
      stringOf(type.toUpperCase()),
      stringOf(subtype.toUpperCase()),
      names.length > 0 ? `(${names.join(" ")})` : "NIL",
    ],
    ...["NIL", "NIL", stringOf(encoding.toUpperCase()), String(body.length)],
    ...(type.toLowerCase() === "text" ? [String(body.split("\r\n").length - 1)] : []),
  ];
  return `(${[...basic, "NIL", dispositionOf(head), "NIL", "NIL"].join(" ")})`;
}

function dispositionOf(head: string): string {
  const value = header(head, "content-disposition");
  if (value === undefined) return "NIL";
  const name = parameter(value, "filename");
  const kind = stringOf(value.split(";")[0]!.trim().toUpperCase());
  return `(${kind} ${name === undefined ? "NIL" : `("FILENAME" ${stringOf(name)})`})`;
}

/** The bytes of a section such as `1.2`, `1.MIME`, `HEADER`, `TEXT` or none; undefined when there is no such part. */
export function sectionOf(whole: Part, section: string): string | undefined {
  const [, numbers = "", of = ""] = /^([\d.]*?)\.?(HEADER|MIME|TEXT|)$/i.exec(section) ?? [];
  let part: Part | undefined = whole;
  for (const number of numbers.split(".").filter(Boolean)) {
    // A mail without parts is its own part 1.
    if (part?.parts.length === 0 && number === "1" && part === whole) continue;
    part = part?.parts[Number(number) - 1];
  }
  if (!part) return undefined;
  if (of.toUpperCase() === "HEADER" || of.toUpperCase() === "MIME") return part.head;
  return of === "" && numbers === "" ? part.head + part.body : part.body;
}

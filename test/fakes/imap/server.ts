/**
 * An IMAP server on loopback with one user, joe, as the mailbox tests need it: RFC 3501 with IDLE and literals. It can be as
 * untidy as real ones: slow, in small pieces, gone in the middle of an answer, without IDLE, or with mails numbered anew.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate as breath } from "node:timers/promises";
import { ignore } from "../../../packages/gateway/src/base/errors.ts";
import { MAIL_PASSWORD, type MailServer } from "../mail-server.ts";
import { type Argument, type Command, commandOf, readLine } from "./command.ts";
import { envelopeOf, partOf, sectionOf, structureOf } from "./mime.ts";

/** What a server may do that others do not. All may be changed while it runs. */
export interface Untidiness {
  /** Answers are sent in pieces of so many bytes, so that lines and literals are cut anywhere. */
  pieceBytes?: number;
  /** IDLE is not offered. */
  withoutIdle?: boolean;
  /** IDLE is offered, and answered with NO so often. */
  refusesIdle?: number;
  /** IDLE is ended by the server with OK so often, before the client says DONE. */
  endsIdle?: number;
  /** So many logins are refused because the server is busy (RFC 5530: UNAVAILABLE). */
  refusesLogin?: number;
  /** The connection is cut within the literals of so many answers to FETCH. */
  cutsFetch?: number;
  /** What becomes of each FETCH of some mails, by their UID: refused, cut off, answered with what nobody can read, or never. */
  breaks?: Readonly<Record<number, Broken>>;
  /** EXISTS is told in two parts: a number that is not new, then the new one. */
  repeatsExists?: boolean;
}

type Broken = "refused" | "cut" | "garbled" | "unanswered";

interface Mail {
  uid: number;
  readonly source: string;
  readonly at: Date;
  readonly flags: Set<string>;
}

export class FakeImap implements MailServer {
  readonly untidy: Untidiness;
  readonly #server: Server;
  readonly #sessions = new Set<Session>();
  readonly mails: Mail[] = [];
  uidValidity = 1_700_000_000;
  uidNext = 1;
  #port = 0;

  private constructor(untidy: Untidiness) {
    this.untidy = untidy;
    this.#server = createServer((socket) => {
      const session = new Session(this, socket);
      this.#sessions.add(session);
      socket.once("close", () => this.#sessions.delete(session));
    });
  }

  static async start(untidy: Untidiness = {}): Promise<FakeImap> {
    const fake = new FakeImap(untidy);
    await fake.start();
    return fake;
  }

  get port(): number {
    return this.#port;
  }

  get settings() {
    return { host: "127.0.0.1", port: this.#port, security: "none", user: "joe", password: MAIL_PASSWORD };
  }

  async start(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Says BYE to all and is gone. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const session of this.#sessions) session.bye("shutting down");
    await closed;
  }

  /** Ends all connections without a word. */
  cut(): void {
    for (const session of this.#sessions) session.cut();
  }

  async receive(mail: string): Promise<void> {
    const source = Buffer.from(mail.replace(/\r?\n/g, "\r\n")).toString("latin1");
    this.mails.push({ uid: this.uidNext++, source, at: new Date(), flags: new Set() });
    for (const session of this.#sessions) session.tellExists();
  }

  async flags(): Promise<string[][]> {
    return this.mails.map(({ flags }) => [...flags]);
  }

  /** All mails get new numbers, as after a server has lost its index. Whoever is connected is told to come back. */
  async renumber(): Promise<void> {
    await this.stop();
    this.uidValidity += 1;
    this.uidNext = 1;
    for (const mail of this.mails) mail.uid = this.uidNext++;
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.stop();
  }
}

/** One connection: what it has said, and how far it is. */
class Session {
  readonly #fake: FakeImap;
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #asked = 0;
  #isKnown = false;
  /** How many mails the client was told of; undefined when no mailbox is open. */
  #told: number | undefined;
  #idle: string | undefined;
  #plain: string | undefined;
  #sending = Promise.resolve();

  constructor(fake: FakeImap, socket: Socket) {
    this.#fake = fake;
    this.#socket = socket;
    socket.on("error", (error) => ignore(error, "the client is gone"));
    socket.on("data", (data) => this.#read(data));
    this.#say(`* OK [CAPABILITY ${this.#abilities}] fake IMAP ready`);
  }

  get #abilities(): string {
    return ["IMAP4rev1", "LITERAL+", "ID", ...(this.#fake.untidy.withoutIdle ? [] : ["IDLE"]), "AUTH=PLAIN"].join(" ");
  }

  bye(why: string): void {
    this.#say(`* BYE ${why}`);
    void this.#sending.then(() => this.#socket.end());
  }

  cut(): void {
    this.#socket.destroy();
  }

  /** New mails are told within IDLE, else with the next command. */
  tellExists(): void {
    if (this.#idle !== undefined) this.#news();
  }

  #news(): void {
    const count = this.#fake.mails.length;
    if (this.#told === undefined || this.#told === count) return;
    if (this.#fake.untidy.repeatsExists) this.#say(`* ${this.#told} EXISTS`);
    this.#told = count;
    this.#say(`* ${count} EXISTS`);
    this.#say("* 0 RECENT");
  }

  #read(data: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, data]);
    for (;;) {
      const reading = readLine(this.#bytes);
      if (reading.kind === "more") {
        for (; this.#asked < reading.literalsAsked; this.#asked++) this.#say("+ go on");
        return;
      }
      this.#bytes = reading.rest;
      this.#asked = 0;
      this.#take(reading.bytes);
    }
  }

  #take(line: Buffer): void {
    if (this.#idle !== undefined) return this.#endIdle(line.toString("latin1"));
    if (this.#plain !== undefined) return this.#signIn(this.#plain, line.toString("latin1"));
    let command: Command;
    try {
      command = commandOf(line);
    } catch (error) {
      ignore(error, "the client is told");
      return this.#say(`${line.toString("latin1").split(" ")[0]} BAD it cannot be read`);
    }
    this.#do(command);
  }

  #do(command: Command): void {
    const { tag, name, args } = command;
    const done = () => this.#say(`${tag} OK ${name} done`);
    const [first = ""] = args;
    if (name === "CAPABILITY") this.#say(`* CAPABILITY ${this.#abilities}`);
    else if (name === "ID") this.#say('* ID ("name" "fake")');
    else if (name === "LOGOUT") return this.#leave(tag);
    else if (name === "AUTHENTICATE") return this.#authenticate(tag, args);
    else if (name === "LOGIN") return this.#let(tag, String(args[0]), String(args[1]));
    else if (!this.#isKnown) return this.#say(`${tag} BAD log in first`);
    else if (name === "LIST") this.#list(String(args[1] ?? ""));
    else if (name === "SELECT" || name === "EXAMINE") return this.#open(tag, name, String(first));
    else if (name === "IDLE") return this.#beginIdle(tag);
    else if (name === "UID SEARCH") this.#search(args);
    else if (name === "UID FETCH" || name === "FETCH") return this.#fetch(command);
    else if (name !== "NOOP") return this.#say(`${tag} BAD ${name} is not known`);
    if (this.#isKnown) this.#news();
    done();
  }

  #leave(tag: string): void {
    this.#say("* BYE see you");
    this.#say(`${tag} OK LOGOUT done`);
    void this.#sending.then(() => this.#socket.end());
  }

  #authenticate(tag: string, [mechanism, initial]: readonly Argument[]): void {
    if (String(mechanism).toUpperCase() !== "PLAIN") return this.#say(`${tag} NO only PLAIN`);
    if (initial !== undefined) return this.#signIn(tag, String(initial));
    this.#plain = tag;
    this.#say("+ ");
  }

  #signIn(tag: string, secret: string): void {
    this.#plain = undefined;
    const [, user = "", password = ""] = Buffer.from(secret, "base64").toString().split("\u0000");
    this.#let(tag, user, password);
  }

  #let(tag: string, user: string, password: string): void {
    const { untidy } = this.#fake;
    if (untidy.refusesLogin) {
      untidy.refusesLogin--;
      return this.#say(`${tag} NO [UNAVAILABLE] try again later`);
    }
    this.#isKnown = user === "joe" && password === MAIL_PASSWORD;
    if (this.#isKnown) this.#say(`${tag} OK [CAPABILITY ${this.#abilities}] welcome`);
    else this.#say(`${tag} NO [AUTHENTICATIONFAILED] that is not right`);
  }

  #list(pattern: string): void {
    if (pattern === "") this.#say('* LIST (\\Noselect) "." ""');
    else if (/^(?:inbox|\*|%)$/i.test(pattern)) this.#say('* LIST (\\HasNoChildren) "." INBOX');
  }

  #open(tag: string, name: string, mailbox: string): void {
    this.#told = undefined;
    if (mailbox.toUpperCase() !== "INBOX") return this.#say(`${tag} NO [NONEXISTENT] there is no such mailbox`);
    const { mails, uidValidity, uidNext } = this.#fake;
    this.#told = mails.length;
    this.#say("* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)");
    this.#say(`* ${mails.length} EXISTS`);
    this.#say("* 0 RECENT");
    this.#say(`* OK [UIDVALIDITY ${uidValidity}] they hold`);
    this.#say(`* OK [UIDNEXT ${uidNext}] is next`);
    this.#say(`${tag} OK [${name === "EXAMINE" ? "READ-ONLY" : "READ-WRITE"}] ${name} done`);
  }

  #beginIdle(tag: string): void {
    const { untidy } = this.#fake;
    if (untidy.refusesIdle) {
      untidy.refusesIdle--;
      return this.#say(`${tag} NO [LIMIT] too many sessions idle`);
    }
    this.#idle = tag;
    this.#say("+ idling");
    this.#news();
    if (!untidy.endsIdle) return;
    untidy.endsIdle--;
    this.#idle = undefined;
    this.#say(`${tag} OK IDLE ended`);
  }

  #endIdle(line: string): void {
    const tag = this.#idle;
    this.#idle = undefined;
    this.#say(line.toUpperCase() === "DONE" ? `${tag} OK IDLE done` : `${tag} BAD DONE was expected`);
  }

  #search(args: readonly Argument[]): void {
    const at = args.findIndex((each) => String(each).toUpperCase() === "UID");
    const found = at < 0 ? this.#fake.mails : this.#within(String(args[at + 1] ?? ""), true);
    this.#say(["* SEARCH", ...found.map(({ uid }) => uid)].join(" "));
  }

  /** The mails of a set such as `3:*`; `*` is the last one, and a range may be written either way round. */
  #within(set: string, isUid: boolean): Mail[] {
    const { mails } = this.#fake;
    const last = isUid ? (mails.at(-1)?.uid ?? 0) : mails.length;
    const numberOf = (text = "") => (text === "*" ? last : Number(text));
    const ranges = set.split(",").map((range) => {
      const [from, to = from] = range.split(":");
      return [numberOf(from), numberOf(to)].sort((a, b) => a - b) as [number, number];
    });
    return mails.filter(({ uid }, index) =>
      ranges.some(([from, to]) => (isUid ? uid : index + 1) >= from && (isUid ? uid : index + 1) <= to),
    );
  }

  #fetch({ tag, name, args }: Command): void {
    const items = Array.isArray(args[1]) ? args[1] : [args[1]];
    for (const mail of this.#within(String(args[0]), name === "UID FETCH")) {
      const broken = this.#fake.untidy.breaks?.[mail.uid];
      if (broken !== undefined) return this.#break(tag, broken);
      const number = this.#fake.mails.indexOf(mail) + 1;
      this.#say(`* ${number} FETCH (${items.map((item) => itemOf(mail, String(item))).join(" ")})`);
    }
    // The numbers of mails must not change while a client speaks of them (RFC 3501, 5.5).
    if (name !== "FETCH") this.#news();
    this.#say(`${tag} OK ${name} done`);
  }

  #break(tag: string, how: Broken): void {
    if (how === "cut") this.cut();
    else if (how === "refused") this.#say(`${tag} NO that mail cannot be read`);
    else if (how === "garbled") this.#say(`* 2 FETCH (UID ((((\r\n${tag} OK done`);
  }

  #say(line: string): void {
    const { untidy } = this.#fake;
    const bytes = Buffer.from(`${line}\r\n`, "latin1");
    const literal = /FETCH .*\{\d+\}\r\n/.exec(line);
    if (untidy.cutsFetch && literal) {
      untidy.cutsFetch--;
      const cut = bytes.subarray(0, literal.index + literal[0].length + 1);
      this.#sending = this.#sending.then(() => this.#send(cut)).then(() => this.cut());
      return;
    }
    this.#sending = this.#sending.then(() => this.#send(bytes));
  }

  async #send(bytes: Buffer): Promise<void> {
    const { pieceBytes = bytes.length } = this.#fake.untidy;
    for (let at = 0; at < bytes.length && this.#socket.writable; at += pieceBytes) {
      this.#socket.write(bytes.subarray(at, at + pieceBytes));
      if (pieceBytes < bytes.length) await breath();
    }
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function itemOf({ uid, source, at, flags }: Mail, item: string): string {
  const whole = partOf(source);
  const name = item.toUpperCase();
  if (name === "UID") return `UID ${uid}`;
  if (name === "FLAGS") return `FLAGS (${[...flags].join(" ")})`;
  if (name === "RFC822.SIZE") return `RFC822.SIZE ${source.length}`;
  if (name === "ENVELOPE") return `ENVELOPE ${envelopeOf(whole)}`;
  if (name === "BODYSTRUCTURE") return `BODYSTRUCTURE ${structureOf(whole)}`;
  if (name === "INTERNALDATE") {
    const date = `${String(at.getUTCDate()).padStart(2, " ")}-${MONTHS[at.getUTCMonth()]}-${at.getUTCFullYear()}`;
    return `INTERNALDATE "${date} ${at.toISOString().slice(11, 19)} +0000"`;
  }
  const [, peek, section = "", begin, most] = /^BODY(\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?$/.exec(name) ?? [];
  if (peek === undefined) flags.add("\\Seen");
  const bytes = sectionOf(whole, section);
  const part = begin === undefined ? bytes : bytes?.slice(Number(begin), Number(begin) + Number(most));
  const origin = begin === undefined ? "" : `<${begin}>`;
  // Always a literal: that is what servers send for bodies.
  return `BODY[${section}]${origin} ${part === undefined ? "NIL" : `{${part.length}}\r\n${part}`}`;
}

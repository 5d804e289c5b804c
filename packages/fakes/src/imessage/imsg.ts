/** A fake of `imsg rpc` on a Mac: an executable for the channel's `cliPath`, over messages that the test holds. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Delivered, FakePlatform, GivenReaction, Said, SaysOptions, Trouble } from "../platform.ts";
import { until } from "../watch.ts";
import { ImsgServer } from "./imsg-server.ts";
import { Mac, type MacMessage, type MacSaysOptions, saidOf } from "./mac.ts";

/** Starts a fake Mac with `imsg`. The caller disposes it. */
export async function fakeImsg(): Promise<FakeImsg> {
  const fake = new FakeImsg();
  await fake.start();
  return fake;
}

export class FakeImsg implements FakePlatform {
  readonly channel = "imessage";
  readonly troubles = [
    "accept-then-fail",
    "refuse",
    "slow",
    "cut",
    "down",
    "up",
    "redeliver",
    "malformed",
  ] as const satisfies readonly Trouble["kind"][];
  /** Where the executable and the attachments are. */
  readonly folder = mkdtempSync(join(tmpdir(), "fake-imsg-"));
  readonly cliPath = join(this.folder, "imsg");
  readonly attachmentsRoot = join(this.folder, "Attachments");
  readonly #mac = new Mac();
  readonly #server = new ImsgServer(this.#mac, (message, index) => this.#attachmentPath(message, index));
  #lastSaid: MacMessage | undefined;

  get settings(): Readonly<Record<string, unknown>> {
    const { cliPath, attachmentsRoot } = this;
    return { backend: "imsg", cliPath, attachmentsRoot };
  }

  /** Called once, by `fakeImsg`. */
  async start(): Promise<void> {
    const port = await this.#server.listen();
    const client = fileURLToPath(new URL("./imsg-client.ts", import.meta.url));
    mkdirSync(this.attachmentsRoot);
    writeFileSync(this.cliPath, `#!/bin/sh\nexec "${process.execPath}" "${client}" ${port} "$@"\n`, { mode: 0o700 });
  }

  get isLinked(): boolean {
    return this.#server.isWatched;
  }

  async linked(): Promise<void> {
    await until(this, "a gateway that watches", () => this.isLinked);
  }

  /** The calls of all children, oldest first. */
  get calls(): ImsgServer["calls"] {
    return this.#server.calls;
  }

  idOf(who: string | { readonly group: string }): string {
    return typeof who === "string" ? this.#mac.handle(who) : this.#mac.group(who.group).guid;
  }

  async says(text: string, options: MacSaysOptions = {}): Promise<Said> {
    const message = this.#mac.says(text, options);
    for (const index of message.files.keys()) this.#attachmentPath(message, index);
    this.#lastSaid = message;
    this.#server.pump();
    return saidOf(message);
  }

  /** The owner writes to somebody, on another device. */
  async ownerSays(text: string, to: string): Promise<Said> {
    const chat = this.#mac.directChat(this.#mac.handle(to));
    const message = this.#mac.add({ chat, sender: undefined, text });
    this.#server.pump();
    return saidOf(message);
  }

  async reacts(messageId: string, emoji: string, options: Pick<SaysOptions, "from" | "in"> = {}): Promise<void> {
    this.#mac.tapback(messageId, emoji, this.#mac.handle(options.from ?? "alice"));
    this.#server.pump();
  }

  /** Takes a permission away, or gives all back. */
  permits(what: "everything" | "no-full-disk-access" | "no-automation"): void {
    this.#server.complaint =
      what === "no-full-disk-access"
        ? "Error: permissionDenied: authorization denied (code: 23) reading ~/Library/Messages/chat.db; grant Full Disk Access"
        : undefined;
    this.#server.sendComplaint =
      what === "no-automation"
        ? "AppleScript error: Not authorized to send Apple events to Messages. (-1743)"
        : undefined;
    if (this.#server.complaint) this.#server.crash(this.#server.complaint);
  }

  /** Whether sends are told to the watch; older systems are slow with it. */
  echoes(isEchoing: boolean): void {
    this.#server.isEchoing = isEchoing;
  }

  get delivered(): readonly Delivered[] {
    return this.#mac.delivered;
  }

  get reactions(): readonly GivenReaction[] {
    return this.#mac.reactions;
  }

  /** The base build of `imsg` does not show typing. */
  readonly typingIn: readonly string[] = [];
  readonly typingCount = 0;

  onChange(listener: () => void): Disposable {
    return this.#mac.changes.on(listener);
  }

  /** The account is removed from the group that has this name. Nothing tells of it but the sends that fail. */
  expels(group: string): void {
    this.#mac.left.add(group);
  }

  async trouble(trouble: Trouble): Promise<void> {
    switch (trouble.kind) {
      case "accept-then-fail":
      case "refuse":
      case "slow":
        return this.#server.troubles.order(trouble);
      case "cut":
        return this.#server.crash();
      case "down":
        this.#server.complaint = "Error: the Mac is restarting";
        return this.#server.crash(this.#server.complaint);
      case "up":
        this.#server.complaint = undefined;
        return;
      case "redeliver":
        if (this.#lastSaid) this.#server.repeat(this.#lastSaid);
        return;
      case "malformed":
        return this.#malformed();
      default:
        throw new Error(`the fake of imsg makes no trouble of kind ${trouble.kind}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #malformed(): void {
    const said = (message: unknown) =>
      `${JSON.stringify({ jsonrpc: "2.0", method: "message", params: { message } })}\n`;
    const lines = [
      "this is not JSON\n",
      '{"jsonrpc":"2.0","method":"weather","params":{}}\n',
      said({ id: "seven", text: 5 }),
      said({ id: this.#mac.messages.length, guid: "MALFORMED", chat_guid: "iMessage;-;+15550100", sender: 5 }),
    ];
    for (const text of lines) this.#server.say({ kind: "out", text });
  }

  /** Where Messages keeps a file; it is written there when it is first asked for. */
  #attachmentPath(message: MacMessage, index: number): string {
    const file = message.files[index];
    const path = join(this.attachmentsRoot, message.guid, String(index), file?.fileName ?? "file");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file?.bytes ?? new Uint8Array());
    return path;
  }
}

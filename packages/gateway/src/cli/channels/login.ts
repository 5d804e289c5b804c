/** Linking an account from a terminal: shows the QR code or the code to type, renewed in place, until it is linked. */

import type { WebLoginWaitResult } from "@moltbot/protocol";
import { defined } from "../../base/defined.ts";
import { CliError } from "../language/exit.ts";
import type { Link } from "../reach/connect.ts";
import type { Output } from "../terminal/output.ts";
import { printable } from "../terminal/render.ts";
import { bigLetters } from "./big-letters.ts";
import { type ChannelMeta, linksByPhone } from "./known.ts";
import { drawQr } from "./qr.ts";

/** What to link, and how. */
export interface LoginRequest {
  readonly meta: ChannelMeta;
  readonly accountId: string | undefined;
  readonly phoneNumber?: string | undefined;
  readonly force?: boolean | undefined;
  /** Prints each step as one line of JSON. */
  readonly isJson?: boolean | undefined;
}

type Step = Omit<WebLoginWaitResult, "connected"> & { readonly connected?: boolean };

const START_MS = 40_000;
const WAIT_MS = 25_000;

/** Resolves when the account is linked. Throws `CliError` with the gateway's reason when it is not. */
export async function link(connection: Link, request: LoginRequest, out: Output): Promise<void> {
  const { client } = connection;
  const { meta, accountId, phoneNumber, force } = request;
  const which = { channel: meta.id, ...defined({ accountId }) };
  const asked = client.request(
    "web.login.start",
    { ...which, ...defined({ phoneNumber }), ...(force && { force }) },
    { timeoutMs: START_MS },
  );
  let step: Step = await out.during(`Asking ${meta.label}`, asked);
  if (step.connected && !request.isJson) {
    const again = `\`moltbot channels login ${meta.id} --force\` ends that session and links it anew`;
    return out.print(`${out.style.green("●")} ${meta.label} is linked already; ${again}.`);
  }
  using screen = new Screen(request, out);
  while (!step.connected) {
    await screen.show(step);
    const showedNothing = step.qrDataUrl === undefined && step.code === undefined;
    const startedAt = performance.now();
    const { qrDataUrl } = step;
    const params = { ...which, timeoutMs: WAIT_MS, ...defined({ currentQrDataUrl: qrDataUrl }) };
    step = await client.request("web.login.wait", params, { timeoutMs: WAIT_MS + 10_000 });
    // The gateway answers early when there is a newer code, or an end. An early answer without a code is an end, unless a
    // code was shown: then it may be a step in between ("scanned, one moment"), and asking again tells.
    const isEarly = performance.now() - startedAt < WAIT_MS - 1_000;
    const isOver = showedNothing && isEarly && step.qrDataUrl === undefined && step.code === undefined;
    if (isOver && !step.connected) {
      screen.clear();
      throw new CliError(printable(step.message));
    }
  }
  await screen.show(step);
}

/** Where the steps are drawn. On a terminal a newer one takes the older one's place. */
class Screen implements Disposable {
  readonly #request: LoginRequest;
  readonly #out: Output;
  readonly #isLive: boolean;
  #drawn: Step | undefined;
  #lines = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: LoginRequest, out: Output) {
    this.#request = request;
    this.#out = out;
    this.#isLive = out.isTerminal && !request.isJson;
  }

  async show(step: Step): Promise<void> {
    const isSame =
      this.#drawn?.qrText === step.qrText && this.#drawn?.code === step.code && this.#drawn?.message === step.message;
    if (this.#drawn && isSame) return;
    this.#drawn = step;
    if (this.#request.isJson) return this.#out.print(JSON.stringify(step));
    const text = await this.#textOf(step);
    this.clear();
    this.#out.print(text);
    this.#lines = text.split("\n").length;
    if (this.#isLive && step.expiresAt !== undefined) this.#countDown(step.expiresAt);
  }

  /** Takes away what is drawn. What was higher than the terminal has scrolled out of reach: the whole screen goes. */
  clear(): void {
    clearInterval(this.#timer);
    if (!this.#isLive || this.#lines === 0) return;
    const isAllThere = this.#lines < (process.stdout.rows || 24);
    process.stdout.write(isAllThere ? `\x1b[${this.#lines}A\r\x1b[J` : "\x1b[H\x1b[2J");
    this.#lines = 0;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #textOf(step: Step): Promise<string> {
    const { style, width } = this.#out;
    const message = printable(step.message);
    if (step.connected) return `${style.green("●")} ${message}`;
    if (step.code !== undefined) return `\n${style.bold(bigLetters(step.code))}\n\n${message}`;
    if (step.qrText === undefined) return style.dim(message);
    const qr = await drawQr(step.qrText, { colour: style.bold("x") !== "x" });
    const byCode = `moltbot channels login ${this.#request.meta.id} --phone +1555…`;
    const howElse = linksByPhone(this.#request.meta) ? `, or link by a code: ${byCode}` : "";
    if (this.#isLive && qr.width > width)
      return style.yellow(
        `The QR code needs ${qr.width} columns and this terminal has ${width}. Make it wider${howElse}.`,
      );
    return `${qr.text}\n${message}${howElse === "" ? "" : `\n${style.dim(`Or link by a code: ${byCode}`)}`}`;
  }

  /** A line under the code that says how long it is good; the cursor stays where the next line would begin. */
  #countDown(expiresAt: number): void {
    const tell = () => {
      const seconds = Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
      const text = seconds > 0 ? `A new code comes in ${seconds} s. Ctrl-C stops.` : "A new code comes…";
      process.stdout.write(`\r\x1b[K${this.#out.style.dim(text)}\r`);
    };
    tell();
    this.#timer = setInterval(tell, 1_000);
  }
}

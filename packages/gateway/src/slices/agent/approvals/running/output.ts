/** Keeps the output of a command: its beginning and its end, whatever comes in between. */

const HEAD_BYTES = 12_000;
const TAIL_BYTES = 14_000;

export class Output {
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #total = 0;

  /** Everything written so far, bytes. */
  get total(): number {
    return this.#total;
  }

  push(chunk: Buffer): void {
    this.#total += chunk.length;
    const forHead = chunk.subarray(0, HEAD_BYTES - this.#headBytes);
    if (forHead.length > 0) {
      this.#head.push(Buffer.from(forHead));
      this.#headBytes += forHead.length;
    }
    const rest = chunk.subarray(forHead.length);
    if (rest.length === 0) return;
    this.#tail.push(Buffer.from(rest.subarray(-TAIL_BYTES)));
    this.#tailBytes += this.#tail.at(-1)!.length;
    if (this.#tailBytes > 4 * TAIL_BYTES) this.#trim();
  }

  /** The text for people and models. It says what was left out, and control characters are escaped. */
  text(): string {
    this.#trim();
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    const left = this.#total - head.length - tail.length;
    if (left === 0) return readable(Buffer.concat([head, tail]).toString("utf8"));
    const [before, after] = [head, tail].map((bytes) => readable(bytes.toString("utf8")));
    return `${before}\n[… ${left} bytes left out …]\n${after}`;
  }

  /** The end of the output, for watchers. */
  recent(chars: number): string {
    const last = this.#tail.length > 0 ? this.#tail : this.#head;
    return readable(Buffer.concat(last.slice(-8)).toString("utf8")).slice(-chars);
  }

  #trim(): void {
    if (this.#tailBytes <= TAIL_BYTES) return;
    const all = Buffer.concat(this.#tail);
    this.#tail = [Buffer.from(all.subarray(-TAIL_BYTES))];
    this.#tailBytes = TAIL_BYTES;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what terminals obey
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: all but tab and line break
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

function readable(text: string): string {
  return text.replace(SEQUENCES, "").replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

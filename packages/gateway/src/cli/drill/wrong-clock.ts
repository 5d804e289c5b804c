/** A clock that is wrong, for one process: its dates are shifted, its timers and its monotonic time are not. */
import { writeFileSync } from "node:fs";

/** Reads the shift from a file, at the start and whenever the process gets SIGUSR2. */
const PROGRAM = `
import { readFileSync } from "node:fs";
const Right = Date;
let shiftMs = 0;
const read = () => { shiftMs = Number(readFileSync(process.env.DRILL_CLOCK_FILE, "utf8")); };
read();
process.on("SIGUSR2", read);
globalThis.Date = new Proxy(Right, {
  construct: (target, args, made) => Reflect.construct(target, args.length === 0 ? [Right.now() + shiftMs] : args, made),
  apply: () => new Right(Right.now() + shiftMs).toString(),
  get: (target, name) => name === "now" ? () => Right.now() + shiftMs : Reflect.get(target, name),
});
`;

export class WrongClock {
  readonly #path: string;

  /** The shift is kept at `path`. */
  constructor(path: string, shiftMs = 0) {
    this.#path = path;
    this.shift(shiftMs);
  }

  /** What the process loads first. */
  get preload(): string {
    return `data:text/javascript,${encodeURIComponent(PROGRAM)}`;
  }

  get env(): Readonly<Record<string, string>> {
    return { DRILL_CLOCK_FILE: this.#path };
  }

  /** How far the clock is ahead from the next start or signal on, ms; negative when it is behind. */
  shift(ms: number): void {
    writeFileSync(this.#path, String(ms));
  }
}

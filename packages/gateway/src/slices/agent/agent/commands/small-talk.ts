/** What the built-in agent can answer without a model beside its commands: a greeting, thanks, and a sum. */

const GREETING = /^(?:hi|hello|hey|hallo|servus|moin|good (?:morning|afternoon|evening|day)|bonjour|hola|ciao)\b/i;
const THANKS = /^(?:thanks|thank you|thx|danke|merci|gracias)\b/i;
/** Longer texts than these only begin with a greeting. */
const MAX_GREETING_CHARS = 40;
const MAX_SUM_CHARS = 200;

/** An answer in a sentence, or undefined when the message is none of these. */
export function smallTalk(message: string): string | undefined {
  const said = message.trim();
  const sum = sumIn(said);
  if (sum !== undefined) return sum;
  if (isGreeting(said)) return "Hello! What can I do for you?";
  return said.length <= MAX_GREETING_CHARS && THANKS.test(said) ? "You are welcome." : undefined;
}

/** Whether a message greets and says nothing else. */
export function isGreeting(message: string): boolean {
  const said = message.trim();
  return said.length <= MAX_GREETING_CHARS && GREETING.test(said);
}

/** "17 × 23 = 391" for a message that is a sum and nothing else; undefined for any other. */
function sumIn(message: string): string | undefined {
  if (message.length > MAX_SUM_CHARS || /^\d+-\d+-\d+$|^\d{1,2}[:.]\d{2}$/.test(message)) return undefined; // a date, a time
  const asked = message
    .replace(/^(?:what(?:'|’)?s|what is|how much is|calculate|compute|was ist|wie viel ist)\s+/i, "")
    .replace(/\s*(?:=|\?|!|\.)*\s*$/, "");
  const text = asked
    .replace(/\btimes\b|\bx\b|[×·]/gi, "*")
    .replace(/\bplus\b/gi, "+")
    .replace(/\bminus\b|[−–]/gi, "-")
    .replace(/\bdivided by\b|[÷:]/gi, "/")
    .replace(/\s+/g, "");
  if (!/^[\d.+\-*/()]+$/.test(text) || !/\d[+\-*/(]/.test(text.slice(0, -1))) return undefined;
  const value = new Sum(text).value();
  if (value === undefined) return undefined;
  const shown = text
    .replaceAll("*", " × ")
    .replaceAll("/", " ÷ ")
    .replace(/(?<=[\d)])([+-])/g, " $1 ");
  return Number.isFinite(value) ? `${shown} = ${plain(value)}` : `${shown}: that cannot be divided.`;
}

/** Without the noise of binary fractions. */
function plain(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** A sum of numbers with + - * / and parentheses. */
class Sum {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Undefined when the text is no whole sum. */
  value(): number | undefined {
    const value = this.#terms();
    return this.#at === this.#text.length ? value : undefined;
  }

  #terms(): number | undefined {
    let value = this.#factors();
    for (let sign = this.#take("+-"); sign !== undefined && value !== undefined; sign = this.#take("+-")) {
      const next = this.#factors();
      value = next === undefined ? undefined : sign === "+" ? value + next : value - next;
    }
    return value;
  }

  #factors(): number | undefined {
    let value = this.#number();
    for (let sign = this.#take("*/"); sign !== undefined && value !== undefined; sign = this.#take("*/")) {
      const next = this.#number();
      value = next === undefined ? undefined : sign === "*" ? value * next : value / next;
    }
    return value;
  }

  #number(): number | undefined {
    if (this.#take("-") !== undefined) {
      const value = this.#number();
      return value === undefined ? undefined : -value;
    }
    if (this.#take("(") !== undefined) {
      const value = this.#terms();
      return this.#take(")") === undefined ? undefined : value;
    }
    const digits = /^\d+(?:\.\d+)?/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined) return undefined;
    this.#at += digits.length;
    return Number(digits);
  }

  #take(among: string): string | undefined {
    const sign = this.#text[this.#at];
    if (sign === undefined || !among.includes(sign)) return undefined;
    this.#at++;
    return sign;
  }
}

/** Tokens, money and times as people read them. */

/** Tokens, short: "950", "12.3k", "1.2M". */
export function tokensText(count: number): string {
  if (count < 1_000) return String(count);
  const [value, unit] = count < 999_500 ? [count / 1_000, "k"] : [count / 1_000_000, "M"];
  return `${value < 100 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)}${unit}`;
}

/** Dollars, with as many digits as tell something: "$0.0042", "$1.27". */
export function moneyText(dollars: number): string {
  if (dollars === 0) return "$0";
  return `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
}

/** How long it takes, in hours and minutes. */
export function waitText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A whole number with its thousands apart: "1,000,000". */
export function countText(count: number): string {
  return new Intl.NumberFormat("en").format(count);
}

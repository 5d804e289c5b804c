/** How many tokens a text takes, roughly. Every estimate counts by this, so that all agree on what a text weighs. */

/**
 * Chinese, Japanese and Korean characters, which take about one token each, and characters of two UTF-16 units, such as
 * emoji.
 */
const WIDE =
  /[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]|[\ud800-\udbff][\udc00-\udfff]/g;

/** Tokens of a text, where a token of a script of letters has `charsPerToken` characters. */
export function tokensIn(text: string, charsPerToken: number): number {
  // Most texts have no wide characters; count them only where there are some.
  const wide = text.match(WIDE);
  if (!wide) return text.length / charsPerToken;
  const units = wide.reduce((sum, char) => sum + char.length, 0);
  return wide.length + (text.length - units) / charsPerToken;
}

/** Whether a secret can be guessed. */

const WEAK_CHARS = 16;
const FEW_KINDS = 8;

export function isGuessable(secret: string): boolean {
  return secret.length < WEAK_CHARS || new Set(secret).size < FEW_KINDS;
}

/** Says a word of the protocol as people say it; one that only a newer gateway knows is shown as it came. */
export function wordFor<K extends string>(words: Readonly<Record<K, string>>, word: K): string {
  return Object.hasOwn(words, word) ? words[word] : word;
}

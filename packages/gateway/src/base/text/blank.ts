/** Whether a text is empty or only white space. Unlike `trim`, it makes no copy: histories are looked at in every run. */
export function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

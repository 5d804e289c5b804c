/** Voice messages of Messages. */

/** Whether Messages itself made the file: it records in Apple's format, and gives all recordings this name. */
export function isRecording(uti: unknown, name: unknown): boolean {
  return uti === "com.apple.coreaudio-format" && typeof name === "string" && /^Audio Message\b/.test(name);
}

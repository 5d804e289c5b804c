/** The names under which apps of three brands look for the page, and the page for apps. */
export const BRANDS = ["clawdbot", "moltbot", "openclaw"] as const;

/** What the global object may hold, by name. */
export const GLOBAL = globalThis as unknown as Record<string, unknown>;

/** "clawdbot" as it begins names of classes: "Clawdbot". */
export function capital(brand: string): string {
  return brand[0]?.toUpperCase() + brand.slice(1);
}

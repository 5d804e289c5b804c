/** Flags of the commands that keep something running as a service. They load nothing. */

/** Flags that say whose service is meant. */
export const scopeFlag = {
  system: { kind: "switch", summary: "The service of the whole system (Linux, as root)" },
} as const;

/** Flags of an installation. */
export const installFlags = {
  ...scopeFlag,
  user: { kind: "text", value: "NAME", summary: "With --system: the account that it runs as" },
  replace: { kind: "switch", summary: "Stop and remove services of older installations" },
  yes: { kind: "switch", short: "y", summary: "Do not ask" },
} as const;

/** Flags of a restart of the gateway. */
export const restartFlags = {
  ...scopeFlag,
  "in-place": { kind: "switch", summary: "Keep the process, and with it the port: no client is turned away" },
} as const;

/** Flags of waiting for the gateway. */
export const readyFlags = {
  wait: { kind: "number", value: "SECONDS", summary: "How long to wait (30)" },
} as const;

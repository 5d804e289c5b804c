/** Drops an error on purpose; `why` says what makes that safe. */
export function ignore(_error: unknown, _why: string): void {}

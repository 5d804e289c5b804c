export const config = undefined as never;

export const models = undefined as never;

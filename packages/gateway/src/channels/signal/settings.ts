/** What the config says of an account, as `channel.ts` describes it. */
export type Settings = {
  readonly account?: string;
  readonly httpUrl?: string;
  readonly cliPath?: string;
  readonly readReceipts?: boolean;
};

/** Parameters that several methods take. */

import { Type } from "@sinclair/typebox";

export const Name = Type.Optional(Type.String({ maxLength: 128 }));

export const Target = Type.String({
  minLength: 1,
  maxLength: 512,
  description: "A person or chat as the channel writes them: +15550100, @name, a chat id.",
});

export const Account = { channel: Name, accountId: Name };

export const ChannelId = Type.String({ minLength: 1, maxLength: 64 });

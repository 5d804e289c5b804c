/** The label of a conversation, as methods take it. */

import { Type } from "@sinclair/typebox";

export const Label = Type.String({ minLength: 1, maxLength: 64 });

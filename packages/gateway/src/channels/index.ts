/** The channels there are: one line each. */
import type { ChannelDefinition } from "../kit/channel.ts";
import { discord } from "./discord/channel.ts";
import { signal } from "./signal/channel.ts";
import { telegram } from "./telegram/channel.ts";
import { whatsapp } from "./whatsapp/channel.ts";

export const CHANNELS: readonly ChannelDefinition[] = [telegram, discord, whatsapp, signal];

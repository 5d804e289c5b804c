/** The channels there are: one line each. */
import type { ChannelDefinition } from "../kit/channel.ts";
import { discord } from "./discord/channel.ts";
import { imessage } from "./imessage/channel.ts";
import { signal } from "./signal/channel.ts";
import { slack } from "./slack/channel.ts";
import { telegram } from "./telegram/channel.ts";
import { whatsapp } from "./whatsapp/channel.ts";

export const CHANNELS: readonly ChannelDefinition[] = [telegram, discord, imessage, slack, whatsapp, signal];

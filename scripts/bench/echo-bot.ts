/** The floor of a message and its reply: a bot on the platform's own SDK that says back what follows `/echo`, and no more. */
import { Client, GatewayDispatchEvents } from "@discordjs/core";
import { REST } from "@discordjs/rest";
import { WebSocketManager } from "@discordjs/ws";
import { Bot } from "grammy";

interface Settings {
  readonly botToken: string;
  readonly apiRoot: string;
  readonly token: string;
  readonly apiUrl: string;
}

const BOTS: Readonly<Record<string, (settings: Settings) => Promise<void>>> = {
  async telegram({ botToken, apiRoot }) {
    const bot = new Bot(botToken, { client: { apiRoot } });
    bot.command("echo", (message) => message.reply(message.match));
    await bot.start();
  },
  async discord({ token, apiUrl }) {
    const rest = new REST({ version: "10", api: apiUrl }).setToken(token);
    const gateway = new WebSocketManager({ token, intents: (1 << 9) | (1 << 12) | (1 << 15), rest });
    const client = new Client({ rest, gateway });
    client.on(GatewayDispatchEvents.MessageCreate, async ({ api, data: { channel_id: chat, content } }) => {
      if (content.startsWith("/echo ")) await api.channels.createMessage(chat, { content: content.slice(6) });
    });
    await gateway.connect();
  },
};

const [channel = "", settings = "{}"] = process.argv.slice(2);
await BOTS[channel]!(JSON.parse(settings) as Settings);

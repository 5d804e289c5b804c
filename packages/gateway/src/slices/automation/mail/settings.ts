/** The `mail` section: mailboxes whose new mail an agent is told. */
import { type Static, Type } from "@sinclair/typebox";
import { OneOf, SecretText } from "../../../kit/schema/schema.ts";
import { defineSettings } from "../../../kit/settings.ts";

const Text = (description: string, maxLength = 256) => Type.String({ minLength: 1, maxLength, description });

const Account = Type.Object({
  host: Text("The IMAP server."),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: "993 with tls, else 143." })),
  security: Type.Optional({
    ...OneOf("tls", "starttls", "none"),
    description: "How the connection is protected: tls by default. none is for servers on this machine only.",
  }),
  user: Text("The name to sign in with."),
  password: Type.Optional({
    ...SecretText,
    description: "Or MOLTBOT_MAIL_PASSWORD, or for one of several MOLTBOT_MAIL_PASSWORD_NAME, in the environment.",
  }),
  mailbox: Type.Optional(Text("The folder that is watched; INBOX by default.")),
  enabled: Type.Optional(Type.Boolean({ description: "Whether it is watched; it is by default." })),
  agentId: Type.Optional(Text("Which agent is told; the default one by default.", 64)),
  instructions: Type.Optional(Text("What the agent does with a mail, in your words.", 20_000)),
  deliver: Type.Optional(
    Type.Boolean({ description: "Whether its answer is sent to where the agent was last spoken to." }),
  ),
  wakeMode: Type.Optional({
    ...OneOf("now", "next-heartbeat"),
    description: "When the main conversation reads the agent's answer to a mail: next-heartbeat by default.",
  }),
  tools: Type.Optional(
    Type.Array(Text("A name of a tool.", 128), {
      maxItems: 100,
      description: "Which of your tools it may use then; none by default. Anybody may write a mail: choose with care.",
    }),
  ),
  from: Type.Optional(
    Type.Array(Text("An address, or *@example.org."), {
      maxItems: 1_000,
      description: "Only mails that say they are from one of these; addresses can be forged.",
    }),
  ),
});
export type MailAccountSettings = Static<typeof Account>;

const Mail = Type.Object({
  accounts: Type.Record(Type.String({ pattern: "^[a-z0-9][a-z0-9_-]{0,31}$" }), Account, {
    default: {},
    description: "Mailboxes by the names that you give them.",
  }),
  maxBodyChars: Type.Integer({
    default: 20_000,
    minimum: 100,
    maximum: 100_000,
    description: "How much of a mail's text the agent is told.",
  }),
  maxPerHour: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 10_000,
    description: "How many mails of each mailbox the agent is told in an hour; others wait.",
  }),
});
export type MailSettings = Static<typeof Mail>;

export const mail = defineSettings({
  path: "mail",
  summary: "Mailboxes whose new mail an agent is told.",
  reload: "live",
  schema: Mail,
});

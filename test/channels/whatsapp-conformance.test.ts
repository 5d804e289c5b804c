import { fakeWhatsApp } from "@moltbot/fakes";
import { conformance } from "./conformance.ts";

await conformance({ channel: "whatsapp", start: fakeWhatsApp, backlog: 40 });

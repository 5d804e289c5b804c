// Starts the page: colours, store, screen.

import "./chat/app.ts";
import { keepFocus } from "./chat/keep-focus.ts";
import { fetchMarkdown } from "./chat/lazy-markdown.ts";
import { Store } from "./store/store.ts";
import { VIEWS } from "./views.ts";
import { startWorker } from "./visit/notify.ts";
import { applyTheme } from "./visit/theme.ts";
import { startLanguage } from "./words/language.ts";

applyTheme();
const store = new Store(VIEWS);
void store.start();
if (store.state.view === "chat") void fetchMarkdown();
else for (const each of document.querySelectorAll<HTMLLinkElement>('link[rel="later"]')) each.rel = "modulepreload";
// Nothing waits for it here: a catalogue may ask this script for something, which would then wait for the catalogue.
void startLanguage().then(() => {
  document.body.append(Object.assign(document.createElement("moltbot-app"), { store }));
});
startWorker();
keepFocus();

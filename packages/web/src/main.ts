// Starts the page: colours, store, screen.

import "./chat/app.ts";
import { keepFocus } from "./chat/keep-focus.ts";
import { fetchMarkdown } from "./chat/later-markdown.ts";
import { startWorker } from "./notify.ts";
import { Store } from "./store.ts";
import { applyTheme } from "./theme.ts";
import { VIEWS } from "./views.ts";
import { startLanguage } from "./words/language.ts";

applyTheme();
const store = new Store(VIEWS);
void store.start();
if (store.state.view === "chat") void fetchMarkdown();
void startLanguage().then(() => {
  document.body.append(Object.assign(document.createElement("moltbot-app"), { store }));
  startWorker();
  keepFocus();
});

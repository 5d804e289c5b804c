// Starts the page that makes this browser a node: colours, state, screen.

import { applyTheme } from "../visit/theme.ts";
import { startLanguage } from "../words/language.ts";
import "./app.ts";

applyTheme();
void startLanguage().then(() => document.body.append(document.createElement("moltbot-node")));

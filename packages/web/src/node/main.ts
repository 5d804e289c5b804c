// Starts the page that makes this browser a node: colours, state, screen.

import { applyTheme } from "../theme.ts";
import "./app.ts";

applyTheme();
document.body.append(document.createElement("moltbot-node"));

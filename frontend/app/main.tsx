import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Disk } from "./local/disk";
import { Session } from "./session/session";
import { Updates } from "./shell/updates";
import { Connection } from "./sync/connection";
import { watchPresses } from "./sync/press";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/tasks.css";
import "./styles/order.css";
import "./styles/overlays.css";
import { language } from "./text";
import "./styles/touch.css"; // the last: it is stronger

document.documentElement.lang = language;

watchPresses();
const connection = new Connection();
connection.watchBrowser();
const disk = new Disk();
const session = new Session(connection, disk);
void session.begin();
const updates = new Updates();
if (import.meta.env.PROD) void updates.begin();

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App session={session} connection={connection} disk={disk} updates={updates} />
  </StrictMode>,
);

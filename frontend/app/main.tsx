import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Session } from "./session/session";
import { Connection } from "./sync/connection";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/tasks.css";
import "./styles/overlays.css";

const connection = new Connection();
connection.watchBrowser();
const session = new Session(connection);
void session.refresh();

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App session={session} connection={connection} />
  </StrictMode>,
);

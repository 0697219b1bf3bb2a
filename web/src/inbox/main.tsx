import "../styles/index.css";
import "./inbox.css";
import "./ticket.css";

import { render } from "preact";

import { DeskContext } from "../chat/context";
import { App } from "./App";
import { deskOf, InboxContext } from "./context";
import { Inbox } from "./inbox";

const inbox = new Inbox();
addEventListener("hashchange", () => inbox.moved());

const root = document.querySelector("#app");
if (root) {
  render(
    <InboxContext.Provider value={inbox}>
      <DeskContext.Provider value={deskOf(inbox)}>
        <App />
      </DeskContext.Provider>
    </InboxContext.Provider>,
    root,
  );
}
void inbox.start();

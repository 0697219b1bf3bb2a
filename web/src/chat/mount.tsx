import "../styles/index.css";

import { render } from "preact";

import { App } from "./App";
import { DeskContext } from "./context";
import type { Desk } from "./desk";

/** Show the desk, let it hear what the browser tells, and begin. */
export function mount(desk: Desk): void {
  addEventListener("hashchange", () => void desk.goTo());
  addEventListener("online", () => desk.setOnline(true));
  addEventListener("offline", () => desk.setOnline(false));
  document.addEventListener("visibilitychange", () => desk.setVisible(document.visibilityState === "visible"));
  const root = document.querySelector("#app");
  if (!root) return;
  render(
    <DeskContext.Provider value={desk}>
      <App />
    </DeskContext.Provider>,
    root,
  );
  void desk.start();
}

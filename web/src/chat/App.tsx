import { useEffect } from "preact/hooks";

import { useNarrow } from "../look/narrow";
import { SourcePanel } from "../source/SourcePanel";
import { Thread } from "../thread/Thread";
import { Composer } from "./Composer";
import { useDesk, useStrings } from "./context";
import { Dialogs } from "./Dialogs";
import { Header } from "./Header";
import { Notices } from "./Notices";
import { Sidebar } from "./Sidebar";
import { Welcome } from "./Welcome";

/** The whole page: conversations, the open one, and the source beside it. */
export function App() {
  const desk = useDesk();
  const strings = useStrings();
  const narrow = useNarrow("(max-width: 820px)");
  const covering = useNarrow("(max-width: 1100px)");
  const source = desk.source.value;
  const listOver = narrow && desk.listShown.value;
  const sourceOver = covering && source !== null;

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || desk.dialog.value) return;
      if (desk.listShown.value) desk.listShown.value = false;
      else if (desk.source.value) desk.closeSource();
      else desk.embedding?.close();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  useEffect(() => {
    if (listOver) document.querySelector<HTMLElement>("#conversations button")?.focus();
    return () => {
      if (listOver && !desk.source.value) document.querySelector<HTMLElement>("[aria-controls=conversations]")?.focus();
    };
  }, [listOver]);
  return (
    <div class={`page ${source ? "with-source" : ""}`}>
      <a class="skip" href="#message" onClick={toField}>
        {strings.skip}
      </a>
      <Sidebar covered={sourceOver || (narrow && !desk.listShown.value)} />
      {listOver && <div class="veil" onClick={() => (desk.listShown.value = false)} />}
      <main class="chat" inert={listOver || sourceOver}>
        <Header />
        <Center />
      </main>
      {sourceOver && <div class="veil" onClick={() => desk.closeSource()} />}
      {source && <SourcePanel message={source.message} number={source.number} covering={covering} />}
      <Dialogs />
      <p class="unseen" role="status" aria-live="polite">
        {desk.said.value}
      </p>
    </div>
  );
}

function Center() {
  const desk = useDesk();
  const strings = useStrings();
  const open = desk.open;
  const failure = desk.failure.value;
  const begun = open.messages.value.length > 0 || open.unsent.value !== null || open.failure.value !== null;
  if (failure && !desk.ready.value) {
    return (
      <div class="welcome" role="alert">
        <h1>{strings.unreachable}</h1>
        <p class="tagline">{failure.offline ? strings.unreachableMore : `${failure.message} ${failure.hint}`}</p>
        <button type="button" class="button main" onClick={() => void desk.start()}>
          {strings.tryAgain}
        </button>
      </div>
    );
  }
  if (desk.missing.value) {
    return (
      <div class="welcome">
        <h1>{strings.gone}</h1>
        <button type="button" class="button main" onClick={() => desk.startNew()}>
          {strings.startNew}
        </button>
      </div>
    );
  }
  const opening = open.id.value !== null && !open.loaded.value;
  return (
    <>
      {begun || opening || open.state.value !== "bot" ? (
        <Thread />
      ) : (
        <div class="scroller">
          <Welcome />
        </div>
      )}
      <div class="bottom">
        <div>
          <Notices />
          {open.state.value === "closed" ? (
            <p class="closed">
              {strings.closed}{" "}
              <button type="button" class="button" onClick={() => desk.startNew()}>
                {strings.startNew}
              </button>
            </p>
          ) : (
            <Composer />
          )}
          <p class="disclaimer">{strings.disclaimer}</p>
        </div>
      </div>
    </>
  );
}

function toField(event: MouseEvent): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#message")?.focus();
}

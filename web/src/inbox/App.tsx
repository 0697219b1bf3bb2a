import { useEffect } from "preact/hooks";

import { useNarrow } from "../look/narrow";
import { SourcePanel } from "../source/SourcePanel";
import { useInbox, useWords } from "./context";
import { Proposals } from "./Proposals";
import { SignIn } from "./SignIn";
import { Tickets } from "./Tickets";
import { TicketView } from "./TicketView";

/** The whole inbox: the tickets, the one that is chosen or what is proposed, and the source beside it. */
export function App() {
  const inbox = useInbox();
  const words = useWords();
  const narrow = useNarrow("(max-width: 820px)");
  const covering = useNarrow("(max-width: 1100px)");
  const source = inbox.source.value;
  const sourceOver = covering && source !== null;
  const inside = inbox.chosen.value !== null || inbox.view.value === "knowledge";

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape" && inbox.source.value && !event.defaultPrevented) inbox.closeSource();
      const written = (event.target as HTMLElement).closest("input, textarea, select");
      if (written || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "j") inbox.step(1);
      if (event.key === "k") inbox.step(-1);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  if (inbox.signedIn.value === null) return <p class="unseen">{inbox.strings.value.loading}</p>;
  if (!inbox.signedIn.value) return <SignIn />;
  return (
    <div class={`page inbox ${source ? "with-source" : ""} ${inside ? "chosen" : ""}`}>
      <Tickets covered={sourceOver || (narrow && inside)} />
      <main class="chat" inert={sourceOver || (narrow && !inside)}>
        {inbox.view.value === "knowledge" ? <Proposals /> : <Center />}
      </main>
      {sourceOver && <div class="veil" onClick={() => inbox.closeSource()} />}
      {source && <SourcePanel message={source.message} number={source.number} covering={covering} />}
      <p class="unseen" role="status" aria-live="polite">
        {inbox.said.value}
      </p>
      {!inbox.connected.value && (
        <p class="lost" role="status">
          {words.lost}
        </p>
      )}
    </div>
  );
}

function Center() {
  const inbox = useInbox();
  const words = useWords();
  const detail = inbox.detail.value;
  if (detail) return <TicketView key={detail.ticket.id} detail={detail} />;
  return (
    <div class="nothing">
      <h1>{words.choose}</h1>
      <p>{words.chooseMore}</p>
    </div>
  );
}

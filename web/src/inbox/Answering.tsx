import { useEffect, useRef, useState } from "preact/hooks";

import { newId } from "../chat/conversation";
import { useGrowing } from "../look/growing";
import { Icon } from "../look/Icon";
import type { Ticket } from "./contract";
import { useInbox, useWords } from "./context";

/** Where whoever has the ticket answers; others may take it. */
export function Answering({ ticket }: { ticket: Ticket }) {
  const inbox = useInbox();
  const words = useWords();
  if (ticket.ended) return <p class="closed">{words.states[ticket.state]}</p>;
  if (inbox.closing.value) return <Closing ticket={ticket} />;
  const free = ticket.state !== "human";
  return (
    <>
      {ticket.mine && ticket.state === "human" && <Composer />}
      <div class="steps-of-ticket">
        {free && (
          <button type="button" class="button main" onClick={() => void inbox.claim()}>
            <Icon name="person" size={18} /> {words.claim}
          </button>
        )}
        {!free && !ticket.mine && (
          <button type="button" class="button main" onClick={() => void inbox.claim(true)}>
            {words.takeOver(ticket.holder ?? "")}
          </button>
        )}
        {(free || ticket.mine) && (
          <>
            <button
              type="button"
              class="button"
              onClick={() => void inbox.act(() => inbox.service.giveBack(ticket.id))}
            >
              <Icon name="retry" size={16} /> {words.giveBack}
            </button>
            <button type="button" class="button" onClick={() => (inbox.closing.value = true)}>
              <Icon name="close" size={16} /> {words.finish}
            </button>
          </>
        )}
      </div>
    </>
  );
}

function Closing({ ticket }: { ticket: Ticket }) {
  const inbox = useInbox();
  const words = useWords();
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  const close = async () => {
    await inbox.act(() => inbox.service.close(ticket.id));
    inbox.closing.value = false;
  };
  return (
    <div class="closing" role="group" aria-label={words.finishQuestion}>
      <p>
        <strong>{words.finishQuestion}</strong> {words.finishMore}
      </p>
      <div class="row">
        <button type="button" class="button danger" ref={first} onClick={() => void close()}>
          {words.finish}
        </button>
        <button type="button" class="button" onClick={() => (inbox.closing.value = false)}>
          {words.keep}
        </button>
      </div>
    </div>
  );
}

function Composer() {
  const inbox = useInbox();
  const words = useWords();
  const [text, setText] = useState("");
  const [sending, setSending] = useState(false);
  // An answer keeps its id until it is taken, so that sending it again cannot say it twice.
  const id = useRef(newId());
  const field = useGrowing(text);
  useEffect(() => field.current?.focus({ preventScroll: true }), []);
  const send = async () => {
    if (!text.trim() || sending) return;
    setSending(true);
    if (await inbox.say(text.trim(), id.current)) {
      setText("");
      id.current = newId();
    }
    setSending(false);
    field.current?.focus();
  };
  const written = (event: Event) => {
    setText((event.currentTarget as HTMLTextAreaElement).value);
    inbox.typing();
  };
  const pressed = (event: KeyboardEvent) => {
    // What ends a composition of letters is no Enter; Safari tells by its key code alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    void send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="unseen" for="message">
        {words.answer}
      </label>
      <textarea
        id="message"
        ref={field}
        rows={1}
        dir="auto"
        maxLength={50_000}
        placeholder={words.placeholder}
        aria-describedby="keys"
        value={text}
        onInput={written}
        onKeyDown={pressed}
      />
      <span id="keys" class="unseen">
        {words.keys}
      </span>
      <button type="submit" class="send" aria-label={words.send} title={words.send} disabled={!text.trim() || sending}>
        <Icon name="arrowUp" />
      </button>
    </form>
  );
}

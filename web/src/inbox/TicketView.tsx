import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import type { Message } from "../api/contract";
import { citationsOf } from "../chat/desk";
import { Icon } from "../look/Icon";
import { Monogram } from "../look/Monogram";
import { Prose } from "../thread/Prose";
import { Sources } from "../thread/Sources";
import { Answering } from "./Answering";
import type { Detail } from "./contract";
import { useInbox, useWords } from "./context";
import { Evidence } from "./Evidence";
import { stateOf } from "./Tickets";

/** One ticket: what was said, why it is here, and where one answers. */
export function TicketView({ detail }: { detail: Detail }) {
  const inbox = useInbox();
  const words = useWords();
  const { ticket, conversation } = detail;
  const scroller = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const messages = conversation.messages.filter((message) => message.status !== "pending");
  const count = messages.length;
  const writing = inbox.writing.value === ticket.id;
  // What was said until a person was called stands above the reason for it, the rest below.
  const led = messages.filter((message) => message.created <= ticket.opened).length;
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  useLayoutEffect(() => scroller.current?.scrollTo({ top: scroller.current.scrollHeight }), [count, writing]);
  return (
    <>
      <header class="top">
        <a class="tool only-narrow" href={inbox.view.value === "over" ? "#/over" : "#/"} aria-label={words.back}>
          <Icon name="previous" />
        </a>
        <h1 class="title" dir="auto" tabIndex={-1} ref={heading}>
          {ticket.number} · {conversation.title || words.triggers[ticket.trigger]}
        </h1>
        <span class="state" data-state={ticket.state}>
          {stateOf(ticket, words)}
        </span>
      </header>
      <div class="scroller" ref={scroller} tabIndex={0} role="region" aria-label={conversation.title || ticket.number}>
        <ol class="thread">
          {messages.slice(0, led).map((message) => (
            <Said key={message.id} message={message} />
          ))}
          <li>
            <Evidence detail={detail} />
          </li>
          {messages.slice(led).map((message) => (
            <Said key={message.id} message={message} />
          ))}
          {writing && <li class="note">{words.customerWrites}</li>}
        </ol>
      </div>
      <div class="bottom">
        <div>
          {inbox.refusal.value && (
            <p class="notice warn" role="alert">
              {inbox.refusal.value}
            </p>
          )}
          <Answering ticket={ticket} />
        </div>
      </div>
    </>
  );
}

function Said({ message }: { message: Message }) {
  const inbox = useInbox();
  const words = useWords();
  const session = inbox.session.value;
  const agent = message.role === "agent";
  const shown = inbox.source.value?.message.id === message.id ? inbox.source.value.number : null;
  const open = (number: number) => inbox.openSource(message, number);
  if (message.role === "system") return <li class="note">{message.text}</li>;
  if (message.role === "user") {
    return (
      <li class="said user">
        <h2 class="unseen">{words.customer}</h2>
        <div class="bubble" dir="auto">
          {message.text}
        </div>
      </li>
    );
  }
  const cited = citationsOf(message);
  const title = message.citations.length ? inbox.strings.value.sources : inbox.strings.value.closest;
  return (
    <li class={`said ${message.role}`}>
      <h2 class="who">
        <Monogram text={agent ? (message.author ?? "").slice(0, 1) : (session?.logo ?? "R")} person={agent} />
        <span dir="auto">{message.author || session?.title}</span>
      </h2>
      <Prose text={message.text} citations={message.citations} shown={shown} open={open} />
      {cited.length > 0 && (
        <Sources title={title} citations={cited} shown={shown} open={open} quotes={message.citations.length === 0} />
      )}
    </li>
  );
}

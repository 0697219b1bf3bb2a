import { useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Message } from "../api/contract";
import { useDesk, useStrings } from "../chat/context";
import { Icon } from "../look/Icon";
import { Monogram } from "../look/Monogram";
import { bringInto } from "../look/scrolling";
import { Answer } from "./Answer";
import { Prose } from "./Prose";
import { Steps } from "./Steps";

const NEAR_PX = 90;

/**
 * The conversation. A question moves to the top and its answer grows below it, at the reader's own pace; with a person
 * it stays at its end, unless the reader has scrolled up.
 */
export function Thread() {
  const desk = useDesk();
  const strings = useStrings();
  const open = desk.open;
  const scroller = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [away, setAway] = useState(false);
  const [asked, setAsked] = useState<string | null>(null);
  const messages = open.messages.value;
  const turn = open.turn.value;
  const unsent = open.unsent.value;
  const lastAnswer = turn ? -1 : messages.findLastIndex((message) => message.role === "assistant");

  const question = messages.findLast((message) => message.role === "user")?.id;
  const room = asked !== null && asked === (unsent?.id ?? question) ? "room" : "";

  useLayoutEffect(() => {
    following.current = true;
    setAsked(null);
    toEnd(scroller.current, false);
  }, [open]);
  useLayoutEffect(() => {
    if (!unsent) return;
    following.current = open.state.value !== "bot";
    setAsked(following.current ? null : unsent.id);
  }, [unsent?.id]);
  useLayoutEffect(() => {
    if (room)
      bringInto(scroller.current, [...(scroller.current?.querySelectorAll(".said.user") ?? [])].at(-1), "start");
  }, [asked, room]);
  useLayoutEffect(() => {
    if (following.current) toEnd(scroller.current, false);
  });

  const scrolled = (event: Event) => {
    const box = event.currentTarget as HTMLElement;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    following.current = near && !room;
    setAway(!near);
  };
  return (
    <div class="scroller" ref={scroller} onScroll={scrolled} tabIndex={-1}>
      <ol class="thread">
        {messages.map((message, index) => (
          <Said
            key={message.id}
            message={message}
            last={index === lastAnswer && index === messages.length - 1}
            room={index === messages.length - 1 && message.role === "assistant" ? room : ""}
          />
        ))}
        {unsent && !messages.some((message) => message.id === unsent.id) && (
          <li class="said user" aria-busy="true">
            <h2 class="unseen">{strings.you}</h2>
            <div class="bubble" dir="auto">
              {unsent.text}
            </div>
          </li>
        )}
        {turn && <Working room={room} />}
        {open.failure.value && <Failed />}
        {open.typing.value !== null && <li class="note">{strings.typing(open.typing.value || strings.somebody)}</li>}
      </ol>
      {away && (
        <button
          type="button"
          class="latest"
          aria-label={strings.latest}
          title={strings.latest}
          onClick={() => toEnd(scroller.current, true)}
        >
          <Icon name="chevronDown" />
        </button>
      )}
    </div>
  );
}

function Said({ message, last, room }: { message: Message; last: boolean; room: string }) {
  const desk = useDesk();
  const strings = useStrings();
  if (message.role === "system") {
    return (
      <li class="note" dir="auto">
        {message.text}
      </li>
    );
  }
  if (message.role === "user") {
    return (
      <li class="said user">
        <h2 class="unseen">{strings.you}</h2>
        <div class="bubble" dir="auto">
          {message.text}
        </div>
      </li>
    );
  }
  const agent = message.role === "agent";
  const name = message.author || (agent ? strings.somebody : (desk.session.value?.title ?? strings.assistant));
  return (
    <li class={`said ${message.role} ${room}`}>
      <h2 class="who">
        <Monogram text={agent ? name.slice(0, 1) : (desk.session.value?.logo ?? "R")} person={agent} />
        <span dir="auto">{name}</span>
      </h2>
      {agent ? (
        <Prose text={message.text} citations={message.citations} open={(number) => desk.openSource(message, number)} />
      ) : (
        <Answer message={message} last={last} />
      )}
    </li>
  );
}

function Working({ room }: { room: string }) {
  const desk = useDesk();
  const turn = desk.open.turn.value;
  const title = desk.session.value?.title ?? "";
  if (!turn) return null;
  return (
    <li class={`said assistant working ${room}`} aria-busy="true">
      <h2 class="who">
        <Monogram text={desk.session.value?.logo ?? "R"} />
        <span dir="auto">{title}</span>
      </h2>
      {turn.text && <Prose text={turn.text} citations={[]} open={() => undefined} />}
      <Steps steps={turn.steps} writing={turn.text !== ""} />
    </li>
  );
}

function Failed() {
  const desk = useDesk();
  const strings = useStrings();
  const open = desk.open;
  const failure = open.failure.value;
  if (!failure) return null;
  const unsent = open.unsent.value;
  const question = open.messages.value.findLast((message) => message.role === "user");
  const again = () => (unsent ? open.sendAgain() : question ? open.retry(question.id) : Promise.resolve());
  const said = failure.offline
    ? `${strings.unreachable}. ${strings.unreachableMore}`
    : `${failure.message} ${failure.hint}`;
  return (
    <li class="failure" role="alert">
      <Icon name="warning" />
      <p>
        {unsent && <strong>{strings.notSent} </strong>}
        {said}
      </p>
      <button type="button" class="button" onClick={() => void again()}>
        <Icon name="retry" size={16} /> {unsent ? strings.sendAgain : strings.tryAgain}
      </button>
    </li>
  );
}

function toEnd(box: HTMLElement | null, smooth: boolean): void {
  const gentle = smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches;
  box?.scrollTo({ top: box.scrollHeight, behavior: gentle ? "smooth" : "instant" });
}

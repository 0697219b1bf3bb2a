import type { Message } from "../api/contract";
import { useDesk, useStrings } from "../chat/context";
import { Icon } from "../look/Icon";
import type { Strings } from "../strings";
import { Actions } from "./Actions";
import { Prose } from "./Prose";
import { Sources } from "./Sources";

/** An answer: its words, what they rest on, who wrote them, and what can be done with it. */
export function Answer({ message, last }: { message: Message; last: boolean }) {
  const desk = useDesk();
  const strings = useStrings();
  const source = desk.source.value;
  const shown = source?.message.id === message.id ? source.number : null;
  const open = (number: number) => desk.openSource(message, number);
  const person = message.abstained && last && desk.session.value?.features.handover && desk.open.state.value === "bot";
  const text = textOf(message, strings, Boolean(person));
  return (
    <>
      {text && <Prose text={text} citations={message.citations} shown={shown} open={open} />}
      {message.status === "stopped" && <p class="remark">{strings.stopped}</p>}
      {message.status === "failed" && (
        <p class="remark bad">
          <Icon name="warning" size={18} /> <span dir="auto">{message.text || strings.failed}</span>
        </p>
      )}
      {message.citations.length > 0 && (
        <Sources title={strings.sources} citations={message.citations} shown={shown} open={open} />
      )}
      {message.abstained && message.citations.length === 0 && message.closest.length > 0 && (
        <Sources title={strings.closest} citations={message.closest} shown={shown} open={open} quotes />
      )}
      <Actions message={message} last={last} />
      {person && (
        <button type="button" class="pill" onClick={() => (desk.dialog.value = { kind: "person" })}>
          <Icon name="person" size={18} /> {strings.person}
        </button>
      )}
      {last && message.followups.length > 0 && desk.open.state.value === "bot" && (
        <Followups questions={message.followups} />
      )}
    </>
  );
}

/** The service's own sentences are said in the page's language. */
function textOf(message: Message, strings: Strings, person: boolean): string {
  if (message.status === "failed") return "";
  if (message.status === "stopped" && !message.citations.length && !message.model) return "";
  if (message.abstained && !message.model) return person ? `${strings.abstained} ${strings.offer}` : strings.abstained;
  return message.text;
}

function Followups({ questions }: { questions: readonly string[] }) {
  const desk = useDesk();
  const strings = useStrings();
  return (
    <section class="followups" aria-label={strings.followups}>
      <h3 class="label">{strings.followups}</h3>
      <ul>
        {questions.map((question) => (
          <li key={question}>
            <button type="button" class="pill" dir="auto" onClick={() => void desk.open.send(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

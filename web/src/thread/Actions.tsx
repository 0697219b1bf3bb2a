import { useEffect, useRef, useState } from "preact/hooks";

import type { Message, Rating } from "../api/contract";
import { useDesk, useStrings } from "../chat/context";
import { Icon } from "../look/Icon";
import { answerPlain } from "./markdown";

const SHOWN_MS = 2200;

/** Copy, thumbs, retry, and who wrote the answer. */
export function Actions({ message, last }: { message: Message; last: boolean }) {
  const desk = useDesk();
  const strings = useStrings();
  const [copied, setCopied] = useState(false);
  const [asking, setAsking] = useState(false);
  const [thanked, setThanked] = useState(false);
  const down = useRef<HTMLButtonElement>(null);
  const rating = message.feedback?.rating ?? null;
  const feedback = desk.session.value?.features.feedback;

  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);

  const copy = async () => {
    await copyText(answerPlain(message.text));
    setCopied(true);
    desk.say(strings.copied);
  };
  const rate = async (chosen: Rating, reason = "") => {
    const rated = chosen === rating && !reason ? null : chosen;
    setAsking(rated === "down" && !reason);
    setThanked(rated !== null && (rated === "up" || reason !== ""));
    await desk.open.rate(message, rated, reason).catch(() => setThanked(false));
    if (rated) desk.say(strings.feedbackThanks);
  };
  const closed = () => {
    setAsking(false);
    down.current?.focus();
  };
  return (
    <>
      <div class="actions">
        <button
          type="button"
          class="tool"
          aria-label={copied ? strings.copied : strings.copy}
          title={strings.copy}
          onClick={() => void copy()}
        >
          <Icon name={copied ? "check" : "copy"} size={18} />
        </button>
        {feedback && (
          <>
            <button
              type="button"
              class="tool"
              aria-label={strings.helpful}
              title={strings.helpful}
              aria-pressed={rating === "up"}
              onClick={() => void rate("up")}
            >
              <Icon name="up" size={18} />
            </button>
            <button
              type="button"
              class="tool"
              ref={down}
              aria-label={strings.notHelpful}
              title={strings.notHelpful}
              aria-pressed={rating === "down"}
              onClick={() => void rate("down")}
            >
              <Icon name="down" size={18} />
            </button>
          </>
        )}
        {last && desk.open.state.value === "bot" && (
          <button
            type="button"
            class="tool"
            aria-label={strings.tryAgain}
            title={strings.tryAgain}
            onClick={() => void desk.open.retry(message.id)}
          >
            <Icon name="retry" size={18} />
          </button>
        )}
        <small class="made">{thanked ? strings.feedbackThanks : madeBy(message, strings)}</small>
      </div>
      {asking && <Reason send={(reason) => void rate("down", reason).then(closed)} close={closed} />}
    </>
  );
}

function Reason({ send, close }: { send: (reason: string) => void; close: () => void }) {
  const strings = useStrings();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [more, setMore] = useState("");
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  const toggle = (reason: string) =>
    setChosen(chosen.includes(reason) ? chosen.filter((one) => one !== reason) : [...chosen, reason]);
  const submitted = (event: Event) => {
    event.preventDefault();
    send([...chosen, more.trim()].filter(Boolean).join(". "));
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  };
  return (
    <form class="reason" aria-label={strings.feedbackQuestion} onSubmit={submitted} onKeyDown={pressed}>
      <h3 class="label">{strings.feedbackQuestion}</h3>
      <div class="chips">
        {strings.feedbackReasons.map((reason, index) => (
          <button
            key={reason}
            type="button"
            class="chip"
            ref={index === 0 ? first : null}
            aria-pressed={chosen.includes(reason)}
            onClick={() => toggle(reason)}
          >
            {reason}
          </button>
        ))}
      </div>
      <textarea
        rows={2}
        maxLength={1000}
        dir="auto"
        aria-label={strings.feedbackMore}
        placeholder={strings.feedbackMore}
        value={more}
        onInput={(event) => setMore(event.currentTarget.value)}
      />
      <div class="row">
        <button type="submit" class="button main" disabled={!chosen.length && !more.trim()}>
          {strings.submit}
        </button>
        <button type="button" class="button" onClick={close}>
          {strings.close}
        </button>
      </div>
    </form>
  );
}

function madeBy(message: Message, strings: ReturnType<typeof useStrings>): string {
  if (message.model) return strings.madeBy(message.model, message.host ?? "");
  return message.citations.length ? strings.quoted : "";
}

/** Pages over plain HTTP on another host have no clipboard API; a selected field can still be copied. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

import { useEffect, useState } from "preact/hooks";

import { useGrowing } from "../look/growing";
import { Icon } from "../look/Icon";
import { useDesk, useStrings } from "./context";
import { draftOf, keepDraft } from "./drafts";

/** Where one writes; the button sends, or stops what is being answered. */
export function Composer() {
  const desk = useDesk();
  const strings = useStrings();
  const open = desk.open;
  const id = open.id.value;
  const turn = open.turn.value;
  const [text, setText] = useState(() => draftOf(id));
  const field = useGrowing(text);

  useEffect(() => {
    setText(draftOf(open.id.value));
    if (matchMedia("(hover: hover)").matches) field.current?.focus({ preventScroll: true });
  }, [open]);

  const write = (written: string) => {
    setText(written);
    keepDraft(id, written);
  };
  const send = () => {
    const asked = text.trim();
    if (!asked || turn) return;
    write("");
    void open.send(asked);
    field.current?.focus();
  };
  const pressed = (event: KeyboardEvent) => {
    // What ends a composition of letters is no Enter; Safari tells by its key code alone.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  const placeholder = open.state.value === "bot" ? strings.placeholder : strings.placeholderHuman;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="unseen" for="message">
        {strings.ask}
      </label>
      <textarea
        id="message"
        ref={field}
        rows={1}
        dir="auto"
        maxLength={10_000}
        enterkeyhint="send"
        placeholder={placeholder}
        aria-describedby="keys"
        value={text}
        onInput={(event) => {
          write(event.currentTarget.value);
          open.isTyping();
        }}
        onKeyDown={pressed}
      />
      <span id="keys" class="unseen">
        {strings.keys}
      </span>
      {turn ? (
        <button
          type="button"
          class="send stop"
          aria-label={turn.stopping ? strings.stopping : strings.stop}
          title={strings.stop}
          disabled={turn.stopping}
          onClick={() => void open.stop()}
        >
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" class="send" aria-label={strings.send} title={strings.send} disabled={!text.trim()}>
          <Icon name="arrowUp" />
        </button>
      )}
    </form>
  );
}

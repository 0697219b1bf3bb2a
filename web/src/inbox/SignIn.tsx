import { useState } from "preact/hooks";

import { Monogram } from "../look/Monogram";
import { useInbox, useWords } from "./context";

/** Whoever has a key pastes it here. */
export function SignIn() {
  const inbox = useInbox();
  const words = useWords();
  const [key, setKey] = useState("");
  const session = inbox.session.value;
  const submitted = (event: Event) => {
    event.preventDefault();
    if (key.trim()) void inbox.signIn(key);
  };
  return (
    <main class="sign-in">
      <form class="fields" onSubmit={submitted}>
        <Monogram text={session?.logo ?? "R"} large />
        <h1>{words.signIn}</h1>
        <p>{words.signInMore}</p>
        <label>
          <span>{words.key}</span>
          <input
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="rd_…"
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        {inbox.refusal.value && (
          <p class="remark bad" role="alert">
            {inbox.refusal.value}
          </p>
        )}
        <button type="submit" class="button main" disabled={!key.trim()}>
          {words.signIn}
        </button>
      </form>
    </main>
  );
}

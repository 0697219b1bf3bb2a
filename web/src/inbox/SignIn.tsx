import { useState } from "preact/hooks";

import { Monogram } from "../look/Monogram";
import { useInbox, useWords } from "./context";

/** Whoever has an account goes to where it is asked for; whoever has a key pastes it here. */
export function SignIn() {
  const inbox = useInbox();
  const words = useWords();
  const [key, setKey] = useState("");
  const session = inbox.session.value;
  const account = session?.sign_in;
  const submitted = (event: Event) => {
    event.preventDefault();
    if (key.trim()) void inbox.signIn(key);
  };
  const refused = inbox.refusal.value && (
    <p class="remark bad" role="alert">
      {inbox.refusal.value}
    </p>
  );
  return (
    <main class="sign-in">
      <form class="fields" onSubmit={submitted}>
        <Monogram text={session?.logo ?? "R"} large />
        <h1>{words.signIn}</h1>
        {account && refused}
        {account && !session?.staff && (
          <>
            <a class="button main" href={inbox.signInAddress}>
              {words.signInWith(account.name)}
            </a>
            <p class="or">{words.orKey}</p>
          </>
        )}
        {session?.staff && (
          <button type="button" class="button" onClick={() => void inbox.signOut()}>
            {words.signOutOf(session.staff.name)}
          </button>
        )}
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
        {!account && refused}
        <button type="submit" class={account ? "button" : "button main"} disabled={!key.trim()}>
          {words.signIn}
        </button>
      </form>
    </main>
  );
}

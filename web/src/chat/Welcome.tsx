import { Icon } from "../look/Icon";
import { Monogram } from "../look/Monogram";
import { useDesk, useStrings } from "./context";

/** What stands where nothing was said yet: who answers, from what, and what one may ask. */
export function Welcome() {
  const desk = useDesk();
  const strings = useStrings();
  const session = desk.session.value;
  if (!session) return <div class="welcome" aria-busy="true" />;
  return (
    <div class="welcome">
      <Monogram text={session.logo} large />
      <h1 dir="auto">{session.title}</h1>
      {session.tagline && (
        <p class="tagline" dir="auto">
          {session.tagline}
        </p>
      )}
      {session.suggested.length > 0 && (
        <ul class="suggestions" aria-label={strings.suggestions}>
          {session.suggested.slice(0, 6).map((question) => (
            <li key={question}>
              <button type="button" dir="auto" onClick={() => void desk.open.send(question)}>
                <span>{question}</span>
                <Icon name="next" size={18} />
              </button>
            </li>
          ))}
        </ul>
      )}
      {session.banks.length > 0 && (
        <p class="banks">
          {strings.answersFrom}{" "}
          <span dir="auto">{session.banks.map((bank) => bank.title || bank.name).join(" · ")}</span>
        </p>
      )}
    </div>
  );
}

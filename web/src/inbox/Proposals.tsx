import { useState } from "preact/hooks";

import { Icon } from "../look/Icon";
import type { Proposal } from "./contract";
import { useInbox, useWords } from "./context";

/** What people answered, to be taken into a bank or refused. */
export function Proposals() {
  const inbox = useInbox();
  const words = useWords();
  const proposals = inbox.proposals.value;
  return (
    <>
      <header class="top">
        <a class="tool only-narrow" href="#/" aria-label={words.back}>
          <Icon name="previous" />
        </a>
        <h1 class="title">{words.knowledge}</h1>
      </header>
      <div class="scroller" tabIndex={0} role="region" aria-label={words.knowledge}>
        <div class="thread">
          {inbox.refusal.value && (
            <p class="notice warn" role="alert">
              {inbox.refusal.value}
            </p>
          )}
          {proposals === null && <p class="none">{words.mayNotReview}</p>}
          {proposals?.length === 0 && <p class="none">{words.noProposals}</p>}
          {proposals?.map((one) => (
            <Entry key={one.id} proposal={one} />
          ))}
          {inbox.accepted.value.length > 0 && <Known />}
        </div>
      </div>
    </>
  );
}

/** What was accepted, and whether its bank knows it by now. */
function Known() {
  const inbox = useInbox();
  const words = useWords();
  return (
    <section class="known" aria-label={words.knownNow}>
      <h2 class="label">{words.knownNow}</h2>
      <ul>
        {inbox.accepted.value.map((one) => (
          <li key={one.id}>
            <span class="state" data-progress={one.problem ? "failed" : one.progress}>
              {words.progress[one.problem ? "failed" : (one.progress ?? "queued")]}
            </span>
            <span dir="auto">{one.question}</span>
            <small>{one.problem || titleOf(one.bank ?? "", inbox.session.value?.banks ?? [])}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Entry({ proposal }: { proposal: Proposal }) {
  const inbox = useInbox();
  const words = useWords();
  const [question, setQuestion] = useState(proposal.question);
  const [answer, setAnswer] = useState(proposal.answer);
  const [bank, setBank] = useState(proposal.bank ?? inbox.banks.value[0] ?? "");
  const [deciding, setDeciding] = useState(false);
  const decide = async (doing: () => Promise<unknown>, said: string) => {
    setDeciding(true);
    if (await inbox.act(doing)) inbox.tell(said);
    setDeciding(false);
  };
  const accepted = (event: Event) => {
    event.preventDefault();
    void decide(() => inbox.service.accept(proposal.id, question, answer, bank), words.accepted);
  };
  return (
    <form class="fields entry-form" aria-label={proposal.question} onSubmit={accepted}>
      <label>
        <span>{words.question}</span>
        <input
          dir="auto"
          maxLength={1000}
          value={question}
          onInput={(event) => setQuestion(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>{words.answer}</span>
        <textarea
          rows={5}
          dir="auto"
          maxLength={50_000}
          value={answer}
          onInput={(event) => setAnswer(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>{words.bank}</span>
        <select value={bank} onChange={(event) => setBank(event.currentTarget.value)}>
          {inbox.banks.value.map((one) => (
            <option key={one} value={one}>
              {titleOf(one, inbox.session.value?.banks ?? [])}
            </option>
          ))}
        </select>
      </label>
      <div class="row">
        <button type="submit" class="button main" disabled={deciding || !question.trim() || !answer.trim() || !bank}>
          <Icon name="check" size={18} /> {words.accept}
        </button>
        <button
          type="button"
          class="button"
          disabled={deciding}
          onClick={() => void decide(() => inbox.service.reject(proposal.id), words.rejected)}
        >
          {words.reject}
        </button>
        <small class="made">{words.answeredBy(proposal.author)}</small>
      </div>
    </form>
  );
}

function titleOf(name: string, banks: readonly { name: string; title: string }[]): string {
  return banks.find((one) => one.name === name)?.title ?? name;
}

import { Icon } from "../look/Icon";
import type { Detail, Found } from "./contract";
import { useInbox, useWords } from "./context";

/** Why a person was called, what stood behind the answer before, and what went out of the house. */
export function Evidence({ detail }: { detail: Detail }) {
  const inbox = useInbox();
  const words = useWords();
  const { ticket, evidence } = detail;
  const late = detail.deliveries.filter((one) => one.error && one.state !== "delivered");
  const proposed = detail.proposals.filter((one) => one.state === "proposed").length;
  return (
    <section class="why" aria-label={words.why}>
      <h2 class="label">{words.why}</h2>
      <p>{words.triggers[ticket.trigger]}</p>
      <dl>
        {ticket.reason && <Fact name={words.reason} said={ticket.reason} />}
        {ticket.contact && <Fact name={words.contact} said={ticket.contact} />}
        {evidence?.understood && <Fact name={words.understood} said={evidence.understood} />}
        {evidence?.confidence != null && (
          <Fact name={words.confidence} said={`${Math.round(evidence.confidence * 100)} %`} />
        )}
      </dl>
      {evidence && evidence.passages.length > 0 && (
        <details>
          <summary>
            {words.passages} ({evidence.passages.length})
          </summary>
          <ol>
            {evidence.passages.map((one, index) => (
              <Passage key={index} found={one} />
            ))}
          </ol>
        </details>
      )}
      {late.map((one) => (
        <p key={one.channel + one.event} class="remark bad">
          <Icon name="warning" size={16} />
          <span>
            {words.undelivered(one.channel)} {one.error}
          </span>
          <button type="button" class="quiet" onClick={() => void inbox.act(() => inbox.service.deliver(ticket.id))}>
            {words.again}
          </button>
        </p>
      ))}
      {proposed > 0 && (
        <p class="remark">
          {words.proposed(proposed)} <a href="#/knowledge">{words.review}</a>
        </p>
      )}
    </section>
  );
}

function Fact({ name, said }: { name: string; said: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{said}</dd>
    </div>
  );
}

function Passage({ found }: { found: Found }) {
  const inbox = useInbox();
  const place = [found.bank, found.page ? inbox.strings.value.page(found.page) : "", found.headings.at(-1) ?? ""];
  return (
    <li>
      <strong dir="auto">{found.title}</strong>
      <small>
        {place.filter((one) => one && one !== found.title).join(" · ")} · {found.score.toFixed(2)}
      </small>
      <p dir="auto">{found.text}</p>
    </li>
  );
}

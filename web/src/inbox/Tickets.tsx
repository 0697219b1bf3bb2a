import { ThemeChoice } from "../chat/ThemeChoice";
import { Icon } from "../look/Icon";
import { Monogram } from "../look/Monogram";
import { answerPlain } from "../thread/markdown";
import type { Line } from "./contract";
import { useInbox, useWords } from "./context";
import type { View } from "./inbox";
import type { Words } from "./words";

const HASHES: Record<View, string> = { open: "#/", over: "#/over", knowledge: "#/knowledge" };

/** The tickets: those that wait longest first. */
export function Tickets({ covered }: { covered: boolean }) {
  const inbox = useInbox();
  const words = useWords();
  const session = inbox.session.value;
  const view = inbox.view.value;
  const names: Record<View, string> = { open: words.open, over: words.over, knowledge: words.knowledge };
  return (
    <aside class="sidebar tickets" aria-label={words.inbox} inert={covered}>
      <div class="brand">
        <Monogram text={session?.logo ?? ""} />
        <strong dir="auto">{words.inbox}</strong>
        {inbox.waiting.value > 0 && view !== "over" && (
          <span class="badge">{words.waitingNow(inbox.waiting.value)}</span>
        )}
      </div>
      <nav class="views" aria-label={words.views}>
        {(Object.keys(HASHES) as View[]).map((one) => (
          <a key={one} href={HASHES[one]} aria-current={view === one ? "page" : undefined}>
            {names[one]}
          </a>
        ))}
      </nav>
      <nav class="list" aria-label={words.tickets}>
        {inbox.lines.value.length === 0 && <p class="none">{view === "over" ? words.noneOver : words.noTickets}</p>}
        <ul>
          {inbox.lines.value.map((line) => (
            <Row key={line.id} line={line} />
          ))}
        </ul>
      </nav>
      <div class="foot">
        <label class="name">
          <span>{words.name}</span>
          <input
            maxLength={80}
            autocomplete="off"
            placeholder={words.somebody}
            value={inbox.name.value}
            onInput={(event) => inbox.call(event.currentTarget.value)}
          />
        </label>
        {(inbox.key || session?.staff) && (
          <button type="button" class="quiet" onClick={() => void inbox.signOut()}>
            {words.signOut}
          </button>
        )}
        <ThemeChoice />
      </div>
    </aside>
  );
}

function Row({ line }: { line: Line }) {
  const inbox = useInbox();
  const words = useWords();
  const title = line.title || line.reason || words.triggers[line.trigger];
  const last = line.last_text && line.last_text !== line.title ? answerPlain(line.last_text) : "";
  return (
    <li>
      <a
        class="ticket"
        data-state={line.state}
        href={`#/t/${encodeURIComponent(line.id)}`}
        aria-current={inbox.chosen.value === line.id ? "true" : undefined}
      >
        <span class="line">
          <span class="state" data-state={line.state}>
            {stateOf(line, words)}
          </span>
          {line.undelivered && <Icon name="warning" size={14} />}
          <small>
            {line.number} · {ago(line.ended ?? line.opened, words)}
          </small>
        </span>
        <strong dir="auto">{title}</strong>
        {last && <small dir="auto">{last}</small>}
      </a>
    </li>
  );
}

export function stateOf(ticket: Pick<Line, "state" | "holder" | "mine">, words: Words): string {
  if (ticket.state !== "human") return words.states[ticket.state];
  return ticket.mine ? words.withYou : words.withSomebody(ticket.holder ?? "");
}

function ago(moment: string, words: Words): string {
  const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(moment)) / 60_000));
  if (minutes < 60) return words.minutes(minutes);
  if (minutes < 24 * 60) return words.hours(Math.floor(minutes / 60));
  return new Date(moment).toLocaleDateString();
}

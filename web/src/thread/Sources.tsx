import { useState } from "preact/hooks";

import type { Citation } from "../api/contract";
import { useStrings } from "../chat/context";
import { Icon } from "../look/Icon";
import { placeOf } from "./place";

const SHOWN_FIRST = 4;

interface Props {
  title: string;
  citations: readonly Citation[];
  shown: number | null;
  quotes?: boolean;
  open: (number: number) => void;
}

/** The sources of an answer as cards. */
export function Sources({ title, citations, shown, quotes, open }: Props) {
  const strings = useStrings();
  const [all, setAll] = useState(false);
  const listed = all || citations.length === SHOWN_FIRST + 1 ? citations : citations.slice(0, SHOWN_FIRST);
  const more = citations.length - SHOWN_FIRST;
  return (
    <section class="sources" aria-label={title}>
      <h3 class="label">{title}</h3>
      <ol>
        {listed.map((citation) => (
          <li key={citation.number}>
            <button
              type="button"
              class="card"
              aria-pressed={shown === citation.number}
              onClick={() => open(citation.number)}
            >
              <span class="number" aria-hidden="true">
                {citation.number}
              </span>
              <span class="words">
                <strong dir="auto">{citation.title}</strong>
                <small dir="auto">
                  {quotes ? beginning(citation.quote) : placeOf(citation, strings) || citation.quote}
                </small>
              </span>
              {citation.kind === "pdf" && <span class="kind">PDF</span>}
            </button>
          </li>
        ))}
      </ol>
      {more > 1 && (
        <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
          <Icon name="chevronDown" size={16} />
          {all ? strings.fewerSources : strings.moreSources(more)}
        </button>
      )}
    </section>
  );
}

/** The first words of a passage, without the heading that it begins with. */
function beginning(quote: string): string {
  return quote.replace(/^#{1,6} .*\n+(?=\S)/, "").replace(/^#+ /, "");
}

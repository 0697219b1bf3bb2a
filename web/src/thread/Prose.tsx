import { useMemo } from "preact/hooks";

import type { Citation } from "../api/contract";
import { useStrings } from "../chat/context";
import { answerHtml } from "./markdown";
import { labelOf } from "./place";

interface Props {
  text: string;
  citations: readonly Citation[];
  shown?: number | null;
  open: (number: number) => void;
}

/** An answer's words, with its marks. */
export function Prose({ text, citations, shown, open }: Props) {
  const strings = useStrings();
  const html = useMemo(
    () => answerHtml(text, { citations, label: (citation) => labelOf(citation, strings) }),
    [text, citations, strings],
  );
  const opened = (event: MouseEvent) => {
    const mark = (event.target as HTMLElement).closest<HTMLElement>("[data-cite]");
    if (mark) open(Number(mark.dataset["cite"]));
  };
  return (
    <div
      class="prose"
      dir="auto"
      ref={(element) => {
        for (const mark of element?.querySelectorAll<HTMLElement>("[data-cite]") ?? []) {
          mark.classList.toggle("shown", Number(mark.dataset["cite"]) === shown);
        }
      }}
      onClick={opened}
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}

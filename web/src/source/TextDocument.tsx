import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import type { Source } from "../api/contract";
import { useStrings } from "../chat/context";
import { bringInto } from "../look/scrolling";
import { unitAt } from "./points";

interface Line {
  text: string;
  kind: string;
  marks: readonly [number, number] | null;
}

/** A document's text exactly as it was indexed, with exactly the cited span marked; only its look hints at Markdown. */
export function TextDocument({ source }: { source: Source }) {
  const strings = useStrings();
  const text = source.text ?? source.quote;
  const lines = useMemo(() => lined(source), [source]);
  const whole = source.offset === 0;
  const first = lines.findIndex((line) => line.marks);
  const mark = useRef<HTMLElement>(null);
  useLayoutEffect(() => bringInto(mark.current?.closest(".body"), mark.current, "center"), [source]);
  return (
    <div class="paper" dir="auto" data-length={text.length}>
      {!whole && <p class="remark">{strings.partOfDocument}</p>}
      <div class="document">
        {lines.map((line, index) => (
          <div key={index} class={`line ${line.kind}`}>
            {line.marks ? (
              <>
                {line.text.slice(0, line.marks[0])}
                <mark ref={index === first ? mark : null} class="cited">
                  {line.text.slice(line.marks[0], line.marks[1])}
                </mark>
                {line.text.slice(line.marks[1])}
              </>
            ) : (
              line.text
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function lined(source: Source): Line[] {
  const text = source.text ?? source.quote;
  const start = source.text ? unitAt(text, source.start - source.offset) : 0;
  const end = source.text ? unitAt(text, source.end - source.offset) : text.length;
  const lines: Line[] = [];
  let at = 0;
  let fenced = false;
  for (const part of text.split(/(?<=\n)/)) {
    const fence = /^\s*(```|~~~)/.test(part);
    const kind = fenced || fence ? "code" : kindOf(part);
    if (fence) fenced = !fenced;
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, part.length)];
    lines.push({ text: part, kind, marks: from < to ? [from, to] : null });
    at += part.length;
  }
  return lines;
}

function kindOf(line: string): string {
  const heading = /^(#{1,6})\s/.exec(line)?.[1];
  if (heading) return `head level-${Math.min(heading.length, 3)}`;
  if (/^\s*\|/.test(line)) return "row";
  if (/^\s*([-*+]|\d+[.)])\s/.test(line)) return "item";
  return line.trim() ? "text" : "empty";
}

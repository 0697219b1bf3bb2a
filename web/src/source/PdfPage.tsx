import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Box } from "../api/contract";
import { useStrings } from "../chat/context";
import type { Pdf, Size } from "./pdf";

interface Props {
  pdf: Pdf;
  number: number;
  scale: number;
  expected: Size;
  boxes: readonly Box[];
  scroller: RefObject<HTMLElement | null>;
}

/** One page: drawn while it is near what is visible, an empty sheet of its size otherwise. */
export function PdfPage({ pdf, number, scale, expected, boxes, scroller }: Props) {
  const strings = useStrings();
  const sheet = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const words = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(boxes.length > 0);
  const [drawn, setDrawn] = useState(false);
  const [size, setSize] = useState(expected);

  useEffect(() => {
    const watching = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      root: scroller.current,
      rootMargin: "60% 0px",
    });
    if (sheet.current) watching.observe(sheet.current);
    return () => watching.disconnect();
  }, []);
  useEffect(() => {
    if (!near || !canvas.current || !words.current) return;
    let current = true;
    const [paper, layer] = [canvas.current, words.current];
    const draw = async () => {
      const real = await pdf.size(number);
      if (!current) return;
      setSize(real);
      await pdf.draw(number, scale, paper, layer);
      if (current) setDrawn(true);
    };
    // A page that cannot be drawn stays an empty sheet; the others can still be read.
    draw().catch(() => undefined);
    return () => {
      current = false;
      setDrawn(false);
    };
  }, [near, scale]);
  return (
    <div
      ref={sheet}
      class="sheet"
      data-page={number}
      data-drawn={drawn || undefined}
      role="group"
      aria-label={strings.page(number)}
      style={{ width: `${size.width * scale}px`, height: `${size.height * scale}px` }}
    >
      {near && (
        <>
          <canvas ref={canvas} aria-hidden="true" />
          <div ref={words} class="textLayer" />
        </>
      )}
      {boxes.length > 0 && (
        <div class="marks">
          {boxes.map((box, index) => (
            <div key={index} class="cited" style={placed(box)} />
          ))}
        </div>
      )}
    </div>
  );
}

function placed(box: Box): Record<string, string> {
  const share = (value: number) => `${value * 100}%`;
  return {
    left: share(box.x0),
    top: share(box.y0),
    width: share(box.x1 - box.x0),
    height: share(box.y1 - box.y0),
  };
}

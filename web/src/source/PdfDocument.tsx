import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { useDesk, useStrings } from "../chat/context";
import { Icon } from "../look/Icon";
import { bringInto } from "../look/scrolling";
import { openPdf, type Pdf, type Size } from "./pdf";
import { PdfPage } from "./PdfPage";
import type { PdfProps } from "./PdfSource";

const MARGIN_PX = 16;
const ZOOMS = [1, 1.25, 1.5, 2, 3];

/** All pages of a PDF, drawn as they come into view; it opens where the cited words stand. */
export function PdfDocument({ source, file, failed }: PdfProps) {
  const strings = useStrings();
  const { service } = useDesk();
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<{ pdf: Pdf; first: Size } | null>(null);
  const [width, setWidth] = useState(0);
  const [zoom, setZoom] = useState(0);
  const [page, setPage] = useState(source.page ?? 1);
  const cited = source.boxes[0]?.page ?? source.page ?? 1;

  useEffect(() => {
    let pdf: Pdf | null = null;
    let gone = false;
    openPdf(file, service.headers)
      .then(async (loaded) => {
        pdf = loaded;
        if (gone) return loaded.close();
        return setOpened({ pdf: loaded, first: await loaded.size(Math.min(cited, loaded.pages)) });
      })
      .catch(() => gone || failed());
    return () => {
      gone = true;
      pdf?.close();
    };
  }, [file]);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const watching = new ResizeObserver(() => setWidth(box.clientWidth));
    watching.observe(box);
    setWidth(box.clientWidth);
    return () => watching.disconnect();
  }, [opened]);
  const toQuote = useCallback(() => {
    const box = scroller.current;
    const target = box?.querySelector(".cited") ?? box?.querySelector(`[data-page="${cited}"]`);
    bringInto(box, target, target?.classList.contains("cited") ? "center" : "start");
  }, [cited]);
  useLayoutEffect(() => {
    if (width) toQuote();
  }, [opened, width > 0, zoom, source]);

  if (!opened) return <p class="waiting">{strings.loadingSource}</p>;
  const scale = ((width - 2 * MARGIN_PX) / opened.first.width) * (ZOOMS[zoom] ?? 1);
  const pages = Array.from({ length: opened.pdf.pages }, (_, index) => index + 1);
  const go = (number: number) =>
    bringInto(scroller.current, scroller.current?.querySelector(`[data-page="${number}"]`), "start");
  const scrolled = () => setPage(pageInView(scroller.current) ?? page);
  return (
    <>
      <div class="body pages" ref={scroller} tabIndex={0} role="region" aria-label={source.title} onScroll={scrolled}>
        {width > 0 &&
          pages.map((number) => (
            <PdfPage
              key={number}
              pdf={opened.pdf}
              number={number}
              scale={scale}
              expected={opened.first}
              boxes={source.boxes.filter((box) => box.page === number)}
              scroller={scroller}
            />
          ))}
      </div>
      <div class="pager">
        <button
          type="button"
          class="tool"
          aria-label={strings.previousPage}
          title={strings.previousPage}
          disabled={page <= 1}
          onClick={() => go(page - 1)}
        >
          <Icon name="previous" />
        </button>
        <span aria-live="polite">{strings.pageOf(page, opened.pdf.pages)}</span>
        <button
          type="button"
          class="tool"
          aria-label={strings.nextPage}
          title={strings.nextPage}
          disabled={page >= opened.pdf.pages}
          onClick={() => go(page + 1)}
        >
          <Icon name="next" />
        </button>
        <button type="button" class="quiet" onClick={toQuote}>
          {strings.backToQuote}
        </button>
        <button
          type="button"
          class="tool"
          aria-label={strings.zoomOut}
          title={strings.zoomOut}
          disabled={zoom <= 0}
          onClick={() => setZoom(zoom - 1)}
        >
          <Icon name="zoomOut" />
        </button>
        <button
          type="button"
          class="tool"
          aria-label={strings.zoomIn}
          title={strings.zoomIn}
          disabled={zoom >= ZOOMS.length - 1}
          onClick={() => setZoom(zoom + 1)}
        >
          <Icon name="zoomIn" />
        </button>
      </div>
    </>
  );
}

/** The page that takes up the middle of what is visible. */
function pageInView(scroller: HTMLElement | null): number | null {
  if (!scroller) return null;
  const middle = scroller.getBoundingClientRect().top + scroller.clientHeight / 2;
  for (const page of scroller.querySelectorAll<HTMLElement>("[data-page]")) {
    if (page.getBoundingClientRect().bottom > middle) return Number(page.dataset["page"]);
  }
  return null;
}

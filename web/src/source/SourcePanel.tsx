import { useEffect, useRef, useState } from "preact/hooks";

import type { Citation, Message, Source } from "../api/contract";
import { Refused } from "../api/requests";
import { address } from "../api/site";
import { useDesk, useStrings } from "../chat/context";
import { citationsOf } from "../chat/desk";
import { Icon } from "../look/Icon";
import { copyText } from "../thread/Actions";
import { placeOf } from "../thread/place";
import { PdfSource } from "./PdfSource";
import { TextDocument } from "./TextDocument";

interface Props {
  message: Message;
  number: number;
  covering: boolean;
}

/** The cited document beside the chat, at the cited words; on narrow screens over it. */
export function SourcePanel({ message, number, covering }: Props) {
  const strings = useStrings();
  const panel = useRef<HTMLElement>(null);
  const citations = citationsOf(message);
  const citation = citations.find((one) => one.number === number);
  const source = useSource(message.id, number);

  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      else document.querySelector<HTMLElement>("#message")?.focus();
    };
  }, []);
  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Tab" && covering) keepInside(event, panel.current);
  };
  if (!citation) return null;
  return (
    <section
      ref={panel}
      class="source"
      tabIndex={-1}
      role={covering ? "dialog" : "complementary"}
      aria-modal={covering ? true : undefined}
      aria-label={`${strings.source} ${number}: ${citation.title}`}
      onKeyDown={pressed}
    >
      <Heading
        message={message}
        citation={citation}
        citations={citations}
        source={source instanceof Error ? null : source}
      />
      {source === null && <p class="waiting">{strings.loadingSource}</p>}
      {source instanceof Error && <Gone citation={citation} reason={source} />}
      {source !== null && !(source instanceof Error) && <Shown key={`${message.id} ${number}`} source={source} />}
    </section>
  );
}

function Shown({ source }: { source: Source }) {
  const strings = useStrings();
  if (source.kind === "pdf" && source.file) return <PdfSource source={source} file={source.file} />;
  return (
    <div class="body" tabIndex={0} role="region" aria-label={source.title}>
      {source.kind === "pdf" && <p class="remark">{strings.fileGone}</p>}
      <TextDocument source={source} />
    </div>
  );
}

interface HeadingProps {
  message: Message;
  citation: Citation;
  citations: readonly Citation[];
  source: Source | null;
}

function Heading({ message, citation, citations, source }: HeadingProps) {
  const desk = useDesk();
  const strings = useStrings();
  const [copied, setCopied] = useState(false);
  const at = citations.indexOf(citation);
  const go = (step: number) => {
    const next = citations[at + step];
    if (next) desk.openSource(message, next.number);
  };
  const bank = desk.session.value?.banks.find((one) => one.name === citation.bank);
  const place = [bank?.title ?? citation.bank, placeOf(citation, strings)].filter(Boolean).join(" · ");
  const copy = async () => {
    await copyText(location.href);
    setCopied(true);
    desk.say(strings.linkCopied);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="heading">
      <span class="number" aria-hidden="true">
        {citation.number}
      </span>
      <div class="words">
        <h2 dir="auto">{citation.title}</h2>
        <small dir="auto">{place}</small>
      </div>
      <div class="tools">
        {citations.length > 1 && (
          <>
            <button
              type="button"
              class="tool"
              aria-label={strings.previousSource}
              title={strings.previousSource}
              disabled={at <= 0}
              onClick={() => go(-1)}
            >
              <Icon name="previous" />
            </button>
            <button
              type="button"
              class="tool"
              aria-label={strings.nextSource}
              title={strings.nextSource}
              disabled={at >= citations.length - 1}
              onClick={() => go(1)}
            >
              <Icon name="next" />
            </button>
          </>
        )}
        {!desk.embedding && (
          <>
            <button
              type="button"
              class="tool"
              aria-label={copied ? strings.linkCopied : strings.copyLink}
              title={strings.copyLink}
              onClick={() => void copy()}
            >
              <Icon name={copied ? "check" : "link"} />
            </button>
            {source?.file && (
              <a
                class="tool"
                href={address(source.file)}
                target="_blank"
                rel="noopener"
                aria-label={strings.openFile}
                title={strings.openFile}
              >
                <Icon name="external" />
              </a>
            )}
          </>
        )}
        <button
          type="button"
          class="tool"
          aria-label={strings.closeSource}
          title={strings.closeSource}
          onClick={() => desk.closeSource()}
        >
          <Icon name="close" />
        </button>
      </div>
    </div>
  );
}

function Gone({ citation, reason }: { citation: Citation; reason: Error }) {
  const strings = useStrings();
  const offline = reason instanceof Refused && reason.offline;
  return (
    <div class="body gone" role="alert">
      <h3>{strings.sourceFailed}</h3>
      <p>{offline ? `${strings.unreachable}. ${strings.unreachableMore}` : strings.sourceGone}</p>
      <blockquote dir="auto">{citation.quote}</blockquote>
    </div>
  );
}

function useSource(message: string, number: number): Source | Error | null {
  const { service } = useDesk();
  const [found, setFound] = useState<{ key: string; source: Source | Error } | null>(null);
  const key = `${message} ${number}`;
  useEffect(() => {
    let current = true;
    const keep = (source: Source | Error) => current && setFound({ key, source });
    service
      .source(message, number)
      .then(keep, (reason: unknown) => keep(reason instanceof Error ? reason : new Error(String(reason))));
    return () => {
      current = false;
    };
  }, [key]);
  return found?.key === key ? found.source : null;
}

function keepInside(event: KeyboardEvent, panel: HTMLElement | null): void {
  const stops = [...(panel?.querySelectorAll<HTMLElement>("button:not(:disabled), a[href], [tabindex='0']") ?? [])];
  const [first, last] = [stops[0], stops.at(-1)];
  const from = document.activeElement;
  if (!first || !last) return;
  if (event.shiftKey && (from === first || from === panel)) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && from === last) {
    event.preventDefault();
    first.focus();
  }
}

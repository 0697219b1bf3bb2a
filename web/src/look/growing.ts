import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

const TALLEST_PX = 220;

/** A field that is as tall as the text in it, up to a limit. */
export function useGrowing(text: string): RefObject<HTMLTextAreaElement | null> {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, TALLEST_PX)}px`;
  }, [text]);
  return field;
}

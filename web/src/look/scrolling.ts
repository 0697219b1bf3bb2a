/** Scroll only `box`: an element's own scrollIntoView also moves everything around the box. */
export function bringInto(
  box: Element | null | undefined,
  element: Element | null | undefined,
  at: "start" | "center",
): void {
  if (!box || !element) return;
  const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  const margin = at === "start" ? 12 : (outer.height - Math.min(inner.height, outer.height)) / 2;
  const left = box.scrollLeft + inner.left - outer.left - (outer.width - inner.width) / 2;
  box.scrollTo({ top: box.scrollTop + inner.top - outer.top - margin, left, behavior: "instant" });
}

import type { Citation } from "../api/contract";
import type { Strings } from "../strings";

/** Where in its document a citation stands: page and innermost heading. */
export function placeOf(citation: Citation, strings: Strings): string {
  const heading = citation.headings.at(-1);
  const parts = [
    citation.page ? strings.page(citation.page) : "",
    heading && heading !== citation.title ? heading : "",
  ];
  return parts.filter(Boolean).join(" · ");
}

export function labelOf(citation: Citation, strings: Strings): string {
  return strings.sourceNumber(citation.number, citation.title, placeOf(citation, strings));
}

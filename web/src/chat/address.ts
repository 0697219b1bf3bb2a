/** The page's address: which conversation is open, and which source beside it. */
export interface Place {
  conversation: string | null;
  source: { message: string; number: number } | null;
}

export function placeNow(): Place {
  const found = /^#\/c\/([^/]+)(?:\/m\/([^/]+)\/(\d+))?$/.exec(location.hash);
  if (!found?.[1]) return { conversation: null, source: null };
  const source = found[2] ? { message: decodeURIComponent(found[2]), number: Number(found[3]) } : null;
  return { conversation: decodeURIComponent(found[1]), source };
}

export function hashOf(place: Place): string {
  if (!place.conversation) return "#/";
  const source = place.source ? `/m/${encodeURIComponent(place.source.message)}/${place.source.number}` : "";
  return `#/c/${encodeURIComponent(place.conversation)}${source}`;
}

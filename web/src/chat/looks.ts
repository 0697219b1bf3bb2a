import type { Session } from "../api/contract";

const KEY = "refdesk-look";

/** The last session's title, colour and features, so that the page stands at once; nothing personal is kept. */
export function keptLook(): Session | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept ? (JSON.parse(kept) as Session) : null;
  } catch {
    return null;
  }
}

export function keepLook(session: Session): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...session, csrf: "", visitor: "" }));
  } catch {
    // A browser that keeps nothing waits for the session the next time too.
  }
}

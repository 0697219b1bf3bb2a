/** What was written and not sent yet, kept by this tab across reloads. */
const PREFIX = "refdesk-draft:";

export function draftOf(conversation: string | null): string {
  try {
    return sessionStorage.getItem(PREFIX + (conversation ?? "new")) ?? "";
  } catch {
    return "";
  }
}

export function keepDraft(conversation: string | null, text: string): void {
  try {
    if (text) sessionStorage.setItem(PREFIX + (conversation ?? "new"), text);
    else sessionStorage.removeItem(PREFIX + (conversation ?? "new"));
  } catch {
    // A browser that keeps nothing loses the draft on reload, and nothing else.
  }
}

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Message } from "../api/contract";
import type { Desk } from "../chat/desk";
import type { Inbox } from "./inbox";
import type { Words } from "./words";

export const InboxContext = createContext<Inbox | null>(null);

export function useInbox(): Inbox {
  const inbox = useContext(InboxContext);
  if (!inbox) throw new Error("A part of the inbox stands outside of it.");
  return inbox;
}

export function useWords(): Words {
  return useInbox().words.value;
}

/** What answers and sources ask of the chat page, as the inbox has it: they are shown by the same parts. */
export function deskOf(inbox: Inbox): Desk {
  const desk = {
    strings: inbox.strings,
    session: inbox.session,
    service: inbox.service,
    // A link to a source leads nowhere for whoever has no key, or not this one.
    embedding: true,
    openSource: (message: Message, number: number) => inbox.openSource(message, number),
    closeSource: () => inbox.closeSource(),
    say: (words: string) => inbox.tell(words),
  };
  return desk as unknown as Desk;
}

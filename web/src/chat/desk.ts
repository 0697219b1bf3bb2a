import { batch, computed, effect, signal } from "@preact/signals";

import type { Message, Session, Summary } from "../api/contract";
import { Refused } from "../api/requests";
import type { Service } from "../api/service";
import { applyAccent } from "../look/accent";
import { answerPlain } from "../thread/markdown";
import { chosenStrings, type Strings } from "../strings";
import type { Embedding } from "../widget/embedding";
import { hashOf, placeNow, type Place } from "./address";
import { Conversation } from "./conversation";
import { keepDraft } from "./drafts";
import { keepLook, keptLook } from "./looks";

export type Dialog = { kind: "person" } | { kind: "remove"; conversation: Summary } | { kind: "upload" } | null;

/** What the page shows: the session, the conversations, the open one, and the source beside it. */
export class Desk {
  readonly session = signal<Session | null>(keptLook());
  readonly ready = signal(false);
  readonly failure = signal<Refused | null>(null);
  readonly conversations = signal<readonly Summary[]>([]);
  readonly current: ReturnType<typeof signal<Conversation>>;
  readonly missing = signal(false);
  readonly source = signal<{ message: Message; number: number } | null>(null);
  readonly listShown = signal(false);
  readonly dialog = signal<Dialog>(null);
  readonly online = signal(navigator.onLine);
  readonly said = signal("");
  readonly strings = computed<Strings>(() => chosenStrings(this.session.value?.languages ?? [], navigator.languages));

  private readonly opened = new Map<string, Conversation>();

  /** `embedding` is the other site's page around this one, in the widget. */
  constructor(
    readonly service: Service,
    readonly embedding: Embedding | null = null,
  ) {
    this.current = signal(this.fresh());
    effect(() => {
      const session = this.session.value;
      if (session) applyAccent(session.accent);
      document.documentElement.lang = this.strings.value.code;
      this.service.language = this.strings.value.code;
      const title = this.open.title.value;
      const site = session?.title ?? "Refdesk";
      document.title = title ? `${title} · ${site}` : site;
    });
  }

  get open(): Conversation {
    return this.current.value as Conversation;
  }

  async start(): Promise<void> {
    this.failure.value = null;
    try {
      const session = await this.service.session();
      const conversations = await this.service.conversations();
      keepLook(session);
      batch(() => {
        this.session.value = session;
        this.conversations.value = conversations;
      });
      const last = conversations[0];
      // In the widget each page of the site begins anew; the conversation goes on where it was.
      if (this.embedding && last && !location.hash) this.mark({ conversation: last.id, source: null });
      await this.goTo();
      this.ready.value = true;
    } catch (reason) {
      this.failure.value =
        reason instanceof Refused ? reason : new Refused({ code: "failed", message: String(reason), hint: "" }, 0);
    }
  }

  /** Show what the page's address says. */
  async goTo(): Promise<void> {
    const place = placeNow();
    await this.show(place.conversation);
    const message = this.open.messages.value.find((one) => one.id === place.source?.message);
    const cited = place.source && message && citationsOf(message).some((one) => one.number === place.source?.number);
    this.source.value = cited && place.source && message ? { message, number: place.source.number } : null;
  }

  /** Go to a place of this page. In the widget the site's own history stays as it is. */
  go(place: Place): void {
    this.listShown.value = false;
    if (!this.embedding) {
      location.hash = hashOf(place);
      return;
    }
    this.mark(place);
    void this.goTo();
  }

  startNew(): void {
    this.go({ conversation: null, source: null });
  }

  openSource(message: Message, number: number): void {
    this.go({ conversation: this.open.id.value, source: { message: message.id, number } });
  }

  closeSource(): void {
    this.go({ conversation: this.open.id.value, source: null });
  }

  /** Write the place into the address, without going there. */
  private mark(place: Place): void {
    history.replaceState(null, "", hashOf(place));
  }

  async remove(conversation: Summary): Promise<void> {
    await this.service.remove(conversation.id);
    this.opened.get(conversation.id)?.unfollow();
    this.opened.delete(conversation.id);
    this.conversations.value = this.conversations.value.filter((one) => one.id !== conversation.id);
    if (this.open.id.value === conversation.id) this.startNew();
  }

  /** Say something to those who listen to the page rather than look at it. */
  say(words: string): void {
    this.said.value = words;
  }

  setOnline(online: boolean): void {
    this.online.value = online;
    if (online && this.failure.value) void this.start();
    if (online && this.open.unsent.value && !this.open.turn.value) void this.open.sendAgain();
  }

  setVisible(visible: boolean): void {
    if (visible) this.open.follow();
    else if (this.open.state.value === "bot" && !this.open.turn.value) this.open.unfollow();
  }

  private async show(id: string | null): Promise<void> {
    if (this.open.id.value === id) return;
    const leaving = this.open;
    const next = (id && this.opened.get(id)) || this.fresh();
    batch(() => {
      this.current.value = next;
      this.missing.value = false;
    });
    if (!leaving.turn.value) leaving.unfollow();
    if (!id) return;
    this.opened.set(id, next);
    try {
      if (!next.loaded.value) await next.open(id);
      next.follow();
    } catch (reason) {
      this.opened.delete(id);
      if (!(reason instanceof Refused) || reason.offline || reason.status >= 500) throw reason;
      this.missing.value = true;
    }
  }

  private fresh(): Conversation {
    return new Conversation(
      this.service,
      (began) => this.took(began),
      (conversation, message) => this.happened(conversation, message),
    );
  }

  /** A new conversation has got its id. */
  private took(began: Conversation): void {
    const id = began.id.value ?? "";
    this.opened.set(id, began);
    this.conversations.value = [
      { id, title: began.title.value, created: new Date().toISOString() },
      ...this.conversations.value,
    ];
    if (this.open === began) this.mark({ conversation: id, source: null });
    began.follow();
  }

  private happened(conversation: Conversation, message: Message): void {
    if (message.role === "user") {
      keepDraft(null, "");
      return;
    }
    this.embedding?.news();
    if (conversation === this.open && message.role !== "system") {
      const speaker = message.role === "assistant" ? this.strings.value.answered : `${message.author}:`;
      this.say(`${speaker} ${answerPlain(message.text)}`);
    }
    const known = this.conversations.value.find((one) => one.id === conversation.id.value);
    if (!known?.title) void this.refreshList(conversation);
  }

  private async refreshList(conversation: Conversation): Promise<void> {
    const found = await this.service.conversations().catch(() => null);
    if (!found) return;
    const summary = found.find((one) => one.id === conversation.id.value);
    batch(() => {
      this.conversations.value = found;
      if (summary) conversation.title.value = summary.title;
    });
  }
}

export function citationsOf(message: Message): Message["citations"] {
  return message.abstained && !message.citations.length ? message.closest : message.citations;
}

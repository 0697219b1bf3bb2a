import { batch, computed, effect, signal } from "@preact/signals";

import type { Message, Session } from "../api/contract";
import { Refused } from "../api/requests";
import { address } from "../api/site";
import { newId } from "../chat/conversation";
import { applyAccent } from "../look/accent";
import { chosenStrings } from "../strings";
import type { Detail, Line, Proposal } from "./contract";
import { keep, kept } from "./keeping";
import { InboxService } from "./service";
import { wordsIn } from "./words";

export type View = "open" | "over" | "knowledge";

const KEY = "refdesk-inbox-key";
const NAME = "refdesk-inbox-name";
const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 6000;
/** Why the way to an account ended here, as the service writes it into the address. */
const ANSWER = "sign-in";
const WAIT_MS = 1500;

/** What the inbox shows: the tickets, the one that is chosen, what is proposed, and the source beside it. */
export class Inbox {
  readonly session = signal<Session | null>(null);
  readonly signedIn = signal<boolean | null>(null);
  readonly refusal = signal("");
  readonly view = signal<View>("open");
  readonly lines = signal<readonly Line[]>([]);
  readonly chosen = signal<string | null>(null);
  readonly detail = signal<Detail | null>(null);
  readonly proposals = signal<readonly Proposal[] | null>([]);
  readonly accepted = signal<readonly Proposal[]>([]);
  readonly banks = signal<readonly string[]>([]);
  readonly source = signal<{ message: Message; number: number } | null>(null);
  readonly connected = signal(true);
  readonly said = signal("");
  readonly name = signal(kept(NAME));
  readonly closing = signal(false);
  /** The ticket whose customer is writing. */
  readonly writing = signal<string | null>(null);
  readonly strings = computed(() => chosenStrings(["en", "de"], navigator.languages));
  readonly words = computed(() => wordsIn(this.strings.value.code));
  readonly waiting = computed(() => this.lines.value.filter((one) => one.state === "waiting").length);
  readonly service = new InboxService();

  private after = 0;
  private following: AbortController | null = null;
  private typed = 0;
  private writingTimer = 0;
  private looking = 0;
  private refreshing = 0;

  constructor() {
    this.service.key = kept(KEY);
    effect(() => {
      const session = this.session.value;
      if (session) applyAccent(session.accent);
      document.documentElement.lang = this.strings.value.code;
      const count = this.view.value === "open" && this.waiting.value ? `(${this.waiting.value}) ` : "";
      document.title = `${count}${this.words.value.inbox} · ${session?.title ?? "Refdesk"}`;
    });
  }

  get key(): string {
    return this.service.key;
  }

  /** The address at which one signs in with an account, to come back to this place. */
  get signInAddress(): string {
    return address(`api/staff/sign-in?next=${encodeURIComponent(`/inbox${location.hash}`)}`);
  }

  async start(): Promise<void> {
    this.told();
    try {
      const session = await this.service.session();
      this.session.value = session;
      if (session.staff && !this.name.value) this.name.value = session.staff.name;
      await this.goTo();
      await this.refresh();
      this.signedIn.value = true;
      this.follow();
    } catch (reason) {
      this.failed(reason);
    }
  }

  signIn(key: string): Promise<void> {
    this.service.key = key.trim();
    keep(KEY, this.service.key);
    this.refusal.value = "";
    return this.start();
  }

  async signOut(): Promise<void> {
    const withKey = this.key;
    keep(KEY, "");
    if (withKey || !this.session.value?.staff) return location.reload();
    keep(NAME, "");
    const out = await this.service.signOut().catch((reason: unknown) => this.failed(reason));
    if (out) location.assign(out.url || location.pathname);
  }

  call(name: string): void {
    this.name.value = name;
    keep(NAME, name);
  }

  /** The page's address has changed. */
  moved(): void {
    this.goTo().catch((reason: unknown) => this.failed(reason));
  }

  /** Show what the page's address says. */
  async goTo(): Promise<void> {
    const [, place, id] = /^#\/(t|over|knowledge)(?:\/(.+))?$/.exec(location.hash) ?? [];
    const chosen = place === "t" && id ? decodeURIComponent(id) : null;
    batch(() => {
      if (place === "over" || place === "knowledge") this.view.value = place;
      else if (!place || this.view.value === "knowledge") this.view.value = "open";
      if (chosen !== this.chosen.value) this.detail.value = null;
      this.chosen.value = chosen;
      this.source.value = null;
      this.closing.value = false;
    });
    if (this.signedIn.value) await this.refresh();
  }

  /** What the service keeps takes the place of what this page knew. */
  async refresh(): Promise<void> {
    const round = ++this.refreshing;
    const id = this.chosen.value;
    const [listed, detail] = await Promise.all([
      this.service.tickets(this.view.value === "over"),
      id ? this.service.ticket(id).catch(gone) : null,
    ]);
    const known = this.view.value === "knowledge" ? await this.knowledge().catch(forbidden) : null;
    if (round !== this.refreshing) return;
    batch(() => {
      this.announce(listed.tickets);
      this.lines.value = listed.tickets;
      this.after = Math.max(this.after, listed.seq);
      this.detail.value = detail;
      if (this.view.value === "knowledge") {
        this.proposals.value = known?.proposed ?? null;
        this.accepted.value = known?.accepted ?? [];
        this.banks.value = known?.banks ?? [];
      }
    });
  }

  /** Do something, and show what came of it; what was refused is said. */
  async act(doing: () => Promise<unknown>): Promise<boolean> {
    this.refusal.value = "";
    try {
      await doing();
      return true;
    } catch (reason) {
      this.failed(reason);
      return false;
    } finally {
      await this.refresh().catch((reason: unknown) => this.failed(reason));
    }
  }

  claim(takeOver = false): Promise<boolean> {
    const id = this.chosen.value ?? "";
    const name = this.name.value.trim() || this.words.value.somebody;
    return this.act(() => this.service.claim(id, name, takeOver));
  }

  say(text: string, id: string = newId()): Promise<boolean> {
    const ticket = this.chosen.value ?? "";
    this.typed = 0;
    return this.act(() => this.service.say(ticket, id, text));
  }

  typing(): void {
    const moment = Date.now();
    if (!this.chosen.value || moment - this.typed < TYPING_EVERY_MS) return;
    this.typed = moment;
    this.service.typing(this.chosen.value).catch(() => undefined);
  }

  step(by: number): void {
    const lines = this.lines.value;
    const at = lines.findIndex((one) => one.id === this.chosen.value);
    const next = lines[Math.max(0, Math.min(lines.length - 1, at + by))];
    if (next) location.hash = `#/t/${encodeURIComponent(next.id)}`;
  }

  openSource(message: Message, number: number): void {
    this.source.value = { message, number };
  }

  closeSource(): void {
    this.source.value = null;
  }

  tell(words: string): void {
    this.said.value = words;
  }

  private async knowledge(): Promise<{ proposed: Proposal[]; accepted: Proposal[]; banks: string[] }> {
    const [proposed, accepted] = await Promise.all([
      this.service.proposals("proposed"),
      this.service.proposals("accepted"),
    ]);
    clearTimeout(this.looking);
    // Nothing tells of a job's end here: look again while one is under way.
    const working = accepted.proposals.some((one) => one.progress === "queued" || one.progress === "running");
    if (working) this.looking = window.setTimeout(() => void this.refresh().catch(() => undefined), WAIT_MS);
    return { proposed: proposed.proposals, accepted: accepted.proposals, banks: proposed.banks };
  }

  private announce(lines: readonly Line[]): void {
    const known = new Set(this.lines.value.map((one) => one.id));
    const fresh = lines.filter((one) => one.state === "waiting" && !known.has(one.id));
    if (fresh.length && this.signedIn.value) this.said.value = this.words.value.waitingNow(fresh.length);
  }

  private follow(): void {
    this.following?.abort();
    this.following = new AbortController();
    void this.run(this.following.signal);
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const events = await this.service.follow(String(this.after), signal);
        await this.refresh();
        this.connected.value = true;
        for await (const event of events) {
          if (event.id) this.after = Number(event.id);
          if (event.name === "customer_typing") this.showWriting((event.data as { ticket: string }).ticket);
          else {
            if (event.name === "message") this.writing.value = null;
            await this.refresh();
          }
        }
      } catch (reason) {
        if (signal.aborted || (reason instanceof Refused && [401, 403].includes(reason.status)))
          return this.failed(reason);
        this.connected.value = false;
      }
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }

  private showWriting(ticket: string): void {
    this.writing.value = ticket;
    clearTimeout(this.writingTimer);
    this.writingTimer = window.setTimeout(() => (this.writing.value = null), TYPING_SHOWN_MS);
  }

  /** Why the way to an account ended here; said once, and then gone from the address. */
  private told(): void {
    const here = new URL(location.href);
    const why = here.searchParams.get(ANSWER);
    if (why === null) return;
    this.refusal.value = this.words.value.notSignedIn[why] ?? this.words.value.notSignedIn["untrusted"] ?? "";
    here.searchParams.delete(ANSWER);
    history.replaceState(null, "", here);
  }

  /** Whoever was signed in may be so no longer: the service says who is. */
  private async turnedAway(refused: Refused): Promise<void> {
    this.following?.abort();
    const session = await this.service.session().catch(() => this.session.value);
    batch(() => {
      this.session.value = session;
      if (this.key) this.refusal.value = `${refused.message} ${refused.hint}`;
      else if (session?.staff) this.refusal.value = this.words.value.mayNotAnswer;
      this.signedIn.value = false;
    });
  }

  private failed(reason: unknown): void {
    const refused =
      reason instanceof Refused ? reason : new Refused({ code: "failed", message: String(reason), hint: "" }, 0);
    if (refused.status === 401 || refused.status === 403) {
      void this.turnedAway(refused);
      return;
    }
    const strings = this.strings.value;
    this.refusal.value = refused.offline
      ? `${strings.unreachable}. ${strings.unreachableMore}`
      : `${refused.message} ${refused.hint}`;
    this.signedIn.value ??= false;
  }
}

function gone(reason: unknown): null {
  if (reason instanceof Refused && reason.status === 404) return null;
  throw reason;
}

function forbidden(reason: unknown): null {
  if (reason instanceof Refused && reason.status === 403) return null;
  throw reason;
}

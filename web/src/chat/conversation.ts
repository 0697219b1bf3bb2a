import { batch, signal } from "@preact/signals";

import type { Conversation as Stored, Message, Progress, Rating, State } from "../api/contract";
import { Refused } from "../api/requests";
import type { Service } from "../api/service";
import type { ServerEvent } from "../api/sse";
import { Following } from "./following";

/** A turn at work: what the service has told of it so far. `resumed`: it is followed, as its own stream was lost. */
export interface Turn {
  text: string;
  steps: Progress[];
  accepted: boolean;
  resumed: boolean;
  stopping: boolean;
}

export interface Failure {
  message: string;
  hint: string;
  offline: boolean;
}

const FRESH: Turn = { text: "", steps: [], accepted: false, resumed: false, stopping: false };
const TYPING_SHOWN_MS = 6000;
const TYPING_EVERY_MS = 3000;

/** One conversation, as this page knows it. */
export class Conversation {
  readonly id = signal<string | null>(null);
  readonly title = signal("");
  readonly state = signal<State>("bot");
  readonly messages = signal<readonly Message[]>([]);
  readonly turn = signal<Turn | null>(null);
  readonly failure = signal<Failure | null>(null);
  /** A message that the service has not taken yet; it keeps its id, so that sending it again cannot say it twice. */
  readonly unsent = signal<{ id: string; text: string } | null>(null);
  readonly typing = signal<string | null>(null);
  readonly connected = signal(true);
  readonly loaded = signal(false);

  private readonly following: Following;
  private typingTimer = 0;
  private typed = 0;
  private runs = 0;

  constructor(
    private readonly service: Service,
    private readonly began: (conversation: Conversation) => void,
    private readonly happened: (conversation: Conversation, message: Message) => void,
  ) {
    this.following = new Following(service, {
      take: (event) => this.take(event),
      reload: () => this.reload(),
      connected: this.connected,
    });
  }

  async open(id: string): Promise<void> {
    this.id.value = id;
    this.become(await this.service.conversation(id));
  }

  /** Live events reach this page while it is shown. */
  follow(): void {
    if (this.id.value) this.following.start(this.id.value);
  }

  unfollow(): void {
    this.following.stop();
  }

  async send(text: string, id: string = newId()): Promise<void> {
    if (this.turn.value) return;
    this.typed = 0;
    batch(() => {
      this.unsent.value = { id, text };
      this.failure.value = null;
      this.turn.value = this.state.value === "bot" ? { ...FRESH } : null;
    });
    await this.run(async () => {
      if (!this.id.value) await this.begin();
      return this.service.ask(this.id.value ?? "", id, text);
    });
  }

  /** Let a person who has this conversation see that one writes; nothing of what is written goes out. */
  isTyping(): void {
    const moment = Date.now();
    if (this.state.value !== "human" || !this.id.value || moment - this.typed < TYPING_EVERY_MS) return;
    this.typed = moment;
    this.service.typing(this.id.value).catch(() => undefined);
  }

  async sendAgain(): Promise<void> {
    const unsent = this.unsent.value;
    if (unsent) await this.send(unsent.text, unsent.id);
  }

  async retry(message: string): Promise<void> {
    if (this.turn.value || !this.id.value) return;
    batch(() => {
      this.failure.value = null;
      this.turn.value = { ...FRESH };
    });
    // The answer until now gives way, at the service too.
    this.messages.value = this.messages.value.filter((one) => one.id !== message || one.role === "user");
    await this.run(async () => this.service.retry(this.id.value ?? "", message));
    if (this.failure.value) await this.reload().catch(() => undefined);
  }

  async stop(): Promise<void> {
    if (!this.turn.value || !this.id.value) return;
    this.turn.value = { ...this.turn.value, stopping: true };
    await this.service.stop(this.id.value).catch(() => {
      if (this.turn.value) this.turn.value = { ...this.turn.value, stopping: false };
    });
  }

  async rate(message: Message, rating: Rating, reason: string): Promise<void> {
    const before = message.feedback;
    this.put({ ...message, feedback: rating ? { rating, reason } : null });
    await this.service.rate(message.id, rating, reason).catch((refused: unknown) => {
      this.put({ ...message, feedback: before });
      throw refused;
    });
  }

  async askForPerson(reason: string, contact: string): Promise<void> {
    if (!this.id.value) await this.begin();
    this.state.value = (await this.service.handover(this.id.value ?? "", reason, contact)).state;
  }

  private async begin(): Promise<void> {
    const made = await this.service.create();
    batch(() => {
      this.id.value = made.id;
      this.title.value = made.title;
      this.loaded.value = true;
    });
    this.began(this);
  }

  private async run(start: () => Promise<AsyncGenerator<ServerEvent>>): Promise<void> {
    const run = ++this.runs;
    try {
      for await (const event of await start()) {
        // Live events may have told the answer first, and the next question be under way already.
        if (run !== this.runs) return;
        this.take(event);
      }
      if (this.turn.value) await this.reload();
    } catch (reason) {
      if (run === this.runs) this.lost(reason);
    }
  }

  /** The stream of a turn broke. What was accepted goes on at the service, and is followed. */
  private lost(reason: unknown): void {
    if (this.turn.value?.accepted && !(reason instanceof Refused && !reason.offline)) {
      this.turn.value = { ...this.turn.value, resumed: true };
      this.following.restart();
      return;
    }
    batch(() => {
      this.turn.value = null;
      this.failure.value = failureOf(reason);
    });
  }

  private take(event: ServerEvent): void {
    const data = event.data as { message: Message; text: string; state: State; author?: string; error: Failure };
    const turn = this.turn.value;
    if (event.name === "accepted") this.accepted(data.message);
    else if (event.name === "progress" && turn)
      this.turn.value = { ...turn, steps: [...turn.steps, event.data as Progress] };
    else if (event.name === "delta" && turn) this.turn.value = { ...turn, text: turn.text + data.text };
    else if (event.name === "answer") this.arrived(data.message);
    else if (event.name === "message") this.arrived(data.message ?? (event.data as Message));
    else if (event.name === "state") this.state.value = data.state;
    else if (event.name === "typing") this.showTyping(data.author ?? "");
    else if (event.name === "error") this.failed(data.error);
    else if (event.name === "end") this.turn.value = null;
  }

  private accepted(message: Message): void {
    batch(() => {
      this.put({ ...message, status: message.status === "pending" ? "complete" : message.status });
      this.unsent.value = null;
      if (this.turn.value) this.turn.value = { ...this.turn.value, accepted: true };
    });
    this.happened(this, message);
  }

  private arrived(message: Message): void {
    if (message.status === "pending") return;
    batch(() => {
      this.put(message);
      if (message.id === this.unsent.value?.id) this.unsent.value = null;
      if (message.role !== "user") {
        if (message.role === "assistant") this.turn.value = null;
        this.typing.value = null;
        this.failure.value = null;
      }
    });
    this.happened(this, message);
  }

  private failed(error: Failure): void {
    batch(() => {
      this.turn.value = null;
      this.failure.value = { message: error.message, hint: error.hint, offline: false };
    });
  }

  private showTyping(author: string): void {
    this.typing.value = author;
    clearTimeout(this.typingTimer);
    this.typingTimer = window.setTimeout(() => (this.typing.value = null), TYPING_SHOWN_MS);
  }

  /** What the service keeps takes the place of what this page knew. */
  private async reload(): Promise<void> {
    if (this.id.value) this.become(await this.service.conversation(this.id.value));
  }

  private become(stored: Stored): void {
    const pending = stored.messages.some((message) => message.status === "pending");
    const streaming = this.turn.value !== null && !this.turn.value.resumed && this.turn.value.accepted;
    batch(() => {
      this.title.value = stored.title;
      this.state.value = stored.state;
      this.messages.value = stored.messages.filter((one) => !(one.status === "pending" && one.role === "assistant"));
      if (stored.messages.some((message) => message.id === this.unsent.value?.id)) this.unsent.value = null;
      if (!pending) this.turn.value = null;
      this.loaded.value = true;
    });
    this.following.from(String(stored.seq));
    if (pending && !streaming) void this.resume();
  }

  /** The same question under the same id is the same turn: the service tells it again from its beginning. */
  private async resume(): Promise<void> {
    const question = this.messages.value.findLast((message) => message.role === "user");
    if (!question) return;
    this.turn.value = { ...FRESH, accepted: true };
    await this.run(async () => this.service.ask(this.id.value ?? "", question.id, question.text));
  }

  private put(message: Message): void {
    const known = this.messages.value;
    const at = known.findIndex((one) => one.id === message.id);
    this.messages.value = at < 0 ? [...known, message] : known.map((one, index) => (index === at ? message : one));
  }
}

export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  // Pages over plain HTTP on another host have no randomUUID; they do have random bytes.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function failureOf(reason: unknown): Failure {
  if (reason instanceof Refused) return { message: reason.message, hint: reason.hint, offline: reason.offline };
  return { message: "", hint: "", offline: true };
}

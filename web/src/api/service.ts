import type { Conversation, Job, Rating, Session, Source, State, Summary } from "./contract";
import { Requests } from "./requests";
import { serverEvents, type ServerEvent } from "./sse";

/** The service, one method per thing that the page asks of it. */
export class Service {
  private readonly requests = new Requests();

  /** `pass` gives what the visitor is known by where there are no cookies. */
  constructor(private readonly pass?: () => Promise<string>) {
    this.requests.renew = pass ? () => this.enter(pass) : () => this.session();
  }

  /** The language that the page speaks. */
  set language(code: string) {
    this.requests.language = code;
  }

  /** The headers by which the visitor is known where there are no cookies. */
  get headers(): Record<string, string> {
    return this.requests.authorization ? { Authorization: this.requests.authorization } : {};
  }

  private async enter(pass: () => Promise<string>): Promise<void> {
    this.requests.authorization = `Bearer ${await pass()}`;
  }

  async session(): Promise<Session> {
    if (this.pass && !this.requests.authorization) await this.enter(this.pass);
    const session = await this.requests.json<Session>("api/session");
    this.requests.token = session.csrf;
    return session;
  }

  conversations(): Promise<Summary[]> {
    return this.requests.json("api/conversations");
  }

  conversation(id: string): Promise<Conversation> {
    return this.requests.json(conversationPath(id));
  }

  create(): Promise<Summary> {
    return this.requests.json("api/conversations", { method: "POST", body: {} });
  }

  remove(id: string): Promise<void> {
    return this.requests.json(conversationPath(id), { method: "DELETE" });
  }

  async *ask(conversation: string, id: string, text: string): AsyncGenerator<ServerEvent> {
    yield* this.turn(`${conversationPath(conversation)}/messages`, { id, text });
  }

  async *retry(conversation: string, message: string): AsyncGenerator<ServerEvent> {
    yield* this.turn(`${conversationPath(conversation)}/retry`, { message });
  }

  private async *turn(path: string, body: unknown): AsyncGenerator<ServerEvent> {
    yield* serverEvents(await this.requests.stream(path, { method: "POST", body }));
  }

  /** Resolves once connected; yields what happens after the event `after`, or from the first on. */
  async follow(conversation: string, after: string, signal: AbortSignal): Promise<AsyncGenerator<ServerEvent>> {
    const path = `${conversationPath(conversation)}/events${after ? `?after=${encodeURIComponent(after)}` : ""}`;
    const headers: Record<string, string> = after ? { "Last-Event-ID": after } : {};
    return serverEvents(await this.requests.stream(path, { headers, signal }));
  }

  typing(conversation: string): Promise<void> {
    return this.requests.json(`${conversationPath(conversation)}/typing`, { method: "POST", body: {} });
  }

  stop(conversation: string): Promise<void> {
    return this.requests.json(`${conversationPath(conversation)}/stop`, { method: "POST", body: {} });
  }

  rate(message: string, rating: Rating, reason: string): Promise<void> {
    const path = `api/messages/${encodeURIComponent(message)}/feedback`;
    return this.requests.json(path, { method: "POST", body: { rating, reason } });
  }

  handover(conversation: string, reason: string, contact: string): Promise<{ state: State }> {
    return this.requests.json(`${conversationPath(conversation)}/handover`, {
      method: "POST",
      body: { reason, contact },
    });
  }

  source(message: string, number: number): Promise<Source> {
    return this.requests.json(`api/messages/${encodeURIComponent(message)}/citations/${number}/source`);
  }

  upload(bank: string, file: File): Promise<{ job: string }> {
    const body = new FormData();
    body.append("file", file, file.name);
    return this.requests.json(`api/uploads?bank=${encodeURIComponent(bank)}`, { method: "POST", body });
  }

  job(id: string): Promise<Job> {
    return this.requests.json(`api/jobs/${encodeURIComponent(id)}`);
  }
}

function conversationPath(id: string): string {
  return `api/conversations/${encodeURIComponent(id)}`;
}

import type { Message, Session, Source } from "../api/contract";
import { Requests } from "../api/requests";
import { serverEvents, type ServerEvent } from "../api/sse";
import type { Detail, Line, Proposal, Ticket } from "./contract";

/** The service, as people behind it use it: with a key, or as somebody at its own machine. */
export class InboxService {
  key = "";
  private readonly requests = new Requests();

  constructor() {
    this.requests.renew = () => this.session();
  }

  async session(): Promise<Session> {
    const session = await this.requests.json<Session>("api/session", this.as({}));
    this.requests.token = session.csrf;
    return session;
  }

  /** End the session of somebody who signed in with an account; where they may want to sign out as well. */
  signOut(): Promise<{ url: string }> {
    return this.post("api/staff/sign-out", {});
  }

  tickets(ended: boolean): Promise<{ tickets: Line[]; seq: number }> {
    return this.requests.json(`api/inbox?ended=${ended}`, this.as({}));
  }

  ticket(id: string): Promise<Detail> {
    return this.requests.json(path(id), this.as({}));
  }

  claim(id: string, name: string, takeOver: boolean): Promise<Ticket> {
    return this.post(`${path(id)}/claim`, { name, take_over: takeOver });
  }

  say(id: string, message: string, text: string): Promise<Message> {
    return this.post(`${path(id)}/answer`, { id: message, text });
  }

  typing(id: string): Promise<void> {
    return this.post(`${path(id)}/typing`, {});
  }

  giveBack(id: string): Promise<Ticket> {
    return this.post(`${path(id)}/return`, {});
  }

  close(id: string): Promise<Ticket> {
    return this.post(`${path(id)}/close`, {});
  }

  deliver(id: string): Promise<void> {
    return this.post(`${path(id)}/deliver`, {});
  }

  proposals(state: Proposal["state"]): Promise<{ proposals: Proposal[]; banks: string[] }> {
    return this.requests.json(`api/proposals?state=${state}&limit=50`, this.as({}));
  }

  accept(id: string, question: string, answer: string, bank: string): Promise<Proposal> {
    return this.post(`api/proposals/${encodeURIComponent(id)}/accept`, { question, answer, bank });
  }

  reject(id: string): Promise<Proposal> {
    return this.post(`api/proposals/${encodeURIComponent(id)}/reject`, {});
  }

  /** Resolves once connected; yields what happens to tickets after the event `after`. */
  async follow(after: string, signal: AbortSignal): Promise<AsyncGenerator<ServerEvent>> {
    return serverEvents(await this.requests.stream(`api/inbox/events?after=${after}`, this.as({ signal })));
  }

  source(message: string, number: number): Promise<Source> {
    return this.requests.json(`api/messages/${encodeURIComponent(message)}/citations/${number}/source`, this.as({}));
  }

  /** The headers by which the service knows who reads. */
  get headers(): Record<string, string> {
    return this.key ? { Authorization: `Bearer ${this.key}` } : {};
  }

  private post<T>(place: string, body: unknown): Promise<T> {
    return this.requests.json(place, this.as({ method: "POST", body }));
  }

  private as<T extends object>(sending: T): T & { headers: Record<string, string> } {
    return { ...sending, headers: this.headers };
  }
}

function path(id: string): string {
  return `api/inbox/${encodeURIComponent(id)}`;
}

import type { Signal } from "@preact/signals";

import { Refused } from "../api/requests";
import type { Service } from "../api/service";
import type { ServerEvent } from "../api/sse";

interface Listener {
  take: (event: ServerEvent) => void;
  reload: () => Promise<void>;
  connected: Signal<boolean>;
}

const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const FINAL = [401, 403, 404, 410];

/** Keeps the live events of one conversation coming, whatever happens to the connection. */
export class Following {
  private conversation: string | null = null;
  private stopping: AbortController | null = null;
  private after = "";
  private wake: () => void = () => undefined;

  constructor(
    private readonly service: Service,
    private readonly listener: Listener,
  ) {}

  start(conversation: string): void {
    if (this.conversation === conversation && this.stopping) return;
    this.stop();
    this.conversation = conversation;
    this.stopping = new AbortController();
    void this.run(conversation, this.stopping.signal);
  }

  stop(): void {
    this.stopping?.abort();
    this.stopping = null;
    this.wake();
  }

  /** Events up to `seq` are known. */
  from(seq: string): void {
    if (Number(seq) > Number(this.after || "0")) this.after = seq;
  }

  /** What came since may have been lost: connect anew, and load what is kept. */
  restart(): void {
    const conversation = this.conversation;
    if (!conversation) return;
    this.stop();
    this.stopping = new AbortController();
    void this.run(conversation, this.stopping.signal, true);
  }

  private async run(conversation: string, signal: AbortSignal, broken = false): Promise<void> {
    let wait = SHORTEST_WAIT_MS;
    while (!signal.aborted) {
      try {
        const events = await this.service.follow(conversation, this.after, signal);
        if (broken) await this.listener.reload();
        this.listener.connected.value = true;
        broken = false;
        wait = SHORTEST_WAIT_MS;
        for await (const event of events) {
          if (event.id) this.after = event.id;
          this.listener.take(event);
        }
      } catch (reason) {
        if (signal.aborted || (reason instanceof Refused && FINAL.includes(reason.status))) return;
        this.listener.connected.value = false;
      }
      broken = true;
      await this.pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds * (0.75 + Math.random() / 2));
      addEventListener("online", done);
      this.wake = done;
    });
  }
}

import { address } from "../api/site";
import { Refused } from "../api/requests";

const PATIENCE_MS = 10_000;

/** The page around the frame: it vouches for its origin with a grant, and is told what concerns it. */
export class Embedding {
  /** A pass for this visitor, known again by a cookie that no script reads; the page around sees neither. */
  async pass(): Promise<string> {
    const grant = await this.grant();
    const response = await fetch(address("api/widget/token"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ grant }),
    }).catch(() => null);
    if (!response) throw new Refused({ code: "offline", message: "", hint: "" }, 0);
    const said = (await response.json()) as {
      token: string;
      ticket: string;
      error?: { message: string; hint: string };
    };
    if (said.error) throw new Refused({ code: "wrong_grant", ...said.error }, response.status);
    return said.token;
  }

  close(): void {
    this.tell("close");
  }

  news(): void {
    this.tell("news");
  }

  private grant(): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("message", heard);
      };
      const heard = (event: MessageEvent<{ refdesk?: string; grant?: string }>) => {
        if (event.source !== parent || event.data?.refdesk !== "granted") return;
        done();
        resolve(event.data.grant ?? "");
      };
      const timer = setTimeout(() => {
        done();
        reject(new Refused({ code: "offline", message: "", hint: "" }, 0));
      }, PATIENCE_MS);
      addEventListener("message", heard);
      this.tell("grant");
    });
  }

  /** Nothing secret is said, so that it may be heard by whichever page holds the frame. */
  private tell(word: string): void {
    parent.postMessage({ refdesk: word }, "*");
  }
}

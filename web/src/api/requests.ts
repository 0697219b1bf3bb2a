import type { Refusal } from "./contract";
import { address } from "./site";

/** The service said no, or could not be reached (`code` is "offline" then). */
export class Refused extends Error {
  readonly code: string;
  readonly hint: string;
  readonly status: number;

  constructor(refusal: Refusal, status: number) {
    super(refusal.message);
    this.code = refusal.code;
    this.hint = refusal.hint;
    this.status = status;
  }

  get offline(): boolean {
    return this.code === "offline";
  }
}

interface Sending {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const RENEWABLE = ["forged", "unauthenticated"];

/** Requests with this visitor's cookie, and with the token that unsafe methods need. */
export class Requests {
  token = "";
  /** The language that the page speaks: the service's own words are to be in it too. */
  language = "";
  /** What stands for a cookie where there is none: in the widget. */
  authorization = "";
  /** Fetches a token anew; called once where the service does not take the one known. */
  renew: () => Promise<unknown> = () => Promise.resolve();

  async json<T>(path: string, sending: Sending = {}): Promise<T> {
    const response = await this.send(path, sending);
    return (response.status === 204 || response.status === 202 ? undefined : await response.json()) as T;
  }

  async stream(path: string, sending: Sending = {}): Promise<ReadableStream<Uint8Array>> {
    const headers = { Accept: "text/event-stream", ...sending.headers };
    const response = await this.send(path, { ...sending, headers });
    if (!response.body) throw new Refused({ code: "offline", message: "", hint: "" }, 0);
    return response.body;
  }

  async send(path: string, sending: Sending): Promise<Response> {
    try {
      return await this.sendOnce(path, sending);
    } catch (reason) {
      if (!(reason instanceof Refused && RENEWABLE.includes(reason.code))) throw reason;
      await this.renew();
      return this.sendOnce(path, sending);
    }
  }

  private async sendOnce(path: string, sending: Sending): Promise<Response> {
    const method = sending.method ?? "GET";
    const headers: Record<string, string> = { ...sending.headers };
    const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
    if (this.authorization) headers["Authorization"] = this.authorization;
    if (this.language) headers["Accept-Language"] = this.language;
    if (method !== "GET") headers["X-Refdesk-CSRF"] = this.token;
    if (sending.body instanceof FormData) init.body = sending.body;
    else if (sending.body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(sending.body);
    }
    if (sending.signal) init.signal = sending.signal;
    const response = await fetch(address(path), init).catch((reason: unknown) => {
      if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
      throw new Refused({ code: "offline", message: String(reason), hint: "" }, 0);
    });
    if (!response.ok) throw new Refused(await refusal(response), response.status);
    return response;
  }
}

async function refusal(response: Response): Promise<Refusal> {
  const plain = {
    code: String(response.status),
    message: `${response.status} ${response.statusText}`.trim(),
    hint: "",
  };
  try {
    const body = (await response.json()) as { error?: Partial<Refusal> };
    return { ...plain, ...body.error };
  } catch {
    return plain;
  }
}

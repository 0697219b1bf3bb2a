/** What the service sends and takes, as its HTTP interface promises it. */

export interface Session {
  csrf: string;
  visitor: string;
  title: string;
  tagline: string;
  accent: string;
  logo: string;
  languages: string[];
  suggested: string[];
  features: { handover: boolean; upload: boolean; feedback: boolean };
  model: { name: string; host: string } | null;
  banks: Bank[];
  /** Where staff sign in, if they do so with accounts; and who has. */
  sign_in?: { name: string } | null;
  staff?: { name: string } | null;
}

export interface Bank {
  name: string;
  title: string;
  description: string;
}

export interface Summary {
  id: string;
  title: string;
  created: string;
}

export type State = "bot" | "waiting" | "human" | "closed";

export interface Conversation extends Summary {
  state: State;
  messages: Message[];
  /** The number of the newest event: live events go on after it. */
  seq: number;
}

export type Role = "user" | "assistant" | "agent" | "system";
export type Status = "complete" | "stopped" | "failed" | "pending";
export type Rating = "up" | "down" | null;

export interface Message {
  id: string;
  role: Role;
  text: string;
  author: string | null;
  created: string;
  status: Status;
  abstained: boolean;
  confidence: number | null;
  citations: Citation[];
  closest: Citation[];
  followups: string[];
  feedback: { rating: Rating; reason: string } | null;
  model: string | null;
  host: string | null;
}

export interface Citation {
  number: number;
  title: string;
  bank: string;
  uri: string;
  page: number | null;
  headings: string[];
  quote: string;
  start: number;
  end: number;
  kind: "pdf" | "text";
}

export interface Progress {
  stage: "searching" | "reading" | "writing" | "checking" | "tool" | "tier";
  label: string;
  detail: Record<string, unknown>;
}

export interface Box {
  page: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** One cited document; `start`, `end` and `offset` count Unicode code points, as the service does. */
export interface Source {
  kind: "pdf" | "text";
  title: string;
  uri: string;
  page: number | null;
  pages: number | null;
  headings: string[];
  quote: string;
  text?: string | null;
  offset: number;
  start: number;
  end: number;
  file: string | null;
  boxes: Box[];
}

export interface Job {
  id: string;
  state: "queued" | "running" | "done" | "failed";
  detail: string;
  results: { name: string; outcome: string; reason: string }[];
}

export interface Refusal {
  code: string;
  message: string;
  hint: string;
}

/** What the routes of the inbox send, as the HTTP interface promises it. */
import type { Conversation } from "../api/contract";

export type TicketState = "filed" | "waiting" | "human" | "returned" | "closed";
export type Trigger = "request" | "confidence" | "unanswered" | "rule" | "agent" | "tool";

export interface Ticket {
  id: string;
  number: string;
  conversation: string;
  state: TicketState;
  trigger: Trigger;
  reason: string;
  contact: string;
  holder: string | null;
  mine: boolean;
  opened: string;
  claimed: string | null;
  ended: string | null;
  updated: string;
}

export interface Line extends Ticket {
  title: string;
  last_role: string;
  last_text: string;
  undelivered: boolean;
}

export interface Found {
  bank: string;
  document: number;
  title: string;
  text: string;
  page: number | null;
  headings: string[];
  score: number;
}

export interface Evidence {
  message: string;
  confidence: number | null;
  abstained: boolean;
  understood: string;
  passages: Found[];
}

export interface Delivery {
  channel: string;
  event: string;
  state: "new" | "pending" | "delivered" | "failed";
  attempts: number;
  error: string;
}

export interface Proposal {
  id: string;
  ticket: string;
  question: string;
  answer: string;
  bank: string | null;
  author: string;
  state: "proposed" | "accepted" | "rejected";
  created: string;
  decided: string | null;
  job: string | null;
  progress: "queued" | "running" | "done" | "failed" | null;
  problem: string;
}

export interface Detail {
  ticket: Ticket;
  conversation: Conversation;
  evidence: Evidence | null;
  deliveries: Delivery[];
  proposals: Proposal[];
}

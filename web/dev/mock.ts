import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Plugin } from "vite";

import type { Citation, Conversation, Message, Source } from "../src/api/contract";

/** A stand-in for the service while the page is developed: `npm run dev`. Keeps everything in memory. */
export function mock(): Plugin {
  const service = new Mock();
  return {
    name: "mock",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!request.url?.startsWith("/api/")) return next();
        service.answer(request, response).catch(next);
      });
    },
  };
}

const TEXT = readFileSync("../data/banking/credit_cards_credit_card_account_logistics_001.md", "utf-8");
const QUOTE = "You have 45 days after submitting your closure request to redeem any remaining rewards.";
const PDF = "../data/aviation/20071231X02009.pdf";
const BLANK = {
  status: "complete",
  abstained: false,
  confidence: 0.9,
  closest: [],
  followups: [],
  feedback: null,
} as const;

class Mock {
  private readonly conversations = new Map<string, Conversation>();

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, , noun, id, verb] = (request.url ?? "").split("?")[0]!.split("/");
    if (noun === "session") return json(response, SESSION);
    if (noun === "messages" && verb === "citations") {
      if (request.url?.endsWith("/file")) return void response.end(readFileSync(PDF));
      return json(response, request.url?.includes("/2/") ? pdfSource(request.url) : textSource());
    }
    if (noun === "messages") return json(response, undefined, 204);
    const known = this.conversations.get(id ?? "");
    if (!id && request.method === "POST") return json(response, this.begin());
    if (!id) return json(response, [...this.conversations.values()].reverse());
    if (!known) return json(response, { error: { code: "not_found", message: "There is none.", hint: "" } }, 404);
    if (verb === "messages" || verb === "retry") return this.turn(known, await body(request), response);
    if (verb === "events")
      return void response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": ping\n\n");
    if (verb === "handover") return json(response, { state: (known.state = "waiting") });
    if (verb === "stop") return json(response, undefined, 202);
    if (request.method === "DELETE") {
      this.conversations.delete(id);
      return json(response, undefined, 204);
    }
    return json(response, known);
  }

  private begin(): Conversation {
    const id = crypto.randomUUID();
    const made: Conversation = { id, title: "", created: new Date().toISOString(), state: "bot", messages: [], seq: 0 };
    this.conversations.set(id, made);
    return made;
  }

  private async turn(
    known: Conversation,
    sent: { id?: string; text?: string },
    response: ServerResponse,
  ): Promise<void> {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const tell = (name: string, data: unknown) => response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    const created = new Date().toISOString();
    if (sent.text) {
      const message = {
        ...BLANK,
        id: sent.id!,
        role: "user",
        text: sent.text,
        author: null,
        created,
        citations: [],
        model: null,
        host: null,
      } as unknown as Message;
      known.title ||= sent.text.slice(0, 60);
      known.messages.push(message);
      tell("accepted", { message });
    }
    tell("progress", { stage: "searching", label: "Searching", detail: { banks: ["banking"] } });
    await pause(700);
    tell("progress", { stage: "reading", label: "Reading", detail: { passages: 5 } });
    await pause(500);
    const id = crypto.randomUUID();
    for (const word of ANSWER.split(/(?<= )/)) {
      tell("delta", { id, text: word });
      await pause(25);
    }
    const answer = {
      ...BLANK,
      id,
      role: "assistant",
      text: ANSWER,
      author: "Rho-Bank help desk",
      created,
      citations: CITATIONS,
      followups: FOLLOWUPS,
      model: "qwen3-4b",
      host: "localhost:11434",
    } as unknown as Message;
    known.messages.push(answer);
    tell("answer", { message: answer });
    tell("end", {});
    response.end();
  }
}

const SESSION = {
  csrf: "token",
  visitor: "v",
  title: "Rho-Bank help desk",
  tagline: "Answers about cards, transfers and fees, straight from our help articles.",
  accent: "#0f766e",
  logo: "ρ",
  languages: ["en", "de"],
  suggested: [
    "How long can I use my rewards after I close my card?",
    "What is the most I can pay with a QR code?",
    "What does the Platinum Rewards Card cost a year?",
    "Which airplane was destroyed near Boquete, Panama?",
  ],
  features: { handover: true, upload: true, feedback: true },
  model: { name: "qwen3-4b", host: "localhost:11434" },
  banks: [
    { name: "banking", title: "Rho-Bank help desk", description: "" },
    { name: "aviation", title: "NTSB accident reports", description: "" },
  ],
};
const ANSWER =
  "You have **45 days** after submitting your closure request to redeem any remaining rewards [1]. After that, they are forfeited.\n\n" +
  "The aircraft was a Cessna 172M, registered HP-1183 [2]:\n\n- Redeem in the app under *Rewards*\n- Or call us before day 45 [1]\n\n" +
  "| Card | Annual fee |\n|---|---:|\n| Bronze | $0 |\n| Platinum | $200 |\n";
const FOLLOWUPS = ["Can I redeem rewards as a statement credit?", "Does closing a card lower my credit score?"];
const CITATIONS: Citation[] = [
  {
    number: 1,
    title: "Closing a credit card account",
    bank: "banking",
    uri: "banking/x.md",
    page: null,
    headings: ["Rewards"],
    quote: QUOTE,
    start: 843,
    end: 930,
    kind: "text",
  },
  {
    number: 2,
    title: "NTSB report 20071231X02009",
    bank: "aviation",
    uri: "aviation/20071231X02009.pdf",
    page: 1,
    headings: [],
    quote: "Aviation Accident Final Report",
    start: 0,
    end: 30,
    kind: "pdf",
  },
];

function textSource(): Source {
  const start = TEXT.indexOf(QUOTE);
  return {
    kind: "text",
    title: "Closing a credit card account",
    uri: "x.md",
    page: null,
    pages: null,
    headings: [],
    quote: QUOTE,
    text: TEXT,
    offset: 0,
    start,
    end: start + QUOTE.length,
    file: null,
    boxes: [],
  };
}

function pdfSource(url: string): Source {
  const boxes = [{ page: 2, x0: 0.1, y0: 0.12, x1: 0.6, y1: 0.14 }];
  const file = url.slice(1).replace(/\/source$/, "/file");
  return {
    kind: "pdf",
    title: "NTSB report 20071231X02009",
    uri: "x.pdf",
    page: 2,
    pages: 4,
    headings: [],
    quote: "Aviation Accident",
    offset: 0,
    start: 0,
    end: 10,
    file,
    boxes,
  };
}

function json(response: ServerResponse, content: unknown, status = 200): void {
  response
    .writeHead(status, { "Content-Type": "application/json" })
    .end(content === undefined ? "" : JSON.stringify(content));
}

async function body(request: IncomingMessage): Promise<{ id?: string; text?: string }> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as { id?: string; text?: string };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

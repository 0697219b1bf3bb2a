"use strict";

const WAIT = 20;
const PAUSE = 2000;
const MOST_SHOWN = 2000;
const $ = (id) => document.getElementById(id);
const state = { run: null, follows: true, after: 0, shown: 0, listening: null, traces: "" };

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function ask(path, signal) {
  const response = await fetch(path, { signal, headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const count = (number) => number.toLocaleString();
const hue = (name) => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);
const initials = (name) => {
  const words = name.split(/[\s_-]+/).filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words[1][0] : name.slice(0, 2);
  return letters.toUpperCase();
};
const duration = (seconds) => {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
};
const clock = (time) => {
  const date = new Date(typeof time === "number" ? time * 1000 : time);
  if (Number.isNaN(date.getTime())) return "";
  const today = date.toDateString() === new Date().toDateString();
  const hour = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  return today ? hour : `${date.toLocaleDateString()} ${hour}`;
};
const tokens = (item) => item.input_tokens + item.output_tokens;

function say(kind, words) {
  $("state").className = kind;
  $("state").lastElementChild.textContent = words;
}

function messageView(message) {
  const view = element("article", message.role === "user" ? "message user new" : "message new");
  const face = element("div", "face", initials(message.speaker));
  face.style.setProperty("--hue", hue(message.speaker));
  face.setAttribute("aria-hidden", "true");
  const body = element("div");
  const who = element("div", "who");
  who.append(element("strong", "", message.speaker));
  if (message.listener) who.append(element("span", "", `to ${message.listener}`));
  const time = element("time", "", clock(message.time));
  time.dateTime = message.time;
  who.append(time);
  if (tokens(message)) {
    const took = `${count(message.input_tokens)} in · ${count(message.output_tokens)} out`;
    who.append(element("span", "took", message.cost ? `${took} · $${message.cost.toFixed(4)}` : took));
  }
  const text = element("div", "text", message.text);
  for (const part of message.blocks) text.append(element("span", "part", part.replace("_", " ")));
  body.append(who, text);
  if (message.text.length > 1600) {
    text.classList.add("long");
    const more = element("button", "more", "Show all of it");
    more.onclick = () => { text.classList.remove("long"); more.remove(); };
    body.append(more);
  }
  view.append(face, body);
  return view;
}

function showMessages(found) {
  const panel = $("messages");
  if (!found.length && !state.shown) return showNothing(panel, "nothing");
  if (!found.length) return;
  if (!state.shown) panel.replaceChildren();
  const atEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 80;
  panel.append(...found.map(messageView));
  state.shown += found.length;
  while (panel.childElementCount > MOST_SHOWN) panel.firstElementChild.remove();
  if (atEnd) panel.scrollTop = panel.scrollHeight;
  else if (!panel.hidden) $("latest").hidden = false;
}

function showNothing(panel, template) {
  const made = $(template).content.cloneNode(true);
  made.querySelector("b").textContent = location.origin;
  panel.replaceChildren(made);
}

function showRuns(runs) {
  if (state.follows && runs.length && runs[0].run_id !== state.run) return choose(runs[0].run_id, true);
  $("runs").replaceChildren(...runs.map((run) => {
    const item = element("li");
    const button = element("button");
    button.append(element("strong", "", run.project), element("small", "", run.run || run.run_id.slice(0, 8)));
    button.append(element("small", "", `${count(run.messages)} messages · ${clock(run.last)}`));
    button.setAttribute("aria-current", run.run_id === state.run);
    button.onclick = () => choose(run.run_id, run === runs[0]);
    item.append(button);
    return item;
  }));
  showFigures(runs.find((run) => run.run_id === state.run));
}

function showFigures(run) {
  if (!run) return $("figures").replaceChildren();
  const figures = [
    ["Messages", count(run.messages)],
    ["Speakers", count(run.speakers)],
    ["Tokens in", count(run.input_tokens)],
    ["Tokens out", count(run.output_tokens)],
    ["Cost", run.cost === null ? "unknown" : `$${run.cost.toFixed(4)}`],
  ];
  $("figures").replaceChildren(...figures.map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", "", name), element("dd", "", value));
    return pair;
  }));
}

function choose(run, follows) {
  Object.assign(state, { run, follows, after: 0, shown: 0 });
  $("messages").replaceChildren();
  $("latest").hidden = true;
  state.listening?.abort();
}

async function listen() {
  let news = true;
  for (;;) {
    state.listening = new AbortController();
    const { run, after } = state;
    try {
      if (news) showRuns(await ask("/api/runs"));
      if (run !== state.run) continue;
      const scope = run === null ? "" : `&run=${encodeURIComponent(run)}`;
      const found = await ask(`/api/messages?after=${after}&wait=${news ? 0 : WAIT}${scope}`, state.listening.signal);
      if (run !== state.run) continue;
      say("live", "live");
      if (found.length) state.after = found.at(-1).number;
      showMessages(found);
      news = found.length > 0 || !news;
    } catch (error) {
      news = true;
      if (error.name === "AbortError") continue;
      say("lost", "the studio does not answer");
      await pause(PAUSE);
    }
  }
}

function depths(spans) {
  const parents = new Map(spans.map((span) => [span.span_id, span.parent_id]));
  return (span) => {
    let depth = 0;
    for (let above = span.parent_id; parents.has(above) && depth < 12; above = parents.get(above)) depth += 1;
    return depth;
  };
}

function spanView(span, begin, whole, depth) {
  const view = element("div", "span");
  const name = element("div", span.error ? "name failed" : "name", span.name);
  name.style.setProperty("--depth", depth);
  name.title = span.error ? `${span.name}: ${span.error}` : span.name;
  const lane = element("div", "lane");
  const bar = element("div", "bar");
  const left = (100 * (span.start - begin)) / whole;
  const width = (100 * span.seconds) / whole;
  bar.style.left = `${left}%`;
  bar.style.width = `${width}%`;
  bar.style.setProperty("--hue", hue(span.operation || "function"));
  const used = tokens(span) ? ` · ${count(tokens(span))} tokens` : "";
  const words = element("em", span.error ? "failed" : "", duration(span.seconds) + used + (span.error ? ` · ${span.error}` : ""));
  if (width > 30) words.className = "inside";
  if (width > 30) words.style.left = `${left}%`;
  else if (left + width > 60) words.style.right = `${100 - left}%`;
  else words.style.left = `${left + width}%`;
  lane.append(bar, words);
  view.append(name, lane);
  return view;
}

function traceView(trace) {
  const view = element("article", "trace");
  const button = element("button");
  button.setAttribute("aria-expanded", "false");
  button.append(element("b", "", trace.name), element("span", "", clock(trace.start)), element("span", "", duration(trace.seconds)));
  button.append(element("span", "", trace.spans === 1 ? "1 span" : `${count(trace.spans)} spans`));
  if (tokens(trace)) button.append(element("span", "", `${count(tokens(trace))} tokens`));
  if (trace.errors) button.append(element("span", "failed", `${count(trace.errors)} failed`));
  button.onclick = async () => {
    const open = view.querySelector(".spans");
    button.setAttribute("aria-expanded", String(!open));
    if (open) return open.remove();
    const spans = await ask(`/api/traces/${trace.trace_id}`);
    const list = element("div", "spans");
    const depth = depths(spans);
    list.append(...spans.map((span) => spanView(span, trace.start, trace.seconds || 1e-6, depth(span))));
    view.append(list);
  };
  view.append(button);
  return view;
}

async function watchTraces() {
  for (;;) {
    if (!$("traces").hidden) {
      try {
        const traces = await ask("/api/traces");
        const known = JSON.stringify(traces);
        const reading = $("traces").querySelector(".spans");
        if (!traces.length) showNothing($("traces"), "untraced");
        else if (known !== state.traces && !reading) $("traces").replaceChildren(...traces.map(traceView));
        if (!reading) state.traces = known;
      } catch { /* `listen` says that the studio does not answer */ }
    }
    await pause(PAUSE);
  }
}

function select(name) {
  $("figures").hidden = name !== "messages";
  for (const view of ["messages", "traces"]) {
    $(view).hidden = view !== name;
    $(`tab-${view}`).setAttribute("aria-selected", String(view === name));
  }
  $("latest").hidden = true;
}

for (const view of ["messages", "traces"]) $(`tab-${view}`).onclick = () => select(view);
if (location.hash === "#traces") select("traces");
$("latest").onclick = () => { $("messages").scrollTop = $("messages").scrollHeight; $("latest").hidden = true; };
$("messages").onscroll = () => {
  const panel = $("messages");
  if (panel.scrollHeight - panel.scrollTop - panel.clientHeight < 80) $("latest").hidden = true;
};
listen();
watchTraces();

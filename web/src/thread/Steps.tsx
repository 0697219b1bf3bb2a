import type { Bank, Progress } from "../api/contract";
import { useDesk, useStrings } from "../chat/context";
import { Icon } from "../look/Icon";
import type { Strings } from "../strings";

/** What the assistant is doing, as it does it. */
export function Steps({ steps, writing }: { steps: readonly Progress[]; writing: boolean }) {
  const desk = useDesk();
  const strings = useStrings();
  const banks = desk.session.value?.banks ?? [];
  const words = steps.map((step) => wordsOf(step, strings, banks));
  const told = words.filter((word, index) => words.indexOf(word) === index);
  const listed = told.length ? told : [strings.working];
  if (writing) return null;
  return (
    <ol class="steps">
      {listed.map((word, index) => {
        const last = index === listed.length - 1;
        return (
          <li key={word} class={last ? "now" : "done"}>
            {last ? <span class="spinner" aria-hidden="true" /> : <Icon name="check" size={16} />}
            <span>{word}</span>
          </li>
        );
      })}
    </ol>
  );
}

function wordsOf(step: Progress, strings: Strings, banks: readonly Bank[]): string {
  switch (step.stage) {
    case "searching":
      return searchingWords(step, strings, banks);
    case "reading":
      return readingWords(step, strings);
    case "writing":
      return strings.writing;
    case "checking":
      return strings.checking;
    case "tier":
      return typeof step.detail["agent"] === "string" ? strings.passingOn(step.detail["agent"]) : step.label;
    case "tool":
      return strings.tools[String(step.detail["tool"])] ?? step.label;
  }
}

function readingWords(step: Progress, strings: Strings): string {
  const documents = step.detail["documents"];
  const title = Array.isArray(documents) ? documents[0] : null;
  return typeof title === "string" ? strings.readingTitle(title) : strings.reading;
}

function searchingWords(step: Progress, strings: Strings, banks: readonly Bank[]): string {
  const named = step.detail["banks"];
  const names = Array.isArray(named) ? named.map(String) : [];
  const titles = names.map((name) => banks.find((bank) => bank.name === name)?.title ?? name);
  return titles.length && titles.length <= 3 ? strings.searchingIn(titles.join(", ")) : strings.searching;
}

import { de } from "./de";
import { en, type Strings } from "./en";

export type { Strings };

const TABLE: Record<string, Strings> = { en, de };

/** The page's words: the first language that the browser wants, the service allows and the table has. */
export function chosenStrings(allowed: readonly string[], wanted: readonly string[]): Strings {
  const offered = allowed.map(base).filter((language) => language in TABLE);
  const found = wanted.map(base).find((language) => offered.includes(language)) ?? offered[0] ?? "en";
  return TABLE[found] ?? en;
}

function base(language: string): string {
  return language.toLowerCase().split("-")[0] ?? "en";
}

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Strings } from "../strings";
import type { Desk } from "./desk";

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("A part of the page stands outside of it.");
  return desk;
}

export function useStrings(): Strings {
  return useDesk().strings.value;
}

/** A letter or two in a square: the service's mark, or a person's initial in a circle. */
export function Monogram({ text, person = false, large = false }: { text: string; person?: boolean; large?: boolean }) {
  return (
    <span class={`monogram ${person ? "person" : ""} ${large ? "large" : ""}`} aria-hidden="true">
      {text.slice(0, 3)}
    </span>
  );
}

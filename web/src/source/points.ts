/** The service counts Unicode code points; a browser's strings count UTF-16 units. */

/** The index in UTF-16 units of the code point `points` of `text`, at most its length. */
export function unitAt(text: string, points: number): number {
  let unit = 0;
  for (let point = 0; point < points && unit < text.length; point++) {
    unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  }
  return unit;
}

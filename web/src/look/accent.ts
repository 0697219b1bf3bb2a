/** The accent colour of the configuration, shifted until words in it and on it can be read in light and in dark. */

type Rgb = readonly [number, number, number];

const READABLE = 4.6;
const GROUNDS = { light: [247, 245, 241] as Rgb, dark: [32, 31, 29] as Rgb };
const INKS: readonly [string, Rgb][] = [
  ["#ffffff", [255, 255, 255]],
  ["#14130f", [20, 19, 15]],
];

/** The custom properties that make `accent` the page's colour. */
function accentProperties(accent: string): Record<string, string> {
  const wanted = parsed(accent);
  if (!wanted) return {};
  const light = readable(wanted, GROUNDS.light, [0, 0, 0]);
  const dark = readable(wanted, GROUNDS.dark, [255, 255, 255]);
  return {
    "--accent-light": css(light),
    "--accent-dark": css(dark),
    "--accent-ink-light": inkOn(light),
    "--accent-ink-dark": inkOn(dark),
  };
}

export function applyAccent(accent: string): void {
  for (const [name, value] of Object.entries(accentProperties(accent))) {
    document.documentElement.style.setProperty(name, value);
  }
}

function parsed(accent: string): Rgb | null {
  const digits = /^#([0-9a-f]{6})$/i.exec(accent)?.[1];
  if (!digits) return null;
  const value = Number.parseInt(digits, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function readable(color: Rgb, ground: Rgb, towards: Rgb): Rgb {
  for (let share = 0; share < 1; share += 0.04) {
    const mixed = mix(color, towards, share);
    if (contrast(mixed, ground) >= READABLE) return mixed;
  }
  return towards;
}

function inkOn(color: Rgb): string {
  const [white, black] = INKS;
  if (!white || !black) return "#ffffff";
  return contrast(color, white[1]) >= 4.5 ? white[0] : black[0];
}

function mix(color: Rgb, other: Rgb, share: number): Rgb {
  const part = (at: 0 | 1 | 2) => Math.round(color[at] + (other[at] - color[at]) * share);
  return [part(0), part(1), part(2)];
}

function css(color: Rgb): string {
  return `rgb(${color.join(" ")})`;
}

/** The contrast of two colours as WCAG 2 defines it. */
function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function luminance(color: Rgb): number {
  const linear = (value: number) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
}

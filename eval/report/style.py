"""How the page looks, on light and on dark screens and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d2330; --soft: #5b6475; --line: #e4e2dd;
  --first: #2f6fb3; --second: #d9772b; --good: #1f7a4d; --bad: #b3372f; --band: #f2f0ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12151c; --card: #1a1f29; --ink: #e6e9ef; --soft: #9aa4b5; --line: #2b3240;
    --first: #6ea8e6; --second: #f0a05e; --good: #5fc393; --bad: #ef8077; --band: #222834;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 80px; }
header { margin-bottom: 28px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 0 0 14px; }
h3 { font-size: 15px; margin: 0; font-weight: 600; }
.soft { color: var(--soft); }
.small { font-size: 13px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 20px 22px; margin-bottom: 20px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 22px; }
figure { margin: 0; display: flex; flex-direction: column; justify-content: space-between; }
figcaption { font-size: 13px; color: var(--soft); margin-bottom: 6px; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font-size: 11px; font-family: inherit; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
svg .first { stroke: var(--first); } svg .second { stroke: var(--second); }
svg .dot.first { fill: var(--first); } svg .dot.second { fill: var(--second); }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; margin: 8px 0 0; padding: 0; list-style: none; }
.key { display: inline-block; width: 18px; height: 4px; border-radius: 2px; margin-right: 7px; vertical-align: middle; }
.key.first { background: var(--first); } .key.second { background: var(--second); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-size: 12px; font-weight: 600; color: var(--soft); }
th:first-child, td:first-child { text-align: left; }
tr:last-child td { border-bottom: 0; }
.better { color: var(--good); font-weight: 600; } .worse { color: var(--bad); font-weight: 600; }
.range { position: relative; width: 120px; height: 8px; border-radius: 4px;
  background: var(--band); display: inline-block; }
.range i { position: absolute; top: 0; bottom: 0; border-radius: 4px; background: var(--first); opacity: .35; }
.range b { position: absolute; top: -2px; width: 3px; height: 12px; border-radius: 2px; background: var(--first); }
.stages { display: grid; gap: 8px; }
.stage { display: grid; grid-template-columns: 110px 1fr; align-items: center; gap: 4px 12px; }
.bar { height: 14px; border-radius: 4px; min-width: 2px; display: inline-block; vertical-align: middle;
  margin-right: 8px; }
.bar.first { background: var(--first); } .bar.second { background: var(--second); }
details { border-top: 1px solid var(--line); padding: 10px 0; }
details:first-of-type { border-top: 0; }
summary { cursor: pointer; list-style-position: outside; }
summary:focus-visible { outline: 2px solid var(--first); outline-offset: 3px; border-radius: 4px; }
.tag { display: inline-block; font-size: 12px; padding: 1px 9px; border-radius: 99px;
  background: var(--band); color: var(--soft); }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 18px; margin-top: 10px; }
.side { border-left: 3px solid var(--line); padding-left: 12px; min-width: 0; overflow-wrap: anywhere; }
.side.first { border-color: var(--first); } .side.second { border-color: var(--second); }
.said { white-space: pre-wrap; margin: 4px 0; }
ol, ul.plain { margin: 6px 0; padding-left: 20px; }
@media print { body { background: #fff; } section { break-inside: avoid; } details > * { display: block; } }
"""

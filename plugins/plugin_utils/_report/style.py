# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""How the report looks: light, dark, on a phone and on paper. A test measures the contrast of the colours."""

from __future__ import annotations

LIGHT = {
    "page": "#f5f6f8",
    "card": "#ffffff",
    "ink": "#1b2330",
    "soft": "#525d6d",
    "line": "#d9dee5",
    "tint": "#dff0e6",
    "closing": "#b3261e",
    "on": "#ffffff",
    "good": "#18704a",
    "warn": "#8a5300",
    "bad": "#b3261e",
    "updated": "#18704a",
    "already_done": "#3c7a68",
    "current": "#4a6f7d",
    "rolled_back": "#2f5fb3",
    "left": "#5a6577",
    "skipped": "#6f6a63",
    "not_in_a_wave": "#6d6d78",
    "timed_out": "#8a5300",
    "unknown": "#7440a8",
    "aborted": "#a4440b",
    "failed": "#b3261e",
    "release": "#1d6fa5",
    "deploy": "#2a4d8f",
    "soak": "#6b5aa8",
    "hold": "#3b6b5e",
    "plan": "#5a6577",
    "wait": "#76706a",
    "hook": "#8c3d72",
    "rollback": "#a4440b",
    "gate_closed": "#b3261e",
}
DARK = {
    "page": "#12161c",
    "card": "#1b212a",
    "ink": "#e8ecf1",
    "soft": "#a9b4c2",
    "line": "#343d49",
    "tint": "#1d3a2c",
    "closing": "#ff8f86",
    "on": "#10151b",
    "good": "#5fcf9a",
    "warn": "#f0b35a",
    "bad": "#ff8f86",
    "updated": "#5fcf9a",
    "already_done": "#8fc9b7",
    "current": "#93bccb",
    "rolled_back": "#8fb4f5",
    "left": "#a9b4c2",
    "skipped": "#b8b0a6",
    "not_in_a_wave": "#b3b3bf",
    "timed_out": "#f0b35a",
    "unknown": "#c9a3f2",
    "aborted": "#f5a06b",
    "failed": "#ff8f86",
    "release": "#7cc0ee",
    "deploy": "#9db8f2",
    "soak": "#bfb2ee",
    "hold": "#8fcbb9",
    "plan": "#a9b4c2",
    "wait": "#b8b0a6",
    "hook": "#e3a3cd",
    "rollback": "#f5a06b",
    "gate_closed": "#ff8f86",
}
FILLS = tuple(LIGHT)[8:]  # colours that carry text in the colour "on"


def _variables(colours: dict[str, str]) -> str:
    return "".join("--%s:%s;" % pair for pair in colours.items())


STYLE = "".join(
    (
        ":root{color-scheme:light dark;%s}" % _variables(LIGHT),
        "@media screen and (prefers-color-scheme:dark){:root{%s}}" % _variables(DARK),
        "".join(".%s{--c:var(--%s)}" % (name, name) for name in FILLS),
        """
* {box-sizing: border-box}
html {-webkit-text-size-adjust: 100%}
body {margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif}
main {max-width: 1120px; margin: 0 auto; padding: 24px 16px 48px}
section, header, .banner {background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 18px 20px; margin: 0 0 16px}
h1 {font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere}
h2 {font-size: 1.08rem; margin: 0 0 10px}
h3 {font-size: .95rem; margin: 18px 0 6px}
p {margin: .4em 0}
.head {display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; justify-content: space-between}
.pill {display: inline-block; background: var(--c); color: var(--on); border-radius: 999px; padding: 4px 14px;
  font-weight: 600; white-space: nowrap}
.verdict {font-size: 1.2rem; line-height: 1.4; margin: 12px 0 4px; overflow-wrap: anywhere}
.meta, .legend {display: flex; flex-wrap: wrap; padding: 0; list-style: none; color: var(--soft)}
.meta {font-size: .88rem; gap: 2px 18px; margin: 10px 0 0}
.meta li {overflow-wrap: anywhere}
.note {color: var(--soft); font-size: .88rem}
.banner {border-left: 6px solid var(--c); overflow-wrap: anywhere}
.banner b {color: var(--c)}
.tiles {display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 12px; margin: 0 0 16px}
.tile {background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px}
.tile b {display: block; font-size: 1.35rem; line-height: 1.3; white-space: nowrap; font-variant-numeric: tabular-nums}
.tile.bad b, .tile.warn b, .tile.good b {color: var(--c)}
.tile span {color: var(--soft); font-size: .85rem}
.scroll {overflow-x: auto}
table {border-collapse: collapse; width: 100%; font-size: .87rem}
caption {text-align: left; color: var(--soft); padding: 0 0 6px}
th, td {text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word}
thead th {color: var(--soft); font-weight: 600; white-space: nowrap; border-bottom-width: 2px}
tbody th {font-weight: 600; min-width: 7.5em}
tbody th small {font-weight: 400}
.n {text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap}
.t {white-space: nowrap; font-variant-numeric: tabular-nums}
small {color: var(--soft); font-size: .82em}
.o {color: var(--c); font-weight: 600; white-space: nowrap}
.wide {min-width: 16em}
code, pre {font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .85em}
code {overflow-wrap: anywhere}
pre {background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 10px; margin: 6px 0;
  white-space: pre-wrap; overflow-wrap: anywhere; max-height: 40em; overflow-y: auto}
summary {cursor: pointer; font-weight: 600}
td summary {font-weight: 400; color: var(--soft); white-space: nowrap}
dl {display: grid; grid-template-columns: minmax(110px, max-content) 1fr; gap: 4px 16px; margin: 0; font-size: .9rem}
dt {color: var(--soft)}
dd {margin: 0; overflow-wrap: anywhere}
.legend {gap: 4px 16px; margin: 8px 0 0; font-size: .85rem}
.legend i {display: inline-block; width: 1.5em; margin-right: 6px; border-radius: 3px; background: var(--c);
  color: var(--on); text-align: center; font-style: normal; font-size: .9em; line-height: 1.35}
.legend .window {background: var(--tint); border: 1px solid var(--line)}
svg {display: block; width: 100%; overflow: visible}
svg svg {overflow: hidden}
svg text {fill: var(--ink); font-size: 12px}
svg .soft {fill: var(--soft)}
svg .bar {fill: var(--c); stroke: var(--card); stroke-width: 1}
svg .in {fill: var(--on); font-size: 11px}
svg .open {fill: var(--tint)}
svg .grid {stroke: var(--line)}
svg .close {stroke: var(--closing); stroke-width: 2; stroke-dasharray: 5 3}
svg .closelabel {fill: var(--closing); font-weight: 600}
.stack {display: grid; grid-template-columns: minmax(70px, max-content) 1fr; gap: 8px 14px; align-items: center;
  font-size: .88rem}
.stack span {overflow-wrap: anywhere; max-width: 14em}
footer {color: var(--soft); font-size: .85rem; overflow-wrap: anywhere}
@media (max-width: 600px) {
  main {padding: 10px 8px 32px}
  section, header, .banner {padding: 14px 12px}
  h1 {font-size: 1.3rem}
  .verdict {font-size: 1.08rem}
  .minor {display: none}
  .tiles {grid-template-columns: repeat(2, 1fr); gap: 8px}
  .stack {grid-template-columns: 1fr; gap: 2px}
  .stack span {margin-top: 6px; max-width: none}
  dl {grid-template-columns: 1fr; gap: 0}
  dd {margin-bottom: 6px}
  .cards, .cards caption, .cards tbody, .cards tr, .cards td, .cards th {display: block; border: 0; padding: 1px 0}
  .cards thead {position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden}
  .cards tbody tr {border-bottom: 1px solid var(--line); padding: 8px 0}
}
@page {size: A4; margin: 14mm 12mm}
@media print {
  html {font-size: 12.5px}
  body {background: #fff; font-size: 1rem}
  main {max-width: none; padding: 0}
  section, header, .banner, .tile {border-radius: 0}
  header, .tiles, .keep, tr, .banner {break-inside: avoid}
  h2, h3, caption {break-after: avoid}
  .scroll {overflow: visible}
  pre {max-height: none}
  .bar, .pill, .legend i, .open {-webkit-print-color-adjust: exact; print-color-adjust: exact}
  .tiles {grid-template-columns: repeat(6, 1fr); gap: 6px}
  .tile {padding: 6px 8px}
  .tile b {font-size: 1.15rem}
  .wide {min-width: 0}
  td details {display: none}
}
""",
    )
)

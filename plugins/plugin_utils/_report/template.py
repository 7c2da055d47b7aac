# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""The page, for Jinja2 with autoescape. It decides nothing: what it shows was made by evidence_html."""

from __future__ import annotations

MACROS = """
{%- macro when(at) %}<td class="t">{{ at.local }}<br><small>{{ at.utc }}</small></td>{% endmacro %}
{%- macro row(cells) %}<tr>{% for cell in cells %}<td>{{ cell }}</td>{% endfor %}</tr>{% endmacro %}
{%- macro heads(names) %}<thead><tr>
{%- for name in names %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>{% endmacro %}
{%- macro region(name) %}<div class="scroll" role="region" aria-label="{{ name }}" tabindex="0">{{ caller() }}</div>
{%- endmacro %}
"""

TOP = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ title }}: {{ ending.word }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<header>
<div class="head"><h1>{{ title }}</h1><span class="pill {{ ending.kind }}">{{ ending.sign }} {{ ending.word }}</span>
</div>
<p class="verdict">{{ verdict }}</p>
{% if msg %}<p>{{ msg }}</p>{% endif %}
<ul class="meta">{% for name, value in meta %}<li>{{ name }} {{ value }}</li>{% endfor %}</ul>
</header>
{% for one in banners %}
<div class="banner {{ one.kind }}" role="note"><b>{{ one.title }}</b> {{ one.text }}
{%- if one.lines %}<ul>{% for line in one.lines %}<li>{{ line }}</li>{% endfor %}</ul>{% endif %}</div>
{% endfor %}
<div class="tiles">
{% for one in tiles %}<div class="tile {{ one.kind }}"><b>{{ one.value }}</b><span>{{ one.name }}</span></div>
{% endfor %}</div>
"""

PICTURES = """
{% if picture %}<section class="keep" aria-labelledby="h-time"><h2 id="h-time">Timeline</h2>
<svg role="img" aria-labelledby="t-time d-time" width="100%" height="{{ picture.height }}">
<title id="t-time">Timeline of the waves</title>
<desc id="d-time">{{ picture_text }}</desc>
{% for one in picture.windows %}<rect class="open" x="{{ one.x }}%" y="{{ picture.top }}" width="{{ one.width }}%"
 height="{{ picture.floor - picture.top }}"><title>window open</title></rect>
{% endfor %}{% for one in picture.ticks %}<g{% if one.minor %} class="minor"{% endif %}>
<line class="grid" x1="{{ one.x }}%"
 x2="{{ one.x }}%" y1="{{ picture.top }}" y2="{{ picture.floor }}"/>
<text class="soft" x="{{ one.x }}%" y="{{ picture.floor + 18 }}"
 text-anchor="{{ 'start' if one.x < 4 else 'end' if one.x > 96 else 'middle' }}">{{ one.label }}</text></g>
{% endfor %}{% for row in picture.rows %}<text x="4" y="{{ row.text_y }}">{{ row.label }}
{%- if row.detail %}<tspan class="soft" dx="8">{{ row.detail }}</tspan>{% endif %}</text>
{% for bar in row.bars %}<svg x="{{ bar.x }}%" y="{{ row.y }}" width="{{ bar.width }}" height="18"
 class="{{ bar.class }}"><title>{{ row.label }}, {{ bar.title }}</title>
<rect class="bar" width="100%" height="18" rx="2"/>
{%- if bar.label %}<text class="in" x="5" y="13">{{ bar.label }}</text>{% endif %}</svg>
{% endfor %}{% endfor %}{% for one in picture.closings %}
{% if not one.beyond %}<line class="close" x1="{{ one.x }}%" x2="{{ one.x }}%"
 y1="{{ picture.top - 4 }}" y2="{{ picture.floor }}"/>{% endif %}<text class="closelabel" x="{{ one.x }}%" y="14"
 text-anchor="{{ one.anchor }}">{{ one.label }}</text>
{% endfor %}</svg>
<ul class="legend">{% for one in picture.kinds %}<li class="{{ one.class }}">
<i>&nbsp;</i>{{ one.name }}</li>{% endfor %}
{%- if picture.windows %}<li><i class="window">&nbsp;</i>window open</li>{% endif %}</ul>
<p class="note">Times are those of {{ zone }}.</p>
</section>{% endif %}
{% if stacks %}<section class="keep" aria-labelledby="h-out"><h2 id="h-out">What came of the devices</h2>
<div class="stack">
{% for one in stacks %}<span>{{ one.name }} <small>{{ one.total }}</small></span>
<svg role="img" height="22" aria-label="{{ one.text }}">
<title>{{ one.text }}</title>
{% for bar in one.bars %}<svg x="{{ bar.x }}%" width="{{ bar.width }}%" height="22" class="{{ bar.outcome }}">
<rect class="bar" width="100%" height="22" rx="2"/>{% if bar.width > 3 %}<text class="in" x="5"
 y="15">{{ bar.sign }} {{ bar.count }}</text>{% endif %}</svg>
{% endfor %}</svg>
{% endfor %}</div>
<ul class="legend">{% for one in legend %}<li class="{{ one.outcome }}">
<i>{{ one.sign }}</i>{{ one.word }} {{ one.count }}</li>
{% endfor %}</ul>
</section>{% endif %}
"""

BODY = """
<section aria-labelledby="h-att"><h2 id="h-att">Needs attention</h2>
{% if attention %}{% call region("Devices that need attention") %}<table class="cards">
<caption>{{ attention_text }}</caption>
{{ heads(["Device", "Wave", "Outcome", "Why", "What to do"]) }}<tbody>
{% for one in attention %}<tr><th scope="row">{{ one.name }}<br><small>{{ one.uuid }}</small></th>
<td>{{ one.wave }}</td>
<td class="o {{ one.outcome }}">{{ one.sign }} {{ one.word }}</td><td class="wide">{{ one.reason }}</td>
<td class="wide">{{ one.step }}</td></tr>
{% endfor %}</tbody></table>{% endcall %}{% else %}<p>No device does.</p>{% endif %}
</section>
{% if plan.known %}<section aria-labelledby="h-plan"><h2 id="h-plan">Plan</h2>
{% if plan.msg %}<p>{{ plan.msg }}</p>{% endif %}
<dl>{% for name, value in plan.facts %}<dt>{{ name }}</dt><dd>{{ value }}</dd>{% endfor %}</dl>
{% if plan.waves %}<h3>Waves</h3>{% call region("Waves") %}<table>
{{ heads(["Wave", "Devices", "Due", "Began", "Ended", "Verdict", "Why"]) }}<tbody>
{% for one in plan.waves %}<tr><th scope="row">{{ one.name }}</th><td class="n">{{ one.size }}</td>
<td class="n">{{ one.due }}</td>
{{ when(one.started) }}{{ when(one.ended) }}<td class="o">{{ one.verdict }}</td><td class="wide">{{ one.msg }}</td>
</tr>
{% endfor %}</tbody></table>{% endcall %}{% endif %}
{% if conflicts %}<h3>Conflicts</h3>{% call region("Conflicts") %}<table>
{{ heads(["Kind", "Device", "What it is about"]) }}<tbody>
{% for cells in conflicts %}{{ row(cells) }}
{% endfor %}</tbody></table>{% endcall %}{% if conflicts_text %}<p class="note">{{ conflicts_text }}</p>{% endif %}
{% endif %}
</section>{% endif %}
{% if gates or verdicts %}<section aria-labelledby="h-gates"><h2 id="h-gates">Gates and thresholds</h2>
{% if gates %}{% call region("Gates") %}<table>
<caption>Whether the window was open, and what was left of it, before each effect</caption>
{{ heads(["When", "Wave", "Before", "", "Left", "Needed", "Closes", "Notes"]) }}<tbody>
{% for one in gates %}<tr>{{ when(one.at) }}<td>{{ one.wave }}</td><td>{{ one.phase }}</td>
<td class="o {{ one.kind }}">{{ one.verdict }}</td>
<td class="t">{{ one.left }}</td><td class="t">{{ one.need }}</td>
{{ when(one.closes) }}<td class="wide">{{ one.notes }}</td></tr>
{% endfor %}</tbody></table>{% endcall %}{% endif %}
{% if verdicts %}<h3>Verdicts</h3>{% call region("Verdicts") %}<table>
<caption>What was counted, beside what is allowed</caption>
{{ heads(["When", "Wave", "Phase", "Verdict", "Counts", "Why"]) }}<tbody>
{% for one in verdicts %}<tr>{{ when(one.at) }}<td>{{ one.wave }}</td><td>{{ one.phase }}</td>
<td class="o {{ one.kind }}">{{ one.verdict }}</td>
<td class="wide">{% for line in one.counts %}{{ line }}{% if not loop.last %}<br>{% endif %}{% endfor %}</td>
<td class="wide">{{ one.msg }}</td></tr>
{% endfor %}</tbody></table>{% endcall %}{% endif %}
</section>{% endif %}
{% if hooks %}<section aria-labelledby="h-hooks"><h2 id="h-hooks">Hooks</h2>{% call region("Hooks") %}<table>
{{ heads(["When", "Hook", "Wave", "Result", "What it returned"]) }}<tbody>
{% for one in hooks %}<tr>{{ when(one.at) }}<th scope="row">{{ one.name }}<br><small>{{ one.file }}</small></th>
<td>{{ one.wave }}</td>
<td class="o {{ one.kind }}">{{ one.verdict }}</td><td class="wide">{{ one.msg }}
{% if one.result %}<pre>{{ one.result }}</pre>{% endif %}</td></tr>
{% endfor %}</tbody></table>{% endcall %}</section>{% endif %}
"""

END = """
<section aria-labelledby="h-log"><h2 id="h-log">Step by step</h2>
<details{% if steps | length <= 60 %} open{% endif %}><summary>{{ steps | length }} records</summary>
{% call region("Records") %}<table>{{ heads(["When", "What", "Wave", "Message", ""]) }}<tbody>
{% for one in steps %}<tr>{{ when(one.at) }}<th scope="row">{{ one.event }}</th><td>{{ one.wave }}</td>
<td class="wide">{{ one.msg }}</td>
<td>{% if one.data %}<details><summary>data</summary><pre>{{ one.data }}</pre></details>{% endif %}</td></tr>
{% endfor %}</tbody></table>{% endcall %}</details></section>
<section aria-labelledby="h-api"><h2 id="h-api">API calls</h2>
<p>{{ calls.text }}</p>
{% if calls.rows %}<details><summary>By phase</summary>{% call region("API calls by phase") %}<table>
{{ heads(["Phase", "Wave", "Reads", "Writes", "Repeated", "Waited"]) }}<tbody>
{% for cells in calls.rows %}{{ row(cells) }}
{% endfor %}</tbody></table>{% endcall %}</details>{% endif %}</section>
{% if devices %}<section aria-labelledby="h-dev"><h2 id="h-dev">Every device</h2>
<details{% if devices | length <= 30 %} open{% endif %}><summary>{{ devices | length }} devices</summary>
{% call region("Every device") %}<table>
{{ heads(["Device", "Group", "Wave", "Version before", "after", "Held before", "after", "Online", "Attempts", "Took",
  "Outcome", "Why"]) }}<tbody>
{% for d in devices %}<tr><th scope="row">{{ d.name }}<br><small>{{ d.uuid }}</small></th><td>{{ d.group }}</td>
<td>{{ d.wave }}</td>
<td>{{ d.v0 }}</td><td>{{ d.v1 }}</td><td>{{ d.h0 }}</td><td>{{ d.h1 }}</td><td>{{ d.online }}</td>
<td class="n">{{ d.attempts }}</td>
<td class="n">{{ d.took }}</td><td class="o {{ d.outcome }}">{{ d.sign }} {{ d.word }}</td><td>{{ d.reason }}</td>
</tr>
{% endfor %}</tbody></table>{% endcall %}</details></section>{% endif %}
{% if inputs %}<section aria-labelledby="h-in"><h2 id="h-in">Inputs</h2>
<details><summary>What the run was asked to do</summary><pre>{{ inputs }}</pre></details></section>{% endif %}
<footer>
<p>{{ chain.text }}</p>
<p>Head of the chain: <code>{{ chain.head }}</code>
<br>Keep it apart from this file, such as in the job's output or the
change's ticket. To verify: <code>ansible-playbook edgeops.jfrog_connect.verify_evidence -e
connect_evidence_file=FILE.jsonl</code></p>
{% if versions %}<p>{{ versions }}</p>{% endif %}
</footer>
</main>
</body>
</html>
"""

PAGE = MACROS.strip() + TOP + PICTURES + BODY + END

# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small ways to get a Python file wrong: one operator, number, condition or result at a time.

Left alone are annotations, decorators, texts, and how much of a value a refusal repeats.
"""

from __future__ import annotations

import ast
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
    ast.Div: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
LEFT_ALONE = ("annotation", "returns", "decorator_list", "bases")


@dataclass(frozen=True)
class Place:
    """Where the walk is. C(lines) are those of the statement: a test that runs none of them cannot notice."""

    inside: str = "module"
    lines: range = range(0)
    on_import: bool = True
    refusal: bool = False


@dataclass(frozen=True)
class Slip:
    """C(owner.field), or an element of it, becomes C(new)."""

    file: str
    name: str
    place: Place
    tree: ast.Module
    owner: Any
    field: str
    at: int | None
    new: Any

    def __str__(self) -> str:
        return "%s %s: %s" % (self.file, self.place.inside, self.name)

    def code(self, path: str) -> types.CodeType:
        old = _put(self.owner, self.field, self.at, self.new)
        try:
            made: types.CodeType = compile(ast.fix_missing_locations(self.tree), path, "exec")
        finally:
            _put(self.owner, self.field, self.at, old)
        return made


def slips(file: str, text: str) -> Iterator[Slip]:
    tree = ast.parse(text)
    known: Counter[str] = Counter()
    for place, owner, field, at, new in _walk(tree, Place()):
        old = _put(owner, field, at, new)
        after = _said(owner, new)
        _put(owner, field, at, old)
        name = "%s -> %s" % (_said(owner, old), after)
        known[place.inside + name] += 1
        again = known[place.inside + name]
        yield Slip(file, name + (" #%d" % again if again > 1 else ""), place, tree, owner, field, at, new)


def _put(owner: Any, field: str, at: int | None, new: Any) -> Any:
    old = getattr(owner, field)
    if at is None:
        setattr(owner, field, new)
        return old
    old[at], old = new, old[at]
    return old


def _said(owner: ast.AST, changed: ast.AST) -> str:
    own = not isinstance(owner, ast.expr) and isinstance(changed, (ast.expr, ast.stmt))
    return _own(changed if own else owner)


def _own(changed: ast.AST) -> str:
    return ast.unparse(changed).split("\n", maxsplit=1)[0]


Found = tuple[Place, Any, str, "int | None", Any]


def _walk(node: ast.AST, place: Place) -> Iterator[Found]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        inside = node.name if place.inside == "module" else "%s.%s" % (place.inside, node.name)
        place = replace(place, inside=inside)
    if isinstance(node, ast.Raise):
        place = replace(place, refusal=True)
    for field, value in ast.iter_fields(node):
        if field in LEFT_ALONE:
            continue
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                here = replace(place, lines=_lines(child)) if isinstance(child, ast.stmt) else place
                if isinstance(node, ast.FunctionDef) and field == "body":
                    here = replace(here, on_import=False)
                for new in _instead(child, node, field, here):
                    yield here, node, field, at, new
                yield from _walk(child, here)


def _lines(statement: ast.stmt) -> range:
    """Those of the statement without its body."""
    body = getattr(statement, "body", None)
    end = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
    return range(statement.lineno, max(statement.lineno, end) + 1)


def _instead(node: ast.AST, parent: ast.AST, field: str, place: Place) -> Iterator[ast.AST]:
    text = isinstance(parent, ast.BinOp) and isinstance(parent.left, (ast.Constant, ast.JoinedStr, ast.IfExp))
    if type(node) in SWAPS and not (isinstance(node, ast.Mod) and text):
        yield from (swap() for swap in SWAPS[type(node)])
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node, parent, place)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield node.operand
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield ast.copy_location(ast.Return(ast.Constant(None)), node)
    elif isinstance(node, ast.Break):
        yield ast.copy_location(ast.Continue(), node)
    elif isinstance(node, ast.Continue):
        yield ast.copy_location(ast.Break(), node)
    is_condition = field == "test" or (field == "ifs" and isinstance(parent, ast.comprehension))
    if is_condition and isinstance(node, ast.expr) and not _is_swapped(node):
        yield ast.UnaryOp(ast.Not(), node)


def _is_swapped(node: ast.expr) -> bool:
    """Negated already by another slip."""
    return (isinstance(node, ast.Compare) and len(node.ops) == 1) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def _other_constants(node: ast.Constant, parent: ast.AST, place: Place) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)) and not (place.refusal and isinstance(parent, ast.Slice)):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None

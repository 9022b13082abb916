# SPDX-License-Identifier: MIT
"""What the value of a macro depends on, as text: its definitions, and those of all macros in them."""

from __future__ import annotations

import re

from scons_kmod.bindings.declarations import HeaderDeclarations
from scons_kmod.bindings.libclang import Cursor
from scons_kmod.engine.identifiers import IDENTIFIER

ONLY_PARAMETER = re.compile(r"\w+ ?\( ?(\w+) ?\)")


class Macros:
    """The macros of a unit. `known` holds the definitions that were read before."""

    def __init__(self, declarations: HeaderDeclarations) -> None:
        self.unit = declarations.unit
        self.macros = declarations.macros
        self.known: dict[str, list[tuple[int, str]]] = {}

    def text(self, name: str) -> str:
        """All definitions of a macro, and of the macros in its definitions, in the order of the headers.

        bindgen evaluates a macro where it is defined, with the last values of the macros that were defined before.
        So definitions that `#undef` ends count, too.
        """
        names, waiting = {name}, [name]
        while waiting:
            for _, body in self.definitions(waiting.pop()):
                new = {used for used in IDENTIFIER.findall(body) if used in self.macros} - names
                names |= new
                waiting += new
        ordered = sorted(definition for used in names for definition in self.definitions(used))
        return "\n".join(body for _, body in ordered)

    def definitions(self, name: str) -> list[tuple[int, str]]:
        """The definitions of one macro, each with its position among all declarations."""
        if name not in self.known:
            self.known[name] = [(position, self.body(name, cursor)) for position, cursor in self.macros[name]]
        return self.known[name]

    def body(self, name: str, cursor: Cursor) -> str:
        """The text of one definition of a macro.

        bindgen does not know a macro's parameters. It takes the definition `F(X) ...` for one that begins with the
        value of a macro X. A macro with any other parameters has no value for bindgen.
        """
        text = self.unit.source(cursor) or name
        if self.unit.clang.clang_Cursor_isMacroFunctionLike(cursor):
            parameter = ONLY_PARAMETER.match(text)
            if not parameter or parameter[1] not in self.macros:
                return f"{name} has parameters"
        return text

"""The import contract ``own_rooms``: some modules of a package are for that package alone."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OwnRooms(Contract):
    """Every module that matches ``rooms`` is imported only from its own package, or by one
    of the ``visitors``. What matches ``shared`` belongs to everybody."""

    type_name = "own_rooms"

    rooms = fields.ListField(subfield=fields.StringField())
    shared = fields.ListField(subfield=fields.StringField(), required=False)
    visitors = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001
        """Look at every direct import of every room."""
        shared = _matching(graph, self.shared or [])
        strangers = [
            f"{importer} imports {room}"
            for room in sorted(_matching(graph, self.rooms) - shared)
            for importer in sorted(graph.find_modules_that_directly_import(room))
            if importer not in (self.visitors or [])
            and not f"{importer}.".startswith(room.rpartition(".")[0] + ".")
        ]
        return ContractCheck(kept=not strangers, metadata={"strangers": strangers})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that must not be."""
        for stranger in check.metadata["strangers"]:
            output.print_error(f"- {stranger}", bold=False)


def _matching(graph: ImportGraph, expressions: list[str]) -> set[str]:
    return {name for expression in expressions for name in graph.find_matching_modules(expression)}

"""The OpenAPI schema's house style: errors of the contract, and each operation's scope."""

from __future__ import annotations

from typing import Any

from drf_standardized_errors.openapi import AutoSchema

from common.scopes import scope_needed


class ContractSchema(AutoSchema):
    """Says in each operation which scope it needs."""

    def get_description(self) -> str:
        """The docstring of the handler and the scope."""
        text = super().get_description() or ""
        scope = scope_needed(self.view, self.method)
        return f"{text}\n\nScope: `{scope}`." if scope else text

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """The operation, with `x-scope` for programs that read the schema."""
        operation = super().get_operation(*args, **kwargs)
        scope = scope_needed(self.view, self.method)
        if operation is not None and scope:
            operation["x-scope"] = scope
        return operation  # type: ignore[no-any-return]

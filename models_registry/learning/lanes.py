"""Vectors of a few doubles (SIMD lanes) inside compiled loops.

LLVM does not find out by itself that the steps of a short loop over an array that is read and written are independent.
With these, the code says so: `Lanes(n)` is a vector of n doubles in the processor's vector registers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

_inside: Any = intrinsic
DOUBLE, INTEGER = ir.DoubleType(), ir.IntType(32)
FUSED = ("contract",)


class Lanes(types.Type):
    """n doubles side by side."""

    def __init__(self, n: int) -> None:
        self.n = n
        super().__init__(name=f"Lanes({n})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        super().__init__(manager, lanes, _vector(lanes.n))  # type: ignore[no-untyped-call]


def _vector(n: int) -> Any:
    return ir.VectorType(DOUBLE, n)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, array).data  # type: ignore[no-untyped-call]


def _place(builder: Any, data: Any, at: Any, n: int) -> Any:
    return builder.bitcast(builder.gep(data, [at]), _vector(n).as_pointer())


@_inside  # type: ignore[untyped-decorator]
def zeros(_typing: Any, n: Any) -> Any:
    """n lanes (a constant) of 0: what the other functions take their number from, and costs nothing."""
    if not isinstance(n, types.IntegerLiteral):
        return None
    return Lanes(n.literal_value)(n), lambda *_: ir.Constant(_vector(n.literal_value), None)


@_inside  # type: ignore[untyped-decorator]
def width_of(_typing: Any, like: Any) -> Any:
    """How many lanes there are."""
    return types.uint64(like), lambda *_: ir.Constant(ir.IntType(64), like.n)


@_inside  # type: ignore[untyped-decorator]
def load(_typing: Any, like: Any, array: Any, at: Any) -> Any:
    """As many doubles as `like` has, of a flat array from place `at` on. Nobody checks that they are there."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = _data(context, builder, signature.args[1], given[1])
        return builder.load(_place(builder, data, given[2], like.n), align=8)

    return like(like, array, at), generate


@_inside  # type: ignore[untyped-decorator]
def store(_typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Writes them to a flat array from place `at` on. Nobody checks that there is room."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = _data(context, builder, signature.args[0], given[0])
        builder.store(given[2], _place(builder, data, given[1], lanes.n), align=8)
        return context.get_dummy_value()

    return types.void(array, at, lanes), generate


@_inside  # type: ignore[untyped-decorator]
def spread(_typing: Any, like: Any, value: Any) -> Any:
    """The same double in as many lanes as `like` has."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        nothing = ir.Constant(_vector(like.n), ir.Undefined)
        one = builder.insert_element(nothing, given[1], INTEGER(0))
        return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(INTEGER, like.n), [0] * like.n))

    return like(like, value), generate


@_inside  # type: ignore[untyped-decorator]
def times(_typing: Any, a: Any, b: Any) -> Any:
    """a b, lane by lane."""
    return a(a, b), lambda _context, builder, _signature, given: builder.fmul(*given, flags=FUSED)


@_inside  # type: ignore[untyped-decorator]
def less(_typing: Any, a: Any, b: Any) -> Any:
    """a - b, lane by lane."""
    return a(a, b), lambda _context, builder, _signature, given: builder.fsub(*given, flags=FUSED)


@_inside  # type: ignore[untyped-decorator]
def total(_typing: Any, lanes: Any) -> Any:
    """The sum over the lanes, in any order."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        kind = ir.FunctionType(DOUBLE, [DOUBLE, _vector(lanes.n)])
        name = f"llvm.vector.reduce.fadd.v{lanes.n}f64"
        add_up = cgutils.get_or_insert_function(builder.module, kind, name)  # type: ignore[no-untyped-call]
        return builder.call(add_up, [ir.Constant(DOUBLE, -0.0), *given], fastmath=("reassoc",))

    return types.float64(lanes), generate

"""Once a process is warm, scoring and explaining by the models that we learn compiles nothing."""

import subprocess
import sys

import pytest

from models_registry.learning import kernels, pointwise, removal
from models_registry.learning.artefact import read, write
from models_registry.learning.fit import learn
from models_registry.learning.warming import warm
from models_registry.tests.learning.simulated import leads


def compiled() -> dict[object, int]:
    """How many variants of each loop there are, those made for numbers of quadrature nodes among them."""
    trees = [kernels.bags, kernels.paths, *(kernels.reasons_kernel(nodes) for nodes in (4, 6))]
    loops = [*trees, pointwise.beta, pointwise.bounds, pointwise.by_feature, pointwise.encode_numbers]
    loops += [removal.without, removal.differences]
    return {loop: len(loop.signatures) for loop in loops}  # type: ignore[attr-defined]


@pytest.mark.parametrize("algorithm", ["random_forest", "lightgbm"])
def test_a_warm_process_compiles_nothing(algorithm: str) -> None:
    warm()
    before, made = compiled(), kernels.reasons_kernel.cache_info().currsize
    rows, _ = leads(300, seed=5)
    model = read(write(learn(rows, seed=1, algorithm=algorithm).model))
    model.score(rows.columns)
    assert compiled() == before
    assert all(count == 1 for count in before.values())
    assert kernels.reasons_kernel.cache_info().currsize == made


def test_another_process_finds_every_loop_on_disk() -> None:
    warm()
    words = (
        "from models_registry.learning import kernels, pointwise, removal\n"
        "from models_registry.learning.warming import warm\n"
        "warm()\n"
        "loops = [kernels.bags, kernels.paths, *(kernels.reasons_kernel(nodes) for nodes in (4, 6))]\n"
        "loops += [pointwise.beta, pointwise.bounds, pointwise.by_feature, pointwise.encode_numbers]\n"
        "loops += [removal.without, removal.differences]\n"
        "assert not any(sum(loop.stats.cache_misses.values()) for loop in loops)\n"
    )
    subprocess.run([sys.executable, "-c", words], check=True)

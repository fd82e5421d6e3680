"""Search strategies by name."""

from collections.abc import Callable
from typing import Any, TypeVar

from xraykit.registry.names import Registry

Class = TypeVar("Class", bound=type)

STRATEGIES: Registry[Callable[..., Any]] = Registry(
    "search engine",
    {"keras_tuner": "xraykit.search.strategies.keras_tuner", "optuna": "xraykit.search.strategies.optuna"},
)


def register_strategy(name: str) -> Callable[[Class], Class]:
    """Class decorator: make a search strategy available as ``search.engine: NAME``.

    Args:
        name: What the experiment file calls it. The class derives from
            :class:`xraykit.search.strategies.strategy.Strategy`.

    Raises:
        RegistryError: ``name`` is taken.

    Example:
        >>> @register_strategy("one_learning_rate")
        ... class OneLearningRate(Strategy):
        ...     def propose(self, trials):
        ...         return Proposal({"training.learning_rate": 1e-3 / (1 + len(trials))})
    """

    def decorate(strategy: Class) -> Class:
        STRATEGIES.add(name, strategy, strategy)
        return strategy

    return decorate

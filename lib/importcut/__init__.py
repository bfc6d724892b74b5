"""importcut: which localisation projects cut the most imports.

Everything an analysis needs is a name of this package: `from importcut import open_dataset, finished_tables`. Each
name is imported when it is first used, so that `import importcut` costs nothing; the stages behind are modules of their
own (`importcut.panel`, `importcut.counterfactual` …).
"""

from importlib import import_module

_PUBLIC = {
    "dataset": ["open_dataset", "what_if"],
    "language": ["Voice"],
    "schema": ["DataError"],
    "report": ["finished_tables", "make_report"],
    "panel": ["import_panel"],
    "measure": ["bridge", "mix_constant_prices", "profile"],
    "counterfactual": ["identification", "identified_cuts", "observe", "plant_cuts"],
    "realised": ["counterfactual_imports", "realised_cuts"],
    "planned": ["addressable", "credited", "plan", "planned_cuts"],
    "appraise": ["effective_protection", "payback", "ranking"],
    "simulate": ["rank_probabilities"],
    "attribute": ["credit"],
    "indices": ["concentration", "fisher", "hidiroglou_berthelot", "lmdi", "log_mean"],
    "chart": [
        "picture", "plot_bars", "plot_bridge", "plot_chain", "plot_cost_curve", "plot_counterfactual",
        "plot_estimates", "plot_matrix", "plot_pairs", "plot_plan", "plot_probabilities", "plot_quality",
        "plot_ranking", "plot_size_ratio", "plot_tornado",
    ],
}  # fmt: skip
_MODULES = {name: module for module, names in _PUBLIC.items() for name in names}
__all__ = sorted(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"importcut.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

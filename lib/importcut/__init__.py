"""importcut: which localisation projects cut the most imports.

Everything an analysis needs is a name of this package: `from importcut import open_dataset, finished_tables`. Each
name is imported when it is first used, so that `import importcut` costs nothing; the rooms behind are `intake`,
`economics`, `telling` and `app`, on the ground of `schema`, `dataset` and `language`.
"""

from importlib import import_module

_PUBLIC = {
    "schema": ["DataError", "load", "save"],
    "language": ["Voice"],
    "intake.opening": ["new_dataset", "open_dataset"],
    "intake.publication": ["published"],
    "intake.registers": ["add_project"],
    "intake.scenario": ["what_if"],
    "intake.declarations": ["read_declarations"],
    "intake.clean": ["clean_imports", "faulty_lines"],
    "intake.expectations": ["findings"],
    "economics": ["way"],
    "economics.indices": [
        "concentration", "fisher", "hidiroglou_berthelot", "lmdi", "log_mean", "median_index", "placebo_rank",
        "synthetic_expectation",
    ],
    "economics.panel": ["import_panel", "profile", "quality", "unrepaired"],
    "economics.prices": ["mix_constant_prices", "price_components", "rate_index"],
    "economics.decomposition": ["bridges", "comparisons"],
    "economics.series": ["donor_table", "observe"],
    "economics.input_output": ["import_content"],
    "economics.uncertainty": ["delivery_outcome", "rank_probabilities"],
    "economics.cuts": [
        "counterfactual_imports", "falsification_tests", "identification", "identified_cuts", "plant_cuts",
        "realised_cuts",
    ],
    "economics.alternatives": ["estimates", "placebos", "spread"],
    "economics.attribution": ["credit"],
    "economics.planning": ["addressable", "ceilings", "credited", "plan", "planned_cuts", "yearly_cuts"],
    "economics.cost_benefit": ["appraisal", "effective_protection", "payback"],
    "economics.standing": ["ranking", "target_status"],
    "economics.comparison": ["changes", "ledger"],
    "economics.programme": ["import_register", "measures_status", "next_products"],
    "telling.chart.style": ["picture"],
    "telling.chart.rows": [
        "plot_bars", "plot_bridge", "plot_estimates", "plot_matrix", "plot_pairs", "plot_probabilities",
        "plot_product_bridges", "plot_quality", "plot_ranking", "plot_target", "plot_tornado", "plot_variants",
    ],
    "telling.chart.periods": ["plot_chain", "plot_counterfactual", "plot_placebos", "plot_plan", "plot_weights"],
    "telling.chart.investment": ["plot_cost_curve", "plot_size_ratio"],
    "app.check": ["examination", "to_mend", "verdict"],
    "app.desk": [
        "actual_and_expected", "import_profile", "open_desk", "project_sheet", "projects_ranked", "readable",
        "standpoint", "to_target",
    ],
    "app.index": ["finished_tables", "scenario"],
    "app.parameters": ["check_parameters"],
    "app.run": ["make_report"],
    "app.supposition": ["compare", "import_cells"],
}  # fmt: skip
_ROOMS = {"narrate": "telling.narrate", "simulation": "economics.simulation"}  # whose functions are asked for by room
_MODULES = {name: module for module, names in _PUBLIC.items() for name in names} | _ROOMS
__all__ = sorted(_MODULES)


def __getattr__(name: str):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f"importcut.{_MODULES[name]}")
    return room if name in _ROOMS else getattr(room, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

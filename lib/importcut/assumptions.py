"""What a scenario assumes of the years to come."""

import pandas as pd

UNSTATED = {  # where the scenario is silent: what changes nothing, and the usual discount rate
    "vehicle_output": 1.0, "intensity": 1.0, "price_drift": 0.0, "capacity_use": 1.0, "ramp_pace": 1.0,
    "delay_years": 0.0, "success": 1.0, "discount_rate": 0.10, "shadow_price_factor": 1.0,
}  # fmt: skip


def assumption(ds, name: str, project: str | None = None) -> float:
    """The scenario's value of an assumption, or one project's own; that of UNSTATED where none is stated."""
    own = ds.scenario.get("projects", {}).get(project, {})
    return own.get(name, ds.scenario["assumptions"].get(name, {}).get("value", UNSTATED[name]))


def first_years(ds) -> pd.Series:
    """When each project first delivers under the scenario, in years (2025.5: July 2025), by project_id."""
    projects = ds.projects.set_index("project_id")
    late = [assumption(ds, "delay_years", project) for project in projects.index]
    return pd.Series(in_years(pd.PeriodIndex(projects["first_output"], freq="M")) + late, projects.index)


def in_years(dates):
    """The months of dates as years: 2025.5 is July 2025."""
    return dates.year + (dates.month - 1) / 12

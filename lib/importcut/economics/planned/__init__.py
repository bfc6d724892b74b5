"""Planned cuts to the target year: requirement, supply, dispatch, credit, and what can be displaced at all."""

from importcut.economics.planned.dispatch import flows, project_cuts, supply, yearly_cuts
from importcut.economics.planned.requirement import addressable, horizon
from importcut.economics.planned.tables import ceilings, credited, plan, planned_cuts

"""The bench runs: a measurement that has stopped with an error says nothing, and nobody sees it fall behind."""

import pytest

import bench

pytestmark = pytest.mark.ci


def test_the_bench_of_economics_measures_every_part(capsys):
    bench.economics(count=8, samples=8)
    measured = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split(",")[0] for line in measured] == [
        "exact credit of 16 projects",
        "8 draws × 14 projects × 20 products × 6 years",
        "Sobol indices of 7 assumptions with 8 base samples",
        "bridge of 200 products × 40 quarters × 20 origins",
    ]

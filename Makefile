# make report — the sample dataset's latest report; make test — every check, CI=1 the longest ones too. Both build .venv first.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python

.PHONY: env report test golden published sample registers bench faults mutations mutants spark explore dashboard lock clean

env:
	@$(PYTHON) environment.py

report: env
	@$(BIN)/importcut report --dataset sample --language all

test: export PYTHONDONTWRITEBYTECODE =
test: env
	$(BIN)/ruff check environment.py lib tests notebooks
	$(BIN)/python tests/house.py
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(CI),-m "")

# New golden text in the notebooks, pictures of the README and codebook, after a change that is meant to move figures.
golden: env
	$(BIN)/importcut report --dataset sample --period 2026Q3 --language en --quiet
	$(BIN)/jupyter nbconvert --log-level=ERROR --to notebook --execute --inplace notebooks/0*.ipynb notebooks/tutorial.ipynb
	$(BIN)/nbstripout --keep-count --keep-id notebooks/*.ipynb
	cp reports/sample/2026Q3/en/figures/01-ranking.svg notebooks/ranking.svg
	$(BIN)/python tests/papers.py codebook
	$(BIN)/python tests/papers.py pictures reports/sample/2026Q3

# What the sample's report of the quarter before gave out, made again of what was known then; before `make golden`.
published: env
	$(BIN)/python tests/published.py

# An illustrative dataset of any size whose true cuts are known: make sample OUT=data/raw/large ROWS=1000000 SEED=7
# TRUTH=truth.csv writes the true cuts, PLANT=cuts.csv (project_id,product_id,start,tonnes_a_quarter) sets them.
sample: env
	@PYTHONPATH=tests $(BIN)/python -m economy --out "$(OUT)" $(if $(ROWS),--rows $(ROWS)) $(if $(SEED),--seed $(SEED)) \
		$(if $(PLANT),--plant "$(PLANT)") $(if $(TRUTH),--truth "$(TRUTH)") $(if $(FAULTS),--faults "$(FAULTS)")

# The blank register workbook that `importcut new` copies, after a change of registers.toml.
registers: env
	$(BIN)/python tests/economy/registers_workbook.py

# The Office files that decks and documents begin with, after a change of tests/economy/office_templates.py.
templates: env
	PYTHONPATH=tests $(BIN)/python -m economy.office_templates

# Lines by the million need room: BENCH_FOLDER says where (20 GB for 100 million), BENCH_MILLIONS how many.
bench: env
	$(BIN)/python tests/bench.py

# Runs that are killed, hindered, starved or crowded; a part of `make test CI=1`.
faults: env
	$(BIN)/python -m pytest -n 2 -m ci tests/test_faults.py

# What people get wrong in a dataset, one thing each, and what became of it; KIND=series, or a name, for some of them.
mutations: env
	$(BIN)/python tests/outcomes.py $(if $(KIND),"$(KIND)")

# One slip at a time in economics, and whether a test notices; hours for all of them, so SAMPLE=400 [SEED=1] for some.
# FOLDER=… keeps what was measured and the results, and goes on from there.
mutants: env
	$(UV) --constraint requirements.txt --editable .[mutants]
	$(BIN)/python tests/mutants.py $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(FOLDER),--folder "$(FOLDER)")

# Spark beside DuckDB, for `importcut report --engine spark`; it needs Java 17.
spark: env
	$(UV) --constraint requirements.txt --editable .[spark]

explore: env
	$(BIN)/importcut explore

dashboard: env
	$(BIN)/importcut dashboard

lock: env
	$(BIN)/uv pip compile pyproject.toml --extra lab --extra dev --universal --generate-hashes --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.txt

clean:
	find data/processed reports -mindepth 1 ! -path data/processed/README.md ! -path reports/README.md -delete
	rm -rf .pytest_cache .ruff_cache

# Needs Python 3.11 or later (with its venv module), make and git. Nothing is installed outside .venv.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PYTHONS ?= python3.11 python3.12 python3.13 python3.14
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := packaging/requirements-dev.lock
SLOWER := hyperscan cannot be installed here: going on without it (same results, slower)
SAMPLE := samples/erlang23-inets-httpc-40req-yy-tt-T.strace

# The tests start the program thousands of times: it is not to be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE

WORKERS ?= auto
QUICK := not (live or kernel or labels or corpus or cases or browser or slow)
FAST_TESTS := tests/kernel_model tests/rules tests/ports tests/machine tests/events tests/house/test_code.py \
	tests/test_levels.py tests/test_samples.py tests/test_minimal.py tests/test_negatives.py tests/test_no_false_all_clear.py

.PHONY: help demo test test-fast test-quick test-pythons lint types contracts house rules generated docs cast dist zipapp release bench bench-live \
	bench-smoke check clean fuzz lock audit

help:
	@echo 'make demo                           install into .venv and analyse the Erlang sample'
	@echo 'make test                           all tests'
	@echo 'make test-fast                      those of the model, the rules and the samples: under a minute on two cores'
	@echo 'make test-quick                     those that need no other programs and no shared folder, and are not slow'
	@echo 'make test-pythons                   test-quick under each of PYTHONS that is installed (3.11 to 3.14)'
	@echo 'make check                          lint, types, contracts, docs, bench-smoke, test: what CI runs'
	@echo 'make lint types contracts house     ruff; mypy --strict; import-linter; with tests/house'
	@echo 'make rules                          regenerate RULES.md from the rule files'
	@echo 'make generated                      regenerate RULES.md, the man page and the completions'
	@echo 'make docs                           the site, into build/site; warnings are errors'
	@echo 'make cast                           the picture of the README'
	@echo 'make dist                           sdist and wheel, into dist/'
	@echo 'make zipapp                         dist/strace-analyzer.pyz: one file that needs Python and nothing else'
	@echo 'make release                        rebuild dist/ for the tag TAG, after checking that it agrees with the version'
	@echo 'make bench bench-live               timings against yardsticks; what a live analysis costs'
	@echo 'make fuzz                           a million damaged lines, read in every way (FUZZ_ARGS)'
	@echo 'make lock                           regenerate packaging/requirements-dev.lock, the pinned development environment'
	@echo 'make audit                          check what the lock pins for known vulnerabilities'
	@echo 'make bench-smoke                    right results on a tiny trace'
	@echo 'make clean                          remove everything that make has made'

demo: $(VENV)/.installed
	@$(BIN)/strace-analyzer $(SAMPLE); status=$$?; \
		echo; echo "$$ $(BIN)/strace-analyzer $(SAMPLE)    (exit status $$status)"; test $$status -le 1

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

test-fast: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m '$(QUICK)' $(FAST_TESTS) $(PYTEST_ARGS)

test-quick: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m '$(QUICK)' $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy --strict -p strace_analyzer

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

house: contracts
	$(BIN)/python -m pytest tests/house $(PYTEST_ARGS)

rules: $(VENV)/.installed
	$(BIN)/python docs/rules_page.py > RULES.md

generated: rules
	$(BIN)/python docs/man_page.py > packaging/strace-analyzer.1
	for shell in bash zsh fish; do $(BIN)/python docs/completion.py $$shell > packaging/completion.$$shell; done

docs: $(VENV)/.dev
	$(BIN)/python docs/site.py
	$(BIN)/zensical build --strict --clean

cast: $(VENV)/.installed
	$(BIN)/python docs/cast.py > docs/report.svg

dist: $(VENV)/.dev
	$(BIN)/python -m build --outdir dist

# Without pandas and Hyperscan, which are not needed for the text and JSON reports; typer 0.29 needs a compiled library.
zipapp: $(VENV)/bin/python
	rm -rf build/zipapp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --target build/zipapp \
		'lark>=1.2' 'rich>=13.7' 'typer>=0.27.3,<0.29'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --target build/zipapp \
		--upgrade --no-deps .
	rm -rf build/zipapp/bin build/zipapp/share
	echo 'from runpy import run_module; run_module("strace_analyzer", run_name="__main__")' > build/zipapp/__main__.py
	mkdir -p dist
	$(BIN)/python -m zipapp build/zipapp --compress --python '/usr/bin/env python3' --output dist/strace-analyzer.pyz

release: $(VENV)/.dev
	rm -rf dist
	$(MAKE) --no-print-directory dist zipapp
	$(BIN)/pipx run --quiet --spec 'twine>=6' twine check --strict dist/*.whl dist/*.tar.gz
	$(BIN)/python packaging/release.py '$(TAG)'

test-pythons:
	@for python in $(PYTHONS); do \
		version=$$($$python -c 'import sys; print("python%d.%d" % sys.version_info[:2])' 2>/dev/null) || \
			{ echo "$$python is not installed: not tested"; continue; }; \
		echo "$$version"; \
		$(MAKE) --no-print-directory VENV=build/$$version PYTHON=$$python test-quick || exit 1; \
	done

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/bench.py $(BENCH_ARGS)

bench-live: $(VENV)/.dev
	$(BIN)/python benchmarks/live.py $(BENCH_ARGS)
	$(BIN)/python benchmarks/overhead.py

fuzz: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m fuzz.run $(FUZZ_ARGS)
	PYTHONPATH=tests $(BIN)/python -m fuzz.one_line

lock: $(VENV)/.dev
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra fast --universal --python-version 3.11 --generate-hashes \
		--upgrade --quiet --custom-compile-command 'make lock' --output-file $(LOCK)

audit: $(VENV)/.dev
	$(BIN)/python packaging/audit.py $(LOCK)

bench-smoke: $(VENV)/.dev
	$(BIN)/python benchmarks/smoke.py

check: lint types contracts docs bench-smoke test

clean:
	rm -rf $(VENV) dist build .cache
	find strace_analyzer tests benchmarks packaging -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo 'strace-analyzer needs Python 3.11 or later: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'Python has no working venv module here (Debian, Ubuntu: apt install python3-venv)'; exit 1; }

# hyperscan has no wheel for every platform: results are the same without it, only slower.
$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) -e .
	@$(PIP) --only-binary hyperscan -e '.[fast]' || echo '$(SLOWER)'
	@touch $@

# From the lock: the versions and, where the index has those files, the very bytes. What another index or platform has
# instead is said: the versions alone, and where they are not to be had either, what pyproject.toml allows.
$(VENV)/.dev: pyproject.toml $(LOCK) | $(VENV)/bin/python
	@$(PIP) --only-binary hyperscan --require-hashes -r $(LOCK) || { \
		echo 'not to be had here as $(LOCK) has it, hashes and all: its versions without hashes'; \
		sed -e 's/ *\\$$//' -e '/^ *--hash=/d' -e '/^hyperscan==/d' $(LOCK) > $(VENV)/versions.txt; \
		$(PIP) -r $(VENV)/versions.txt; } || { \
		echo 'nor are all its versions: what pyproject.toml allows'; $(PIP) -e '.[dev]'; }
	@$(PIP) --no-deps -e .
	@$(PIP) --only-binary hyperscan -e '.[fast]' || echo '$(SLOWER)'
	@touch $(VENV)/.installed $@

# Needs make and Python 3.11, 3.12, 3.13 or 3.14; everything else goes into .venv.
#   make demo                          the embedded cohort, from start to report
#   make demo PYTHON=/path/to/python3  with a Python of your choice

PYTHON :=
SECOND :=
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all lint bench picture clean FORCE

help:
	@echo 'make demo      analyse the embedded cohort; the report is results/demo/report.html'
	@echo 'make test      style, types and the fast tests'
	@echo 'make test-all  all tests, slow ones too, and again on a second Python where there is one'
	@echo 'make lint      style and types alone'
	@echo 'make bench     speed and calibration (see benchmarks/README.md)'
	@echo 'make picture   the picture of the report in the README (needs chromium)'
	@echo 'make clean     remove .venv, caches, build leftovers and results/demo'
	@echo 'Options: PYTHON=... chooses the interpreter, SECOND=... the one of test-all.'

demo: .venv/ready.stamp
	.venv/bin/mechanisms demo --out results/demo --overwrite

lint: .venv/ready-test.stamp
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test: lint
	.venv/bin/python -m pytest -m 'not slow'

# $(MAKE) for the second line, so that it starts only when the first has passed.
test-all: lint
	.venv/bin/python -m pytest
	@$(MAKE) --no-print-directory second-line

bench: .venv/ready-test.stamp
	@found=; for script in benchmarks/*.py; do \
	    [ -f "$$script" ] || continue; found=1; echo "== $$script"; \
	    .venv/bin/python "$$script" || exit 1; \
	done; \
	[ -n "$$found" ] || echo 'No benchmark is written yet: see benchmarks/README.md.'

picture: .venv/ready-test.stamp
	.venv/bin/python docs/make_picture.py

clean:
	rm -rf .venv .venv-second build dist *.egg-info results/demo
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find mechanisms gene_sets workflows tests benchmarks notebooks -type d -name __pycache__ \
	    -prune -exec rm -rf {} + 2>/dev/null || true

# --- environments -------------------------------------------------------------------------

# Pythons are run, not looked up: a name on the path may be a shim that does not start.
# IN_RANGE: exit 0 when usable. CAN_VENV: Debian keeps ensurepip in a package of its own.
IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))
CAN_VENV := import ensurepip, venv
MINOR    := import sys; print(sys.version_info[1])

define choose_python
	found=; lacking=; \
	for python in $(1); do \
	    "$$python" -c '$(IN_RANGE)' </dev/null >/dev/null 2>&1 || continue; \
	    if "$$python" -c '$(CAN_VENV)' </dev/null >/dev/null 2>&1; then found=$$python; break; fi; \
	    lacking="$$lacking $$python"; \
	done
endef

# The recipe runs each time and changes nothing while .venv works and is of the version asked
# for; only a new pyvenv.cfg makes the stamps below stale.
.venv/pyvenv.cfg: FORCE
	@if .venv/bin/python -c 'import pip; $(IN_RANGE)' </dev/null >/dev/null 2>&1; then \
	    [ -n '$(PYTHON)' ] || exit 0; \
	    asked=$$('$(PYTHON)' -c '$(MINOR)' </dev/null 2>/dev/null) || asked=; \
	    [ "$$asked" != "$$(.venv/bin/python -c '$(MINOR)')" ] || exit 0; \
	fi; \
	$(call choose_python,$(if $(PYTHON),'$(PYTHON)',python3.14 python3.13 python3.12 python3.11 python3)); \
	if [ -z "$$found" ] && [ -n "$$lacking" ]; then \
	    echo "Python is there ($${lacking# }), but it cannot make virtual environments." >&2; \
	    echo 'On Debian or Ubuntu: apt-get install python3-venv' \
	         '(python3.12-venv and the like for one version). Then run make again.' >&2; \
	    exit 1; \
	elif [ -z "$$found" ]; then \
	    echo 'No Python 3.11, 3.12, 3.13 or 3.14 starts under' \
	         "$(if $(PYTHON),the name $(PYTHON),the names python3.14 ... python3.11 or python3)." >&2; \
	    echo 'Install one, or name it: make PYTHON=/path/to/python3.12' >&2; \
	    exit 1; \
	fi; \
	echo "Making .venv with $$found ($$("$$found" -V))"; \
	rm -rf .venv && "$$found" -m venv .venv

PIP_INSTALL := bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.venv/ready.stamp: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo 'Installing into .venv (once, about a minute)'
	@.venv/$(PIP_INSTALL) -e .
	@touch $@

.venv/ready-test.stamp: .venv/ready.stamp
	@echo 'Installing the test tools into .venv (once)'
	@.venv/$(PIP_INSTALL) -e '.[test]'
	@touch $@

# The other line of pandas and anndata: 3.11 beside 3.12 and later. pyenv's own Pythons are tried
# because its shims refuse to start versions that are not switched on.
.PHONY: second-line
second-line: .venv/ready-test.stamp
	@first=$$(.venv/bin/python -c '$(MINOR)'); \
	if [ -n '$(SECOND)' ]; then tried='$(SECOND)'; \
	elif [ "$$first" = 11 ]; then tried='python3.14 python3.13 python3.12'; \
	else tried='python3.11'; fi; \
	for python in "$${PYENV_ROOT:-$$(pyenv root 2>/dev/null || echo "$$HOME/.pyenv")}"/versions/*/bin/python; do \
	    minor=$$("$$python" -c '$(MINOR)' </dev/null 2>/dev/null) || continue; \
	    if [ "$$first" = 11 ]; then fits=$$([ "$$minor" -gt 11 ] && echo yes); \
	    else fits=$$([ "$$minor" = 11 ] && echo yes); fi; \
	    [ -z "$$fits" ] || tried="$$tried $$python"; \
	done; \
	$(call choose_python,$$tried); \
	if [ -z "$$found" ]; then \
	    echo "SKIPPED: no second Python starts (tried $$tried); name one: make test-all SECOND=..."; \
	    exit 0; \
	fi; \
	echo "Second Python: $$found ($$("$$found" -V))"; \
	"$$found" -m venv --clear .venv-second && \
	.venv-second/$(PIP_INSTALL) -e '.[test]' && \
	.venv-second/bin/python -m pytest

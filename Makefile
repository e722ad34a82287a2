# Every command of the project; `make` alone lists them. GNU make and a POSIX shell, nothing else.

SHELL := /bin/sh
.SUFFIXES:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# Someone else's modules must not leak into the environment.
unexport PYTHONPATH PYTHONHOME

# What building llama-cpp-python needs (cmake, ninja) is in the environment, so it goes first on
# PATH. Own CMAKE_ARGS are kept, for example `CMAKE_ARGS=-DGGML_VULKAN=ON make environment`.
# amx_tiles.h puts a flaw of GCC right (it says which).
BUILDING = PATH="$(CURDIR)/$(BIN):$$PATH" CMAKE_BUILD_PARALLEL_LEVEL=$(CORES) \
    CMAKE_ARGS="-DLLAVA_BUILD=OFF $$CMAKE_ARGS" \
    CXXFLAGS="-include \"$(CURDIR)/packaging/amx_tiles.h\" $$CXXFLAGS"
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --no-input install \
    --quiet --root-user-action=ignore --no-warn-script-location
# --no-deps, because the locks are complete but for diskcache: llama-cpp-python asks for it, it has
# an open vulnerability (CVE-2025-69872), and the engine puts an empty module in its place.
INSTALL_LOCKED := $(PIP_INSTALL) --require-hashes --no-deps --no-build-isolation

# A stamp's name carries the content of what it stands for, so that a changed lock file is
# installed and a touched one is not. All stamps lie in the environment and go with it.
fingerprint = $(shell cat $(1) | cksum | tr ' \t' '--')
BUILD_STAMP := $(STAMPS)/build-$(call fingerprint,requirements-build.lock)
# llama-cpp-python has a stamp of its own, because building it takes minutes.
ENGINE_LOCK := awk '/^[a-z]/ { wanted = /^llama-cpp-python==/ } wanted' requirements.lock
ENGINE_STAMP := $(STAMPS)/engine-$(shell { $(ENGINE_LOCK); cat packaging/amx_tiles.h; } | cksum | tr ' \t' '--')
RUNTIME_STAMP := $(STAMPS)/runtime-$(call fingerprint,requirements-build.lock requirements.lock)
PROGRAM_STAMP := $(STAMPS)/program-$(call fingerprint,pyproject.toml)
DEVELOPMENT_STAMP := $(STAMPS)/development-$(call fingerprint,requirements-dev.lock)
# Empty when the environment's interpreter does not start, after an upgrade of Python for example.
ALIVE := $(shell $(BIN)/python -c 'print("yes")' 2>/dev/null)

.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | \
	    while IFS='|' read -r name text; do printf '%-22s %s\n' "$$name" "$$text"; done

.PHONY: run
run: environment sample-models ## compare the two sample models and open the window on the result
	@$(BIN)/python packaging/showcase.py

.PHONY: test
test: development sample-models ## linters, types, import contracts and all tests
	@$(BIN)/python packaging/system_packages.py
	@$(MAKE) --no-print-directory lint
	@echo "Tests of everything but the window, with PySide6 blocked from import:"
	@$(BIN)/python -m pytest -q -p no:pytest-qt -p tests.without_qt tests/unit
	@echo "All other tests:"
	@sh packaging/on_own_display.sh $(BIN)/python -m pytest --ignore=tests/unit --durations=15

.PHONY: lint
lint: development ## ruff, mypy, import contracts, what tracked files may hold
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python packaging/tracked_files.py

.PHONY: format
format: development ## put the code into shape
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

.PHONY: sample-models
sample-models: environment ## fetch the two sample models into the user's cache, checked by SHA-256
	@$(BIN)/python packaging/sample_models.py

# The longest first; what else lies in benchmarks/ is shared by these.
BENCHMARKS := speed_probe throughput multiple_choice rounding memory_prediction scoring model_files statistics_honesty statistics_speed models_screen first_paint

.PHONY: bench
bench: development sample-models ## measure against peers into benchmarks/RESULTS.md; wants a quiet machine
	@status=0; for name in $(BENCHMARKS); do \
	    echo "benchmarks/$$name.py"; \
	    sh packaging/on_own_display.sh $(BIN)/python "benchmarks/$$name.py" || status=$$?; \
	done; exit $$status

.PHONY: stress
stress: development sample-models ## provoke every fault its full number of times; takes an hour
	@$(BIN)/python packaging/system_packages.py
	@TOUCHSTONE_STRESS=full sh packaging/on_own_display.sh \
	    $(BIN)/python -m pytest -v --tb=short tests/stress

.PHONY: fuzz
fuzz: development ## read made-up and broken model files and suites for hours (EXAMPLES=60000 of each kind)
	@TOUCHSTONE_FUZZ_EXAMPLES=$(or $(EXAMPLES),60000) TOUCHSTONE_MUTATIONS=$(or $(EXAMPLES),60000) \
	    $(BIN)/python -m pytest -v --timeout=0 --tb=short tests/unit/gguf/test_fuzzing.py tests/unit/gguf/test_mutations.py \
	    tests/unit/suites/test_fuzzing_suites.py tests/unit/suites/test_large_files.py

.PHONY: screenshots
screenshots: development sample-models ## take the pictures of the README from the real window
	@$(BIN)/python packaging/system_packages.py
	@sh packaging/on_own_display.sh $(BIN)/python packaging/screenshots.py

.PHONY: bundle
bundle: development ## freeze the program into dist/ and let it check itself
	@$(BIN)/python packaging/licenses.py --check
	@$(BIN)/python -m PyInstaller --noconfirm --clean --log-level WARN build.spec
	@$(BIN)/python packaging/bundle_check.py dist/touchstone

.PHONY: lock
lock: ## write the lock files anew from pyproject.toml (UPGRADE=1 takes newer versions)
	@uv=$$(PATH="$(CURDIR)/$(BIN):$$PATH" command -v uv) || { \
	    echo 'Locking needs uv, which the locks themselves do not: pip install uv' >&2; exit 3; }; \
	lock() { "$$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-emit-index-url --no-emit-find-links --no-emit-package diskcache \
	    $(if $(UPGRADE),--upgrade) "$$@"; }; \
	lock pyproject.toml -o requirements.lock && \
	lock --group build -o requirements-build.lock && \
	lock --group build --group dev pyproject.toml -o requirements-dev.lock

.PHONY: environment
environment: $(PROGRAM_STAMP) ## .venv/ with what running needs, llama.cpp built here

.PHONY: development
development: $(PROGRAM_STAMP) $(DEVELOPMENT_STAMP) ## .venv/ with what tests need as well

# An interrupted `venv` leaves a folder without a working pip: begin again. A working environment
# that lost only its stamps is kept, for what is installed is cheap to see.
$(STAMPS)/venv: $(if $(ALIVE),,force)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Touchstone needs Python 3.11 or later as $(PYTHON); name another: make PYTHON=python3.12' >&2; \
	    exit 3; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	    echo 'Making the environment in $(VENV)/'; $(PYTHON) -m venv --clear $(VENV); }
	@mkdir -p $(STAMPS)
	@touch $@

$(BUILD_STAMP): $(STAMPS)/venv
	@$(BIN)/python packaging/repair_environment.py
	@echo 'Installing the build tools'
	@$(PIP_INSTALL) --require-hashes -r requirements-build.lock
	@touch $@

# Built here and now: pip's cache may hold one that was built with other flags, or, in a home that
# several machines share, for another processor.
$(ENGINE_STAMP): $(BUILD_STAMP)
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { \
	    echo 'llama.cpp is built here and needs a C++ compiler (Debian: apt-get install g++).' >&2; \
	    exit 3; }
	@echo 'Building llama.cpp, which takes some minutes'
	@$(ENGINE_LOCK) > $(STAMPS)/engine.lock
	@$(BUILDING) $(INSTALL_LOCKED) --force-reinstall --no-cache-dir -r $(STAMPS)/engine.lock
	@touch $@

$(RUNTIME_STAMP): $(ENGINE_STAMP)
	@$(BIN)/python packaging/repair_environment.py
	@echo 'Installing what the program needs'
	@$(INSTALL_LOCKED) -r requirements.lock
	@touch $@

$(DEVELOPMENT_STAMP): $(RUNTIME_STAMP)
	@$(BIN)/python packaging/repair_environment.py
	@echo 'Installing what the tests need'
	@$(INSTALL_LOCKED) -r requirements-dev.lock
	@touch $@

$(PROGRAM_STAMP): $(RUNTIME_STAMP)
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: clean
clean: ## remove what was built, but for the environment
	rm -rf build dist artifacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find desktop tests packaging benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove the environment as well
	rm -rf $(VENV)

.PHONY: force
force:

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.PHONY: setup demo pretrained test clean
.DELETE_ON_ERROR:

setup: $(READY)

$(READY): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "synthkit needs Python 3.11 or newer; $(PYTHON) is not on the PATH: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "synthkit needs Python 3.11 or newer; $(PYTHON) is %d.%d: make PYTHON=/path/to/python" % sys.version_info[:2])'
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(READY)
	$(VENV)/bin/synthkit train pix2pixhd/streets_128 --work-dir runs/demo --resume

# The model that comes with synthkit, an hour on a core.
pretrained: $(READY)
	$(VENV)/bin/synthkit train pix2pixhd/streets_256_small --work-dir runs/streets --resume
	$(VENV)/bin/synthkit styles fit runs/streets --count 300 --clusters 8 --smallest 0.003 --smallest 0.004
	$(VENV)/bin/synthkit objects collect runs/streets --count 8 --classes car,person,tree,pole,sign,fence
	rm -rf synthkit/pretrained/streets
	$(VENV)/bin/synthkit export runs/streets --format run --out synthkit/pretrained/streets

test: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest -q -n 2 --dist worksteal

clean:
	rm -rf $(VENV)

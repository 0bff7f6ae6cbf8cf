# Each command makes the environment (.venv) first, if it is missing or out of date: tools/environment.py does the work.
# On Windows, which has no make, run that file itself: see "Windows" in README.md.

# What starts tools/environment.py: the first Python 3 on the PATH that really runs. That file then looks for one that
# the course can use. To choose yourself: make lab PYTHON=python3.13
ifndef PYTHON
PYTHON := $(shell for python in python3 python python3.15 python3.14 python3.13 python3.12 python3.11; do \
    $$python -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1 && echo $$python && break; done)
endif

.PHONY: help lab test check refresh catalogue lock bench install clean

help:
	@echo "make lab        open the course in JupyterLab"
	@echo "make test       run every test, and re-execute every notebook and compare its outputs"
	@echo "make check      look for mistakes with the linters, and run the quick tests: a minute or two"
	@echo "make refresh    re-execute the notebooks and store their outputs"
	@echo "make catalogue  write the lesson table and the links, from tools/catalogue.toml"
	@echo "make lock       pin what pyproject.toml asks for, in requirements*.txt and environment.yml"
	@echo "make bench      run the benchmarks, and write BENCHMARKS.md"
	@echo "make install    make the environment in .venv, and nothing more"
	@echo "make clean      remove the environment"
	@echo "Arguments are passed on, for example: make lab ARGS=--no-browser"

lab test check refresh catalogue lock bench install:
ifeq ($(PYTHON),)
	@echo "The course needs Python 3.11 or newer, and no Python 3 that runs was found on this machine." >&2
	@echo "Install it from https://www.python.org/downloads/ or with your system's package manager." >&2
	@exit 1
else
	@"$(PYTHON)" tools/environment.py $@ $(ARGS)
endif

clean:
	rm -rf .venv
